import { expect, it } from "vitest";
import { JournalStore } from "../../../src/pool/journal-store.js";
import type { JournalApi, JournalHeader, NewRecord } from "../../../src/protocol/journal-api.js";
import { scanJournal } from "../../../workers/journal/scan.js";
import { rejected } from "../../fixtures/caught.js";
import type { Channel } from "../../fixtures/channel.js";
import { MemoryFolder, openJournalChannel } from "../../fixtures/memory-journals.js";

const requestFor = (name: string) => {
  const fingerprint = name.repeat(64);
  const header: JournalHeader = { name, fingerprint, engine: "tfjs", kind: "predict", itemCount: 9, createdAtMs: 1 };
  return { file: name, header, maxBytes: undefined };
};
const record = (): NewRecord => ({ kind: "shard", firstItem: 0, itemCount: 1, chunk: 0, payload: new ArrayBuffer(64) });

it("never takes one journal for another after its worker was lost", async () => {
  const folder = new MemoryFolder();
  const channels: Channel<JournalApi<Blob>>[] = [];
  const store = new JournalStore(() => {
    const channel = openJournalChannel(folder);
    channels.push(channel);
    return channel.link;
  });
  const before = await store.open(requestFor("a"));
  channels[0]!.crash();
  const after = await store.open(requestFor("b"));
  expect(channels).toHaveLength(2);
  await store.append(after.journalId, [record()]);
  const at = scanJournal(folder.files.get("b")!, true).records[0]!.at;
  await rejected("storage-unavailable", store.append(before.journalId, [record()]), "was lost");
  await rejected("storage-unavailable", store.read(before.journalId, at));
  expect(scanJournal(folder.files.get("b")!, true).records).toHaveLength(1);
  store.end();
});
