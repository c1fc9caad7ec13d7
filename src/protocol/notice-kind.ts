/**
 * Why a worker that still answers can't be used any more.
 *
 * - "device-lost", "context-lost": its GPU device or its WebGL context is gone. "device-error": the device reported an error.
 * - "out-of-memory": it ran short of memory in a way that it can't recover from.
 * - "server-lost": the server that it sends its work to does not answer, or not as it should.
 * - "trapped": its code broke off in the middle (a WASM trap or abort).
 */
export type NoticeKind = "device-lost" | "context-lost" | "device-error" | "out-of-memory" | "trapped" | "server-lost";
