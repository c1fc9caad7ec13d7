import { perFrame } from "../parts/frame.js";
import type { InferenceSharderElement } from "../inference-sharder-element.js";
import { readHostMessage, type FrameMessage, type HostMessage } from "./frame-protocol.js";

/** Enough for a progress bar of the embedding page. */
const STATUS_INTERVAL_MS = 100;

/**
 * The origin of the page that may control this one in a frame: the one that `?origin=` names, else the page's own.
 * @returns `undefined` if there is none: what is named is no origin, or this page is in a sandbox without an origin.
 */
export function hostOrigin(query: URLSearchParams, ownOrigin: string): string | undefined {
  const named = query.get("origin") ?? ownOrigin;
  try {
    const { origin } = new URL(named);
    // Neither "null", which any page can have in a sandbox, nor an address with a path, which may be meant to say more.
    return origin === named.replace(/\/$/, "") && /^https?:/.test(origin) ? origin : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Let the embedding page control an element by messages. Those of other origins, and of other windows than the parent, are ignored; nothing is
 * sent to any other origin.
 * @param parent the window that this one is framed by. @see FrameMessage
 */
export function listenToHost(element: InferenceSharderElement, parent: Window, origin: string): void {
  const send = (message: FrameMessage): void => parent.postMessage(message, origin);
  addEventListener("message", ({ data, origin: from, source }: MessageEvent<unknown>) => {
    if (from !== origin || source !== parent) return;
    const message = readHostMessage(data);
    if (message === undefined) return;
    const { id } = message;
    if ("refusal" in message) return send({ inferenceSharder: 1, type: "refused", id, message: message.refusal });
    carryOut(element, message);
    send({ inferenceSharder: 1, type: "reply", id, status: element.status });
  });
  const sendStatus = perFrame(
    () => send({ inferenceSharder: 1, type: "status", status: element.status }),
    STATUS_INTERVAL_MS,
  );
  for (const type of ["progress", "worker", "done", "error"] as const) element.addEventListener(type, sendStatus);
  element.addEventListener("done", ({ detail }) => send({ inferenceSharder: 1, type: "done", detail }));
  element.addEventListener("error", ({ detail: { job, error } }) =>
    send({ inferenceSharder: 1, type: "error", job, code: error.code, message: error.message }),
  );
  send({ inferenceSharder: 1, type: "ready", status: element.status });
}

function carryOut(element: InferenceSharderElement, { command, picture }: HostMessage): void {
  switch (command) {
    case "run":
      return element.run(picture);
    case "pause":
      return element.pause();
    case "resume":
      return element.resume();
    case "cancel":
      return element.cancel();
    case "status":
      return;
  }
}
