/**
 * inference-sharder/faults: break things on purpose, for demonstrations and tests.
 * The default entry carries none of it.
 *
 * @module
 */
export {
  corrupt,
  delayMessages,
  dropMessage,
  exhaust,
  fail,
  hang,
  kill,
  loseContext,
  loseDevice,
  slow,
} from "./sharder/faults.js";
export type { MessageDirection } from "./sharder/message-faults.js";
