// Jobs with a journal, on scripted workers and a file system in memory.
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { WorkerLink } from "../../../../src/pool/worker-link.js";
import type { JournalApi } from "../../../../src/protocol/journal-api.js";
import type { JournalDetail } from "../../../../src/sharder/events.js";
import type { Sharder } from "../../../../src/sharder/sharder.js";
import type { StreamOptions } from "../../../../src/sharder/job/stream-options.js";
import type { StreamShard } from "../../../../src/sharder/job/stream.js";
import type { SharderOptions } from "../../../../src/sharder/options.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { OpenJournal } from "../../../../workers/journal/open-journal.js";
import { scanJournal } from "../../../../workers/journal/scan.js";
import { rejected } from "../../../fixtures/caught.js";
import type { Channel } from "../../../fixtures/channel.js";
import { MemoryFile, MemoryFolder, openJournalChannel, openJournalsOn } from "../../../fixtures/memory-journals.js";
import { batch, negate, negated, start } from "../../../fixtures/negating-sharder.js";
import type { ScriptedWorker } from "../../../fixtures/scripted-workers.js";

/** A page with a sharder whose journals are in `folder`. */
async function openPage(folder: MemoryFolder, run = negate, options: Partial<SharderOptions> = {}) {
  const { sharder, workers } = await start(run, 2, { openJournals: openJournalsOn(folder) }, options);
  const events: JournalDetail[] = [];
  sharder.addEventListener("journal", ({ detail }) => events.push(detail));
  const states = (): string[] => events.map(({ state }) => state);
  return { sharder, workers, events, states, ranItemCount: () => ranItems(workers) };
}

function ranItems(workers: readonly ScriptedWorker[]): number {
  return workers.flatMap(({ ran }) => ran).reduce((total, { itemCount }) => total + itemCount, 0);
}

/** Run a job until some items have been recorded, then kill the page. @returns what is left on the disk. */
async function killedAfter(itemCount: number, begin: (sharder: Sharder) => Promise<unknown>): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  let left: MemoryFolder | undefined;
  const { sharder, workers } = await openPage(folder, async (request, worker) => {
    if (ranItems(workers) > itemCount) left ??= folder.afterKill();
    return negate(request, worker);
  });
  await begin(sharder).catch(() => {});
  if (left === undefined) throw new Error("the job ended before the page was to be killed");
  return left;
}

const JOURNAL = { journal: "job" } as const;

