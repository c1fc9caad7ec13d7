// The output of `npm run conformance`.

/**
 * As `checkModel` in tests/conformance returns it; differences are max|a − b| ÷ max|b|.
 * @typedef {{
 *   model: string, seconds: number, status: "running" | "conforms" | "corrected" | "differs" | "TF.js fails", backend: string,
 *   format?: string, layerCount?: number, cutCount?: number,
 *   batch?: number, cuts?: number, stages3?: number, stages4?: number,
 *   optimisedBatch?: number, optimisedCuts?: number, optimisedStages3?: number, optimisedStages4?: number, optimised?: number,
 *   notes: string[], failures: string[],
 * }} Row
 */

/** @param {number | undefined | null} gap `null` for infinity, which JSON does not have */
function show(gap) {
  if (gap === undefined || gap === null) return "–";
  return gap === 0 ? "same" : Number.isFinite(gap) ? gap.toExponential(1) : "wrong";
}

/** "original / optimised". @param {number | undefined} plain @param {number | undefined} optimised */
function both(plain, optimised) {
  return `${show(plain)} / ${show(optimised)}`;
}

/** @param {Row} row */
export function progressOf({ model, backend, status, seconds, cutCount = 0 }) {
  return `${model} on ${backend}: ${status} (${cutCount} cuts, ${seconds} s)`;
}

/** @param {readonly Row[]} rows */
export function printRows(rows) {
  const heads = [
    "model",
    "backend",
    "format",
    "layers",
    "cuts tried",
    "batch",
    "cuts",
    "3 stages",
    "4 stages",
    "optimised",
    "result",
  ];
  const lines = rows.map((row) => [
    row.model,
    row.backend,
    (row.format ?? "–").replace("-model", ""),
    String(row.layerCount ?? "–"),
    String(row.cutCount ?? 0),
    both(row.batch, row.optimisedBatch),
    both(row.cuts, row.optimisedCuts),
    both(row.stages3, row.optimisedStages3),
    both(row.stages4, row.optimisedStages4),
    show(row.optimised),
    row.status,
  ]);
  const widths = heads.map((head, column) => Math.max(head.length, ...lines.map((line) => line[column]?.length ?? 0)));
  console.log();
  for (const line of [heads, ...lines])
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  console.log(
    "\nbatch, cuts, stages: the original model against TF.js's own run / the optimised model against its own whole run. optimised: the whole optimised model against TF.js's own run.\n",
  );
  for (const { model, backend, notes, failures } of rows) {
    for (const note of notes) console.log(`${model} on ${backend}: ${note}`);
    for (const failure of failures.slice(0, 5)) console.log(`${model} on ${backend}: FAILED ${failure}`);
  }
  const count = (/** @type {Row["status"]} */ status) => rows.filter((row) => row.status === status).length;
  console.log(
    `\n${count("conforms")} conform, ${count("corrected")} conform to themselves where TF.js computes something else, ${count("differs")} differ, ${count("TF.js fails")} can't be run by TF.js itself`,
  );
}

/**
 * As `checkCase` in tests/conformance returns it.
 * @typedef {{
 *   name: string, verdict: "right" | "refused" | "wrong" | "failed", backend: string, optimize: boolean, how: string, detail: string,
 *   isExpected: boolean,
 * }} CaseRow
 */

/** @template T @param {readonly T[]} list @param {(each: T) => string} keyOf @returns {Map<string, T[]>} */
function groupBy(list, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const each of list) {
    const key = keyOf(each);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return groups;
}

/** The kind of a case: the prefix of its name. @param {string} name */
function kindOf(name) {
  return /^(?:g-k[23]|[a-z0-9]+)(?=-)/.exec(name)?.[0] ?? name;
}

const VERDICTS = /** @type {const} */ (["wrong", "failed", "refused", "right"]);

/** The worst of a case's rows. @param {readonly CaseRow[]} rows */
function worstOf(rows) {
  return VERDICTS.find((verdict) => rows.some((row) => row.verdict === verdict)) ?? "failed";
}

/** @param {readonly CaseRow[]} rows */
export function printCaseRows(rows) {
  const byName = groupBy(rows, ({ name }) => name);
  const byKind = groupBy([...byName.values()], ([first]) => kindOf(first?.name ?? ""));
  console.log(
    `\n${"kind".padEnd(10)}${["right", "refused", "wrong", "failed", "cases"].map((head) => head.padStart(9)).join("")}`,
  );
  const line = (/** @type {string} */ kind, /** @type {readonly (readonly CaseRow[])[]} */ cases) => {
    const count = (/** @type {string} */ verdict) => cases.filter((each) => worstOf(each) === verdict).length;
    const numbers = [count("right"), count("refused"), count("wrong"), count("failed"), cases.length];
    console.log(`${kind.padEnd(10)}${numbers.map((number) => String(number).padStart(9)).join("")}`);
  };
  for (const [kind, cases] of [...byKind].toSorted(([a], [b]) => a.localeCompare(b))) line(kind, cases);
  line("all", [...byName.values()]);
  console.log();
  for (const [name, found] of byName) {
    // One line for each reason, with the runs in which it was met.
    const reasons = groupBy(
      found.filter(({ verdict }) => verdict !== "right"),
      ({ verdict, detail }) => `${verdict}: ${detail.replaceAll(/\s+/g, " ")}`,
    );
    for (const [reason, where] of reasons) {
      const runs = where.map(({ backend, optimize, how }) =>
        `${backend}${optimize ? "" : " as it came"} ${how}`.trim(),
      );
      console.log(
        `${name} ${reason}${where.every(({ isExpected }) => isExpected) ? " [expected]" : ""} (${runs.join("; ")})`,
      );
    }
  }
}
