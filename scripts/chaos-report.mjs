// Adds up what the scenarios of a chaos run have found.

/** As tests/chaos/page/plan-chaos.ts makes it. @typedef {{ seed: number, split: string, backends: string[], verify?: number, faults: string[] }} Scenario */
/**
 * As tests/chaos/page/run-scenario.ts answers.
 * @typedef {{ items: number, lost: number, duplicated: number, wrong: number, faultsByKind: Record<string, number>, notInjected: string[],
 *   recoverMs: number[], problems: string[], jobCount: number, tookMs: number }} ScenarioResult
 */

/**
 * @param {readonly ScenarioResult[]} results
 * @returns what `--json` writes, and a driver may rely on; the time to recover is in ms, `null` where nothing had to.
 */
export function addUp(results) {
  const sum = (/** @type {"items" | "lost" | "duplicated" | "wrong" | "jobCount"} */ key) =>
    results.reduce((total, result) => total + result[key], 0);
  /** @type {Record<string, number>} */
  const faultsByKind = {};
  for (const result of results) {
    for (const [kind, count] of Object.entries(result.faultsByKind))
      faultsByKind[kind] = (faultsByKind[kind] ?? 0) + count;
  }
  const recoverMs = results.flatMap((result) => result.recoverMs).toSorted((a, b) => a - b);
  const quantile = (/** @type {number} */ q) => {
    const value = recoverMs[Math.min(recoverMs.length - 1, Math.floor(q * recoverMs.length))];
    return value === undefined ? null : Math.round(value);
  };
  return {
    items: sum("items"),
    lost: sum("lost"),
    duplicated: sum("duplicated"),
    wrong: sum("wrong"),
    faultsByKind,
    recoverMs: { median: quantile(0.5), p95: quantile(0.95), max: quantile(1) },
    jobs: sum("jobCount"),
    scenarios: results.length,
    problems: results.flatMap((result) => result.problems),
  };
}

/** A scenario whose page never answered: what ran there can't be counted. @returns {ScenarioResult} */
export function lostScenario(/** @type {string} */ problem) {
  const nothing = {
    items: 1,
    lost: 1,
    duplicated: 0,
    wrong: 0,
    notInjected: [],
    recoverMs: [],
    jobCount: 1,
    tookMs: 0,
  };
  return { ...nothing, faultsByKind: {}, problems: [problem] };
}