describe("predict with a journal", () => {
  it("resumes after the page was killed: byte by byte the same, and only what was missing is computed", async () => {
    const left = await killedAfter(30, (sharder) => sharder.predict(batch(80), JOURNAL));
    const { sharder, events, ranItemCount } = await openPage(left);
    expect(await sharder.predict(batch(80), JOURNAL)).toEqual({ y: negated(80) });
    expect(events).toMatchObject([{ name: "job", state: "resumed" }]);
    const { itemCount } = events[0]!;
    expect(itemCount).toBeGreaterThan(0);
    // A straggler at the end may be backed up.
    expect(ranItemCount()).toBeGreaterThanOrEqual(80 - itemCount);
    expect(ranItemCount()).toBeLessThan(80);
  });

  it("computes nothing if everything is there", async () => {
    const folder = new MemoryFolder();
    const first = await openPage(folder);
    await first.sharder.predict(batch(20), JOURNAL);
    expect(first.states()).toEqual(["started"]);
    const second = await openPage(folder);
    expect(await second.sharder.predict(batch(20), JOURNAL)).toEqual({ y: negated(20) });
    expect(second.ranItemCount()).toBe(0);
    expect(folder.file.isOpen).toBe(false);
  });

  it.each([
    ["values", batch(20, 1), {}, {}],
    ["number of items", batch(21), {}, {}],
    ["key", batch(20), { key: "other" }, {}],
    ["options", batch(20), {}, { optimize: false }],
  ] as const)("starts over if its %s differ", async (_, inputs, more, options) => {
    const folder = new MemoryFolder();
    await (await openPage(folder)).sharder.predict(batch(20), JOURNAL);
    const { sharder, states } = await openPage(folder, negate, options);
    const { itemCount } = { itemCount: inputs.shape[0]! };
    const first = (inputs.data as Float32Array)[0]!;
    expect(await sharder.predict(inputs, { journal: { name: "job", ...more } })).toEqual({
      y: negated(itemCount, first),
    });
    expect(states()).toEqual(["replaced"]);
  });

  it("keeps what was recorded when it is aborted or the sharder is disposed, and releases the file", async () => {
    for (const end of ["abort", "dispose"]) {
      const folder = new MemoryFolder();
      const controller = new AbortController();
      const page = await openPage(folder, async (request, worker) => {
        if (ranItems(page.workers) > 20) {
          if (end === "abort") controller.abort();
          else void page.sharder.dispose();
        }
        return negate(request, worker);
      });
      const ended = page.sharder.predict(batch(80), { ...JOURNAL, signal: controller.signal });
      await rejected(end === "abort" ? "aborted" : "disposed", ended);
      await page.sharder.dispose();
      expect(folder.file.isOpen).toBe(false);
      const { sharder, events } = await openPage(folder);
      expect(await sharder.predict(batch(80), JOURNAL)).toEqual({ y: negated(80) });
      expect(events[0]!.itemCount).toBeGreaterThan(0);
    }
  });

  it("goes on without where there is no room, and says so once", async () => {
    const folder = new MemoryFolder();
    folder.maxBytes = 1500;
    const { sharder, states } = await openPage(folder);
    const faults: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => faults.push(`${detail.cause} ${detail.action}`));
    expect(await sharder.predict(batch(80), JOURNAL)).toEqual({ y: negated(80) });
    expect(states()).toEqual(["started", "unavailable"]);
    expect(faults).toEqual(["storage gave-up"]);
    // What found room is of use.
    const { sharder: second, events } = await openPage(folder);
    expect(await second.predict(batch(80), JOURNAL)).toEqual({ y: negated(80) });
    expect(events[0]!.itemCount).toBeGreaterThan(0);
  });

  it("goes on without where there is no such file system", async () => {
    const { sharder, workers } = await start(negate, 2, {
      openJournals: () => {
        throw new Error("no worker");
      },
    });
    const messages: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => messages.push(detail.message));
    expect(await sharder.predict(batch(8), JOURNAL)).toEqual({ y: negated(8) });
    expect(messages).toEqual([expect.stringContaining("without its journal")]);
    expect(workers).toHaveLength(2);
  });

  it("makes room by deleting others that are not in use", async () => {
    const folder = new MemoryFolder();
    const { sharder } = await openPage(folder);
    for (const name of ["a", "b", "c"]) {
      await sharder.predict(batch(20), { journal: { name, maxBytes: 100_000 } });
    }
    expect(folder.files.size).toBe(3);
    const maxBytes = [...folder.files.values()].reduce((total, file) => total + file.getSize(), 0);
    await sharder.predict(batch(20), { journal: { name: "d", maxBytes } });
    const names = [...folder.files.values()].map(
      ({ bytes }) => /"name":"(.)"/.exec(new TextDecoder().decode(bytes))?.[1],
    );
    expect(names).toEqual(["b", "c", "d"]);
  });

  it("keeps the engine that recorded it: without a worker of that engine the job is refused, and nothing is lost", async () => {
    const folder = new MemoryFolder();
    await (await openPage(folder)).sharder.predict(batch(20), JOURNAL);
    const { header } = scanJournal(folder.file, true);
    const file = new MemoryFile(folder.file.name);
    const other = new OpenJournal(file, { ...header!, engine: "other" }, 5);
    other.close();
    folder.files.set(file.name, file);
    const { sharder, states } = await openPage(folder);
    await rejected("invalid-options", sharder.predict(batch(20), JOURNAL), 'engine "other"', "deleteJournal");
    expect(states()).toEqual([]);
    expect(scanJournal(file, true).header?.engine).toBe("other");
    expect(file.isOpen).toBe(false);
  });

  it("refuses options that make no sense", async () => {
    const { sharder } = await openPage(new MemoryFolder());
    for (const journal of [
      "",
      7,
      { name: "" },
      { name: "a", maxBytes: 0 },
      { name: "a", ifBusy: "never" },
      { name: "a", busy: 1 },
    ]) {
      const given = { journal } as unknown as typeof JOURNAL;
      await rejected("invalid-options", sharder.predict(batch(1), given));
    }
    expect(() => sharder.stream([batch(1)], { journal: { name: "a" } } as StreamOptions)).toThrow("journal.key");
  });
});

