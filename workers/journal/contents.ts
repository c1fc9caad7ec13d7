import type { RecordedChunk, RecordedShard } from "../../src/protocol/journal-api.js";
import type { FoundRecord, Scan } from "./scan.js";

/** What of a journal counts. */
export interface Contents {
  /** Ascending; no item twice. */
  readonly shards: readonly RecordedShard[];
  readonly chunks: readonly RecordedChunk[];
  readonly doneItemCount: number;
  /** The number of items of the whole job, if it has ended well. */
  readonly finishedItemCount: number | undefined;
}

/**
 * Take a journal's records for what they mean: a chunk that was announced again with other inputs makes void what was recorded for it and
 * for later ones before, and so does an announcement that can't be read; shards outside their chunk, or on items that are there already,
 * are ignored.
 *
 * @param digestOf the SHA-256 that a chunk's record holds, as 64 hexadecimal digits.
 */
export function contentsOf({ header, records }: Scan, digestOf: (record: FoundRecord) => string): Contents {
  const chunks = new Map<number, RecordedChunk>();
  let shards: RecordedShard[] = [];
  let finishedItemCount: number | undefined;
  for (const record of records) {
    const { kind, firstItem, itemCount, chunk, at } = record;
    if (kind === "chunk") {
      const digest = record.isDamaged ? undefined : digestOf(record);
      const announced = digest === undefined ? undefined : { firstItem, itemCount, chunk, digest };
      if (announced !== undefined && isSame(chunks.get(chunk), announced)) continue;
      if (chunks.has(chunk)) {
        shards = shards.filter((shard) => shard.chunk < chunk);
        for (const later of chunks.keys()) if (later >= chunk) chunks.delete(later);
        finishedItemCount = undefined;
      }
      if (announced !== undefined) chunks.set(chunk, announced);
    } else if (kind === "shard") {
      const range = header?.kind === "predict" ? { firstItem: 0, itemCount: header.itemCount ?? 0 } : chunks.get(chunk);
      const isWithin =
        range !== undefined &&
        itemCount > 0 &&
        firstItem >= range.firstItem &&
        firstItem + itemCount <= range.firstItem + range.itemCount;
      if (isWithin) shards.push({ id: at, firstItem, itemCount, chunk });
    } else if (kind === "finished") {
      finishedItemCount = itemCount;
    }
  }
  const distinct = withoutOverlaps(shards);
  const doneItemCount = distinct.reduce((total, shard) => total + shard.itemCount, 0);
  return {
    shards: distinct,
    chunks: [...chunks.values()].toSorted((a, b) => a.chunk - b.chunk),
    doneItemCount,
    finishedItemCount: finishedItemCount === doneItemCount ? finishedItemCount : undefined,
  };
}

function isSame(a: RecordedChunk | undefined, b: RecordedChunk): boolean {
  return a !== undefined && a.firstItem === b.firstItem && a.itemCount === b.itemCount && a.digest === b.digest;
}

function withoutOverlaps(shards: readonly RecordedShard[]): RecordedShard[] {
  const kept: RecordedShard[] = [];
  let nextItem = 0;
  for (const shard of shards.toSorted((a, b) => a.firstItem - b.firstItem || a.id - b.id)) {
    if (shard.firstItem < nextItem) continue;
    kept.push(shard);
    nextItem = shard.firstItem + shard.itemCount;
  }
  return kept;
}
