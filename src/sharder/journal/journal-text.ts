import type { OpenedJournal } from "../../protocol/journal-api.js";
import type { JournalDetail } from "../events.js";

/** How many items the results were found of. */
function recordedItemCount({ shards }: Pick<OpenedJournal, "shards">): number {
  return shards.reduce((total, { itemCount }) => total + itemCount, 0);
}

/** What to say about a journal that was opened. */
export function describeOpened(opened: OpenedJournal, name: string): JournalDetail {
  const { state, damage } = opened;
  const itemCount = recordedItemCount(opened);
  const quoted = JSON.stringify(name);
  if (state === "started") return { name, state, itemCount, message: `The journal ${quoted} begins.` };
  if (state === "replaced") {
    const why = damage.isUnreadable
      ? "could not be read"
      : "is of another model, other inputs or other options, or of another kind of call";
    return { name, state, itemCount, message: `The journal ${quoted} ${why}: it starts over.` };
  }
  return {
    name,
    state,
    itemCount,
    message: `Resumed from the journal ${quoted}: ${itemCount} ${itemCount === 1 ? "item is" : "items are"} done already.${damageText(damage)}`,
  };
}

function damageText({ skippedRecordCount, droppedBytes }: OpenedJournal["damage"]): string {
  const skipped =
    skippedRecordCount === 0
      ? ""
      : ` ${skippedRecordCount} damaged ${skippedRecordCount === 1 ? "record was" : "records were"} skipped.`;
  return (
    skipped +
    (droppedBytes === 0
      ? ""
      : ` ${droppedBytes} bytes at its end were dropped: they were not written to their end, or are damaged.`)
  );
}
