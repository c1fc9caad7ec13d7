import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError, type ItemError } from "../../core/errors.js";
import { asSentence } from "../../protocol/error-record.js";

/** So many ranges of items are named in a message. */
const MAX_NAMED = 8;

/** The items of a job that failed wherever they were tried. */
export class FailedItems {
  readonly #errors: ItemError[] = [];

  get count(): number {
    return this.#errors.length;
  }

  /** @returns the errors of these items, one for each. */
  add({ firstItem, itemCount }: ItemRange, error: ShardError): readonly ItemError[] {
    const added = Array.from({ length: itemCount }, (_, index) => ({ item: firstItem + index, error }));
    this.#errors.push(...added);
    return added;
  }

  /**
   * What the call rejects with.
   * @param remark why the other items were not tried, if they were not.
   */
  toError(remark = ""): ShardError {
    const itemErrors = this.#errors.toSorted((a, b) => a.item - b.item);
    const { error } = itemErrors[0]!;
    return new ShardError(
      error.code,
      `Expected the model to run ${nameItems(itemErrors.map(({ item }) => item))}, but it failed on every worker that tried: ${asSentence(error.message)}${remark} Check these items against the model.`,
      { workerId: error.workerId, cause: error, itemErrors },
    );
  }
}

/** "items 3, 5 to 9 and 12". @param items ascending. */
function nameItems(items: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    if (run?.[1] === item - 1) run[1] = item;
    else runs.push([item, item]);
  }
  const names = runs.slice(0, MAX_NAMED).map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  if (runs.length > MAX_NAMED) names.push("others");
  const last = names.pop()!;
  return `${items.length === 1 ? "item" : "items"} ${names.length === 0 ? last : `${names.join(", ")} and ${last}`}`;
}
