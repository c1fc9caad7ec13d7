/**
 * inference-sharder/faults: break things on purpose, for demonstrations and tests.
 * The default entry carries none of it.
 *
 * @module
 */
export { kill, slow } from "./sharder/faults.js";
