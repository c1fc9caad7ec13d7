// The output of `npm run conformance -- --engines A,B`.

/**
 * As `checkOnEngines` in tests/conformance returns it, named "kind: name".
 * @typedef {{
 *   name: string, engine: string, backend: string, verdict: "right" | "refused" | "wrong" | "failed", gap?: number | null, oracle: string,
 *   how: string, detail: string,
 * }} EngineRow
 */

/** Of so many models that are refused for one reason, the names are printed; the JSON has all. */
const MOST_NAMES = 12;
const VERDICTS = /** @type {const} */ (["right", "refused", "wrong", "failed"]);

/** @template T @param {readonly T[]} list @param {(each: T) => string} keyOf @returns {Map<string, T[]>} */
function groupBy(list, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const each of list) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return groups;
}

/** Infinity is `null` where it has come through JSON. @param {EngineRow} row */
function gapOf({ gap }) {
  return gap === null ? Infinity : (gap ?? 0);
}

/** @param {readonly string[]} cells */
function line([kind = "", engine = "", ...numbers]) {
  console.log(kind.padEnd(10) + engine.padEnd(10) + numbers.map((cell) => cell.padStart(12)).join(""));
}

/** A table of verdicts by kind of model and engine, then every reason why an engine did not run a model, and all that is not right. */
export function printEngineRows(/** @type {readonly EngineRow[]} */ rows) {
  console.log();
  line(["models", "engine", ...VERDICTS, "worst right"]);
  const cells = groupBy(rows, ({ name, engine }) => `${name.split(": ")[0]}\n${engine}`);
  cells.set("all\n", [...rows]);
  for (const [key, found] of cells) {
    const counts = VERDICTS.map((verdict) => String(found.filter((row) => row.verdict === verdict).length));
    const worst = Math.max(0, ...found.filter(({ verdict }) => verdict === "right").map(gapOf));
    line([...key.split("\n"), ...counts, worst === 0 ? "same" : worst.toExponential(1)]);
  }
  console.log("\nworst right: max|a − b| ÷ max|b| of the worst output among those that are right.\n");
  const refused = rows.filter(({ verdict }) => verdict === "refused");
  for (const [reason, found] of groupBy(refused, ({ engine, detail }) => `refused on ${engine}: ${reasonOf(detail)}`)) {
    const names = found.slice(0, MOST_NAMES).map(({ name }) => name);
    const more = found.length > MOST_NAMES ? ` and ${found.length - MOST_NAMES} more` : "";
    console.log(`${reason} (${names.join(", ")}${more})`);
  }
  for (const verdict of /** @type {const} */ (["wrong", "failed"])) {
    const told = rows.filter((row) => row.verdict === verdict);
    const reasons = groupBy(told, ({ engine, backend, how, oracle, detail }) => {
      const place = `${engine}/${backend}, ${how}${oracle === "" ? "" : `, held to ${oracle}`}`;
      return `${verdict.toUpperCase()} on ${place}: ${detail.replaceAll(/\s+/g, " ")}`;
    });
    for (const [reason, found] of reasons) console.log(`${reason} (${found.map(({ name }) => name).join(", ")})`);
  }
}

/** Names of nodes and tensors differ where reasons don't. @param {string} detail */
function reasonOf(detail) {
  return detail.replaceAll(/\s+/g, " ").replaceAll(/ "[^"]*"(?=, an? )/g, "");
}