describe("stream with a journal", () => {
  const options = { journal: { name: "job", key: "source" } } as const;
  const source = (count: number, shift = 0) =>
    Array.from({ length: count }, (_, chunk) => batch(4, chunk < count / 2 ? 4 * chunk : 4 * chunk + shift));

  async function collect(shards: AsyncIterable<StreamShard>): Promise<{ items: number[]; values: number[] }> {
    const items: number[] = [];
    const values: number[] = [];
    for await (const { firstItem, itemCount, outputs } of shards) {
      const { data } = outputs["y"] as Tensor & { data: Float32Array };
      for (let row = 0; row < itemCount; row++) {
        items.push(firstItem + row);
        values.push(data[2 * row]!);
      }
    }
    return { items, values };
  }
  const all = Array.from({ length: 80 }, (_, item) => item);

  it.each(["input", "completion"] as const)("resumes in the order of %s: every item once", async (order) => {
    const left = await killedAfter(30, (sharder) => collect(sharder.stream(source(20), { ...options, order })));
    const { sharder, events, ranItemCount } = await openPage(left);
    const { items, values } = await collect(sharder.stream(source(20), { ...options, order }));
    expect(values).toEqual(items.map((item) => -item));
    expect(order === "input" ? items : items.toSorted((a, b) => a - b)).toEqual(all);
    expect(events[0]).toMatchObject({ state: "resumed" });
    expect(events[0]!.itemCount).toBeGreaterThan(0);
    expect(ranItemCount()).toBe(80 - events[0]!.itemCount);
  });

  it("computes again what its source yields otherwise, from there on", async () => {
    const folder = new MemoryFolder();
    await collect((await openPage(folder)).sharder.stream(source(20), options));
    const { sharder, events, ranItemCount } = await openPage(folder);
    const { items, values } = await collect(sharder.stream(source(20, 1000), options));
    expect(items).toEqual(all);
    expect(values).toEqual(all.map((item) => (item < 40 ? -item : -item - 1000)));
    expect(events.map(({ state, itemCount }) => [state, itemCount])).toEqual([
      ["resumed", 80],
      ["changed", 40],
    ]);
    expect(ranItemCount()).toBe(40);
    // The new items are what the journal holds now.
    const third = await openPage(folder);
    expect((await collect(third.sharder.stream(source(20, 1000), options))).values).toEqual(values);
    expect(third.ranItemCount()).toBe(0);
  });

  it("keeps what was recorded when its consumer leaves", async () => {
    const folder = new MemoryFolder();
    const first = await openPage(folder);
    for await (const { firstItem } of first.sharder.stream(source(20), options)) if (firstItem > 20) break;
    expect(folder.file.isOpen).toBe(false);
    const second = await openPage(folder);
    expect((await collect(second.sharder.stream(source(20), options))).items).toEqual(all);
    expect(second.ranItemCount()).toBeLessThan(60);
  });

  it("goes on giving back what is recorded when the worker of the journals is lost", async () => {
    const folder = new MemoryFolder();
    await collect((await openPage(folder)).sharder.stream(source(20), options));
    const channels: Channel<JournalApi<Blob>>[] = [];
    const openJournals = (): WorkerLink<JournalApi<Blob>> => {
      channels.push(openJournalChannel(folder));
      return channels.at(-1)!.link;
    };
    const { sharder, workers } = await start(negate, 1, { openJournals });
    const shards: StreamShard[] = [];
    for await (const shard of sharder.stream(source(20), options)) {
      shards.push(shard);
      if (shards.length !== 1) continue;
      channels[0]!.crash();
      // The browser releases the files of a worker that has ended.
      folder.file.isOpen = false;
    }
    const { items, values } = await collect(Readable.from(shards));
    expect(items).toEqual(all);
    expect(values).toEqual(all.map((item) => -item));
    expect(ranItems(workers)).toBe(0);
    expect(channels).toHaveLength(2);
    expect(folder.file.isOpen).toBe(false);
  });

  it("of another key starts over", async () => {
    const folder = new MemoryFolder();
    await collect((await openPage(folder)).sharder.stream(source(20), options));
    const { sharder, states } = await openPage(folder);
    const { values } = await collect(sharder.stream(source(20, 5), { journal: { name: "job", key: "other" } }));
    expect(values).toEqual(all.map((item) => (item < 40 ? -item : -item - 5)));
    expect(states()).toEqual(["replaced"]);
  });
});
