import { ShardError } from "../core/errors.js";
import { messageOf } from "../protocol/error-record.js";
import type { LinkedApi } from "../protocol/link.js";
import { openFarEnd } from "./open-far-end.js";
import type { WorkerLink } from "./worker-link.js";
import { startScript } from "./worker-scripts.js";

/** Whether this environment has Web Workers; outside browsers there are none. */
export function hasWebWorkers(): boolean {
  return typeof Worker !== "undefined";
}

/**
 * Start a Web Worker and link to it.
 * @param what the worker is for, in words for people.
 * @param spawn makes the Worker, in the literal form by which bundlers recognise its script.
 * @throws ShardError "backend-unavailable" where the browser refuses to start the script, such as for a policy of the page.
 */
export function openWebWorker<Api extends LinkedApi>(what: string, spawn: () => Worker): WorkerLink<Api> {
  let worker: Worker;
  try {
    worker = startScript(spawn);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ShardError(
      "backend-unavailable",
      `Expected the browser to start the worker script for ${what}, but it refused (${reason}): ${adviceFor(reason)}.`,
      { cause },
    );
  }
  return openFarEnd<Api>(worker);
}

/** @param reason the browser's own words. */
function adviceFor(reason: string): string {
  if (/Trusted/.test(reason)) {
    return "the page's Content-Security-Policy requires Trusted Types; allow the scripts of this library in the createScriptURL of a policy named default, or leave require-trusted-types-for out";
  }
  return "allow its address, or blob: if it is on another origin, in worker-src of the page's Content-Security-Policy, or serve copies of the scripts from the page's own origin and name their folder by setWorkerUrl";
}
