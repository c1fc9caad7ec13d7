import { ShardError } from "../core/errors.js";

/** Letters that may be wrong in a name which is still recognised. */
const MAX_DISTANCE = 3;

/**
 * Refuse options that don't exist: a misspelt one would be ignored in silence. One that is `undefined` has no effect under any name.
 * @param what the options are of, for the message.
 * @param known every name that there is.
 * @throws ShardError "invalid-options" naming the unknown option, and the one that was probably meant.
 */
export function requireKnownKeys(what: string, options: object, known: Readonly<Record<string, true>>): void {
  const names = Object.keys(known);
  const unknown = Object.entries(options).find(([key, value]) => value !== undefined && !names.includes(key))?.[0];
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, names);
  const advice = nearest === undefined ? "leave it out" : `did you mean "${nearest}"? Otherwise leave it out`;
  throw new ShardError(
    "invalid-options",
    `Expected options of ${what} (${names.join(", ")}), received "${unknown.slice(0, 80)}": ${advice}.`,
  );
}

function nearestName(given: string, names: readonly string[]): string | undefined {
  const lower = given.slice(0, 80).toLowerCase();
  const ranked = names
    .map((name) => ({ name, distance: editDistance(lower, name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.min(MAX_DISTANCE, given.length / 2) ? best.name : undefined;
}

/** Letters to insert, remove or replace. Source: Wagner and Fischer 1974. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
