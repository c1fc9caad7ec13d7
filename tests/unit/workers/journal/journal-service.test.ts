import { expect, it } from "vitest";
import type { NewRecord } from "../../../../src/protocol/journal-api.js";
import { JournalService } from "../../../../workers/journal/journal-service.js";
import { scanJournal } from "../../../../workers/journal/scan.js";
import { HEADER } from "../../../fixtures/journal-damage.js";
import { MemoryFile, MemoryFolder } from "../../../fixtures/memory-journals.js";

const request = { journalId: 1, file: "f", header: HEADER, maxBytes: undefined };
const record = (firstItem: number): NewRecord => ({
  kind: "shard",
  firstItem,
  itemCount: 1,
  chunk: 0,
  payload: new ArrayBuffer(64),
});

it("writes nothing after a record that found no room, even if there is room again", async () => {
  const folder = new MemoryFolder();
  const service = new JournalService(async () => folder);
  await service.open(request);
  await service.append(1, [record(0)]);
  folder.file.maxBytes = folder.file.bytes.length;
  const failed = service.append(1, [record(1), record(2)]);
  const next = service.append(1, [record(3)]);
  await expect(failed).rejects.toThrow("no room");
  folder.file.maxBytes = Infinity;
  await expect(next).rejects.toThrow("no room");
  await expect(service.append(1, [record(4)])).rejects.toThrow("no room");
  await service.close(1);
  expect(scanJournal(folder.file, true).records.map(({ firstItem }) => firstItem)).toEqual([0]);
});

it("releases a file that it can't open a journal in", async () => {
  const folder = new MemoryFolder();
  const service = new JournalService(async () => folder);
  folder.readAll = () => Promise.reject(new Error("no folder any more"));
  await expect(service.open(request)).rejects.toThrow("no folder any more");
  expect(folder.file.isOpen).toBe(false);
});

it("deletes nothing that somebody writes to for room", async () => {
  const folder = new MemoryFolder();
  const other = new MemoryFile("other", new Uint8Array(4_000));
  folder.files.set("other", other);
  const service = new JournalService(async () => folder);
  await service.open({ ...request, maxBytes: 4_200 });
  other.isOutdated = true;
  await expect(service.append(1, [record(0)])).rejects.toMatchObject({ code: "storage-unavailable" });
  expect(folder.files.has("other")).toBe(true);
  await service.close(1);
});
