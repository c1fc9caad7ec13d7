import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OpenJournal } from "../../../../workers/journal/open-journal.js";
import { scanJournal } from "../../../../workers/journal/scan.js";
import {
  checkJournal,
  damage,
  damages,
  HEADER,
  recordShard,
  shardLists,
  writeJournal,
} from "../../../fixtures/journal-damage.js";
import { MemoryFile } from "../../../fixtures/memory-journals.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SHARDS = [
  { firstItem: 8, itemCount: 4 },
  { firstItem: 0, itemCount: 3 },
  { firstItem: 20, itemCount: 1 },
];

describe("a journal", () => {
  it("gives back what was recorded, in the order of the items", () => {
    fc.assert(
      fc.property(shardLists, fc.integer({ min: 1, max: 5 }), (shards, width) => {
        const file = writeJournal(shards, width);
        const itemCount = shards.reduce((total, shard) => total + shard.itemCount, 0);
        expect(checkJournal(file)).toEqual({ itemCount, state: "resumed", isNoticed: false });
      }),
      { numRuns: 50 },
    );
  });

  it("never gives a wrong row, whatever has happened to its file, and can be recorded to afterwards", () => {
    fc.assert(
      fc.property(
        shardLists,
        fc.integer({ min: 1, max: 5 }),
        fc.array(damages, { minLength: 1, maxLength: 3 }),
        (shards, width, changes) => {
          const whole = writeJournal(shards, width);
          const bytes = changes.reduce<Uint8Array<ArrayBuffer>>(damage, whole.bytes);
          const file = new MemoryFile("f", bytes);
          const isChanged = bytes.length !== whole.bytes.length || bytes.some((byte, i) => byte !== whole.bytes[i]);
          const { itemCount, state, isNoticed } = checkJournal(file);
          const recorded = shards.reduce((total, shard) => total + shard.itemCount, 0);
          // Whatever is missing is noticed. A file that was cut exactly between two records can't be told from one that ended there.
          if (itemCount < recorded && state === "resumed") {
            expect(isNoticed || whole.bytes.length > bytes.length).toBe(true);
          }
          if (!isChanged) expect(itemCount).toBe(recorded);
          const journal = new OpenJournal(file, HEADER, 7);
          recordShard(journal, 900, 2, width);
          journal.close();
          expect(checkJournal(file)).toMatchObject({ itemCount: itemCount + 2, state: "resumed" });
        },
      ),
      { numRuns: 300 },
    );
  });

  it("loses only the record whose payload is damaged", () => {
    const file = writeJournal(SHARDS, 4);
    // In the middle of the first shard's elements: 32 bytes of text, the header, and the head and text of the shard come before.
    const at = file.bytes.length - 400;
    file.bytes[at]! ^= 1;
    const { itemCount, isNoticed } = checkJournal(file);
    expect(isNoticed).toBe(true);
    expect([4, 5, 7]).toContain(itemCount);
  });

  it("drops a torn tail, at whichever byte it was torn", () => {
    const { bytes } = writeJournal(SHARDS, 2);
    const before = writeJournal(SHARDS.slice(0, 2), 2).bytes.length;
    for (let end = before; end < bytes.length; end++) {
      const file = new MemoryFile("f", bytes.slice(0, end));
      expect(checkJournal(file).itemCount).toBe(7);
      expect(file.bytes.length).toBe(before);
    }
  });

  it("is emptied for another job, and takes no record of the old one for its own", () => {
    const file = writeJournal(SHARDS, 2);
    const old = file.bytes.slice();
    const other = new OpenJournal(file, { ...HEADER, fingerprint: "0".repeat(64) }, 99);
    expect(other.found.state).toBe("replaced");
    expect(other.found.contents.shards).toEqual([]);
    other.close();
    // The disk shows the old bytes behind the new header, as it may after a power loss.
    const stale = new Uint8Array(old.length);
    stale.set(old);
    stale.set(file.bytes);
    const again = new OpenJournal(new MemoryFile("f", stale), { ...HEADER, fingerprint: "0".repeat(64) }, 100);
    expect(again.found.state).toBe("resumed");
    expect(again.found.contents.shards).toEqual([]);
  });

  it("is on the disk 100 ms after a record at the latest, and once it is closed", () => {
    const file = new MemoryFile("f");
    const journal = new OpenJournal(file, HEADER, 1);
    recordShard(journal, 0, 1, 1);
    recordShard(journal, 1, 1, 1);
    expect(file.flushed.length).toBeLessThan(file.bytes.length);
    vi.advanceTimersByTime(100);
    expect(file.flushed).toEqual(file.bytes);
    recordShard(journal, 2, 1, 1);
    journal.close();
    expect(file.flushed).toEqual(file.bytes);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends where it ended before if a record finds no room", () => {
    const file = writeJournal(SHARDS, 2);
    file.maxBytes = file.bytes.length + 40;
    const journal = new OpenJournal(file, HEADER, 1);
    expect(() => recordShard(journal, 500, 4, 4)).toThrow("no room");
    journal.close();
    expect(checkJournal(file)).toEqual({ itemCount: 8, state: "resumed", isNoticed: false });
  });

  it("voids a chunk that was announced again with other inputs, and later ones", () => {
    const file = new MemoryFile("f");
    const header = { ...HEADER, kind: "stream", itemCount: undefined } as const;
    const journal = new OpenJournal(file, header, 1);
    const announce = (chunk: number, digest: number): void =>
      journal.append([
        {
          kind: "chunk",
          firstItem: 2 * chunk,
          itemCount: 2,
          chunk,
          payload: new Uint8Array(32).fill(digest).buffer,
        },
      ]);
    const record = (chunk: number, firstItem: number, itemCount: number): void =>
      journal.append([{ kind: "shard", firstItem, itemCount, chunk, payload: new ArrayBuffer(8) }]);
    for (const chunk of [0, 1, 2]) announce(chunk, 1);
    for (const chunk of [2, 0, 1]) record(chunk, 2 * chunk, 2);
    // In no chunk, beyond its chunk, and a second time.
    record(9, 18, 2);
    record(1, 3, 2);
    record(0, 0, 1);
    announce(1, 2);
    record(1, 3, 1);
    journal.close();
    const { contents } = new OpenJournal(file, header, 2).found;
    expect(contents.shards.map(({ firstItem, itemCount }) => [firstItem, itemCount])).toEqual([
      [0, 2],
      [3, 1],
    ]);
    expect(contents.chunks.map(({ chunk, digest }) => [chunk, digest.slice(0, 2)])).toEqual([
      [0, "01"],
      [1, "02"],
    ]);
  });

  it("takes nothing that was recorded for a chunk whose second announcement is damaged for that of the first", () => {
    const file = new MemoryFile("f");
    const header = { ...HEADER, kind: "stream", itemCount: undefined } as const;
    const journal = new OpenJournal(file, header, 1);
    const announce = (digest: number): void => {
      const payload = new Uint8Array(32).fill(digest).buffer;
      journal.append([{ kind: "chunk", firstItem: 0, itemCount: 4, chunk: 0, payload }]);
    };
    const record = (firstItem: number): void =>
      journal.append([{ kind: "shard", firstItem, itemCount: 2, chunk: 0, payload: new ArrayBuffer(8) }]);
    announce(1);
    record(0);
    const at = journal.byteLength;
    announce(2);
    record(2);
    journal.close();
    // Behind the head.
    file.bytes[at + 40]! ^= 1;
    const { contents, damage: found } = new OpenJournal(file, header, 2).found;
    expect(found.skippedRecordCount).toBe(1);
    expect(contents).toMatchObject({ shards: [], chunks: [] });
  });

  it("writes the records of a shard together, whatever their number, and long ones as they are", () => {
    const file = new MemoryFile("f");
    const journal = new OpenJournal(file, HEADER, 7);
    const write = vi.spyOn(file, "write");
    // Of 1 to 5 bytes, two of 1.5 MB among them, and one that does not end where a word does.
    const lengths = Array.from({ length: 2_000 }, (_, item) =>
      item === 700 || item === 701 ? 1_500_001 : 1 + (item % 5),
    );
    const payloads = lengths.map((length, item) => new Uint8Array(length).fill(item).buffer);
    journal.append(
      payloads.map((payload, firstItem) => ({ kind: "shard", firstItem, itemCount: 1, chunk: 0, payload })),
    );
    expect(write.mock.calls.length).toBeLessThan(10);
    journal.close();
    const { records, damage } = scanJournal(file, true);
    expect(damage).toMatchObject({ droppedBytes: 0, skippedRecordCount: 0 });
    expect(records.map(({ firstItem }) => firstItem)).toEqual(payloads.map((_, item) => item));
    const again = new OpenJournal(file, HEADER, 9);
    for (const item of [0, 1, 699, 700, 701, 702, 1_999]) {
      expect(new Uint8Array(again.readPayload(records[item]!.at))).toEqual(new Uint8Array(payloads[item]!));
    }
    again.close();
  });
});
