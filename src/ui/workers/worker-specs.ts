import type { Sharder, WorkerSpec } from "../../index.js";

/** Workers like those that a sharder has now, for another sharder that takes its place. */
export function specsOf(sharder: Sharder): WorkerSpec[] {
  return sharder.workers.flatMap(({ state, backend }) => (state === "dead" ? [] : { backend }));
}
