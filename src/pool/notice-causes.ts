import type { DeathCause } from "../core/death-cause.js";
import type { NoticeKind } from "../protocol/notice-kind.js";

/** Why a worker that posted a notice ends. */
export const NOTICE_CAUSES: Readonly<Record<NoticeKind, DeathCause>> = {
  "device-lost": "device-lost",
  "device-error": "device-lost",
  "context-lost": "context-lost",
  "out-of-memory": "out-of-memory",
  trapped: "trapped",
  "server-lost": "server-lost",
};
