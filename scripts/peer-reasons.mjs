// Why a row of the suite `peers` is lost or won: how much is the engine's on one thread, and how much is what several threads or workers add.

/** @typedef {import("./bench-report.mjs").Row} Row */
/** @typedef {"tfjs" | "onnx" | "litert" | "sharder"} Peer */

/**
 * @typedef {Row & {
 *   readonly peer: Peer,
 *   readonly format: string,
 *   readonly engine?: string,
 *   readonly longestTaskMs: number,
 *   readonly frameGapP99Ms: number,
 *   readonly firstResultMs?: number,
 * }} PeerRow
 */

/** A difference of a few per cent is noise. */
const noticeable = 1.05;

/**
 * @typedef {object} Verdict
 * @property {PeerRow} row of a peer
 * @property {PeerRow} sharder the faster one of ours on that model
 * @property {number} ratio sharder ÷ peer
 * @property {boolean} lost
 * @property {string} reason
 */

/** @param {readonly PeerRow[]} rows of any number of models @returns {Verdict[]} the worst lost one first */
export function judgeRows(rows) {
  const models = [...new Set(rows.map(({ model }) => model))];
  const verdicts = models.flatMap((model) => judgeModel(rows.filter((row) => row.model === model)));
  return verdicts.toSorted((a, b) => a.ratio - b.ratio);
}

/** @param {readonly PeerRow[]} rows of one model @returns {Verdict[]} */
function judgeModel(rows) {
  const sharder = rows
    .filter(({ peer }) => peer === "sharder")
    .toSorted((a, b) => b.itemsPerSecond.median - a.itemsPerSecond.median)[0];
  if (sharder === undefined) return [];
  return rows
    .filter(({ peer }) => peer !== "sharder")
    .map((row) => {
      const ratio = sharder.itemsPerSecond.median / row.itemsPerSecond.median;
      return { row, sharder, ratio, lost: ratio < 1, reason: reasonOf(row, sharder, rows) };
    });
}

/**
 * Splits the ratio of two rows into that of their engines alone, on one thread each, and what more threads or workers bring to each.
 * @param {PeerRow} row of a peer
 * @param {PeerRow} sharder
 * @param {readonly PeerRow[]} rows of the same model
 */
function reasonOf(row, sharder, rows) {
  const ourOne = rows.find(
    (each) => each.peer === "sharder" && each.workers?.length === 1 && isOnLitert(each) === isOnLitert(sharder),
  );
  const theirOne = isAlone(row) ? row : (rows.find((other) => other.peer === row.peer && isAlone(other)) ?? row);
  if (ourOne === undefined) return "";
  const engine = rate(theirOne) / rate(ourOne);
  const name = row.peer === "tfjs" ? "TF.js" : row.peer === "onnx" ? "ONNX Runtime" : "LiteRT";
  const parts = [
    engine > noticeable
      ? `one thread of ${name} is ${times(engine)} as fast as one worker of ours`
      : engine < 1 / noticeable
        ? `one worker of ours is ${times(1 / engine)} as fast as one thread of ${name}`
        : "one thread is as fast as one worker of ours",
  ];
  if (row !== theirOne)
    parts.push(`its ${row.subject.split(", ").at(-1)} make ${times(rate(row) / rate(theirOne))} of one`);
  if (sharder !== ourOne)
    parts.push(`our ${sharder.workers?.length ?? 1} workers make ${times(rate(sharder) / rate(ourOne))} of one`);
  else if (rows.some(({ peer, workers }) => peer === "sharder" && (workers?.length ?? 0) > 1)) {
    parts.push("more workers of ours bring nothing");
  }
  return parts.join("; ");
}

/** Whether the sharder's workers of this row are LiteRT's. @param {{ readonly subject: string, readonly engine?: string }} row */
export function isOnLitert({ subject, engine }) {
  return engine === "litert" || subject.includes("LiteRT");
}

/** Whether a subject computes on one thread. TF.js does in WASM, wherever it is. @param {PeerRow} row */
function isAlone({ peer, subject }) {
  return (peer === "tfjs" && !subject.endsWith(" plain workers")) || subject.endsWith(", 1 thread");
}

/** @param {Row} row */
function rate(row) {
  return row.itemsPerSecond.median;
}

/** @param {number} factor */
function times(factor) {
  return `${factor.toFixed(factor >= 10 ? 0 : factor >= 2 ? 1 : 2)} ×`;
}
