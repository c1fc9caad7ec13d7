import { expect, it } from "vitest";
import { JournalStore } from "../../../../src/pool/journal-store.js";
import type { FinishedShard } from "../../../../src/sharder/job/shard-sink.js";
import { JobJournal } from "../../../../src/sharder/journal/job-journal.js";
import { HEADER } from "../../../fixtures/journal-damage.js";
import { MemoryFolder, openJournalsOn } from "../../../fixtures/memory-journals.js";

it("is lost where no memory is left for a copy of the outputs, and the job goes on", async () => {
  const store = new JournalStore(openJournalsOn(new MemoryFolder()));
  const opened = await store.open({ file: "f", header: HEADER, maxBytes: undefined });
  const lost: string[] = [];
  const journal = new JobJournal(store, opened, {
    onLost: ({ code }) => lost.push(code),
    onChanged: () => {},
    onClose: () => {},
    reopen: () => Promise.reject(new Error("it was not to be read")),
  });
  const data = new Float32Array(4);
  // No copy of it can be made.
  structuredClone(data.buffer, { transfer: [data.buffer] });
  const shard: FinishedShard = {
    firstItem: 0,
    itemCount: 2,
    workerId: "wasm-1",
    outputs: { y: { kind: "dense", tensor: { dtype: "float32", shape: [2, 2], data }, itemShape: [1, 2] } },
  };
  await journal.accept(shard);
  expect(lost).toEqual(["storage-unavailable"]);
  await journal.close();
  store.end();
});
