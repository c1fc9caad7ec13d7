/**
 * inference-sharder/baseline: TF.js as its users call it today, to measure what this library brings on a machine.
 * The default entry carries none of it.
 *
 * @module
 */
export { PlainTfjs, type PlainOptions, type PlainRunOptions } from "./jobs/plain-tfjs.js";
export type { PlainBackend, PlainDevice, PlainValues } from "./protocol/plain-api.js";
