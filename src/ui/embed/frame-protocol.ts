import type { DoneDetail, ErrorDetail } from "../element-events.js";
import type { JobStatus } from "../job-view.js";

/** What an embedding page can ask of the page in its frame. */
export type HostCommand = "run" | "pause" | "resume" | "cancel" | "status";

/** From the embedding page to the frame: `frame.contentWindow.postMessage(message, frameOrigin)`. */
export interface HostMessage {
  /** Version of the protocol. Messages without it are not for this page, and are ignored. */
  readonly inferenceSharder: 1;
  /** Returned with the reply. */
  readonly id?: string | number;
  readonly command: HostCommand;
  /** For "run": what to enlarge, or to run the model on. A `Blob` or a `File`. Default: what the frame has. */
  readonly picture?: Blob;
}

/**
 * From the frame to the embedding page.
 * - "ready": once, when the frame takes commands. Those that came before are lost.
 * - "reply": to each command, with its `id` and the status after it; "refused": to a message that is no command, saying why.
 * - "status": whenever the job's state has changed, or its progress; at most ten times a second.
 * - "done", "error": as the element's events. An error is sent as its code and its message.
 */
export type FrameMessage = { readonly inferenceSharder: 1 } & (
  | { readonly type: "ready" | "status"; readonly status: JobStatus }
  | { readonly type: "reply"; readonly id: string | number | undefined; readonly status: JobStatus }
  | { readonly type: "refused"; readonly id: string | number | undefined; readonly message: string }
  | { readonly type: "done"; readonly detail: DoneDetail }
  | { readonly type: "error"; readonly job: ErrorDetail["job"]; readonly code: string; readonly message: string }
);

const COMMANDS: readonly HostCommand[] = ["run", "pause", "resume", "cancel", "status"];

/** What has arrived from the embedding page: a command, a reason to refuse it, or `undefined` if it is not for this page. */
export function readHostMessage(
  data: unknown,
): HostMessage | { readonly id: string | number | undefined; readonly refusal: string } | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { inferenceSharder, id: givenId, command, picture } = data as Partial<Record<keyof HostMessage, unknown>>;
  if (inferenceSharder === undefined) return undefined;
  const id = typeof givenId === "string" || typeof givenId === "number" ? givenId : undefined;
  if (inferenceSharder !== 1) {
    return {
      id,
      refusal: `Expected version 1 of the messages, received ${inWords(inferenceSharder)}: send inferenceSharder: 1.`,
    };
  }
  const known = COMMANDS.find((name) => name === command);
  if (known === undefined) {
    return {
      id,
      refusal: `Expected a command of ${COMMANDS.join(", ")}, received ${inWords(command)}: send one of these.`,
    };
  }
  if (picture !== undefined && !(picture instanceof Blob)) {
    return { id, refusal: "Expected the picture as a Blob or a File, received something else: fetch it first." };
  }
  return {
    inferenceSharder: 1,
    command: known,
    ...(id !== undefined && { id }),
    ...(picture !== undefined && { picture }),
  };
}

/** Not every value has a text. */
function inWords(value: unknown): string {
  return typeof value === "string" || typeof value === "number"
    ? JSON.stringify(value)
    : `something of type ${typeof value}`;
}
