import type { JournalInfo } from "../../src/protocol/journal-api.js";
import { contentsOf } from "./contents.js";
import type { StoredFile } from "./journal-file.js";
import { readDigest } from "./open-journal.js";
import { scanJournal } from "./scan.js";

/** What a file says about its journal. Reads the heads of its records only. */
export function describeJournal(file: StoredFile, isInUse = false): JournalInfo {
  const scan = scanJournal(file, false);
  const { header } = scan;
  const changedAt = new Date(file.changedAtMs);
  const byteLength = file.getSize();
  if (header === undefined) {
    const unknown = {
      name: "",
      engine: "",
      fingerprint: "",
      kind: "predict",
      doneItemCount: 0,
      itemCount: undefined,
    } as const;
    return { ...unknown, state: "damaged", isInUse, byteLength, createdAt: changedAt, changedAt };
  }
  const { doneItemCount, finishedItemCount } = contentsOf(scan, (record) => readDigest(file, record));
  const { name, kind, engine, fingerprint, itemCount, createdAtMs } = header;
  return {
    name,
    kind,
    state: finishedItemCount === undefined ? "unfinished" : "finished",
    isInUse,
    doneItemCount,
    itemCount: itemCount ?? finishedItemCount,
    byteLength,
    createdAt: new Date(createdAtMs),
    changedAt,
    engine,
    fingerprint,
  };
}
