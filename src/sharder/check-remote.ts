import { serverAddress } from "../model/remote/address.js";
import type { WorkerSpec } from "../pool/worker-entries.js";

/** A model that a server holds; there is no file of it here. */
export interface RemoteModel extends Pick<WorkerSpec, "headers" | "names"> {
  /** As `url` of a worker with the backend "remote". */
  readonly remote: string;
}

/** Makes an error of what an option was to be, what it is, and what to do. */
type Invalid = (name: string, expected: string, received: unknown, advice: string) => Error;

const MAX_IN_FLIGHT = 256;
const ONLY_REMOTE = ["url", "headers", "maxBatch", "maxInFlight", "names"] as const;

export function isRemoteModel(model: unknown): model is RemoteModel {
  return typeof model === "object" && model !== null && "remote" in model;
}

/** What addresses are relative to. A sharder may itself live in a worker, where there is no document. */
function baseUrl(): string {
  return globalThis.document?.baseURI ?? location.href;
}

/** The complete address of a model on a server. @throws ShardError "invalid-options" */
export function absoluteServerUrl(url: string): string {
  return serverAddress(url, baseUrl()).modelUrl;
}

/**
 * Check what only workers with the backend "remote" take. Values of headers are never quoted.
 * @throws ShardError "invalid-options"
 */
export function checkRemote(spec: Partial<WorkerSpec>, invalid: Invalid): void {
  const { backend, url, headers, maxBatch, maxInFlight, names } = spec;
  if (backend !== "remote") {
    const given = ONLY_REMOTE.find((name) => spec[name] !== undefined);
    if (given === undefined) return;
    throw invalid(given, 'for workers with the backend "remote" only', "one for another backend", "leave it out");
  }
  serverAddress(url, baseUrl());
  checkHeaders(headers, invalid);
  if (names !== undefined && !isTexts(names)) {
    throw invalid(
      "names",
      "an object with the server's names, by those of the model",
      names,
      "leave it out if they are the same",
    );
  }
  if (maxBatch !== undefined && !(Number.isSafeInteger(maxBatch) && maxBatch >= 1)) {
    throw invalid("maxBatch", "a whole number of items ≥ 1", maxBatch, "leave it out");
  }
  if (
    maxInFlight !== undefined &&
    !(Number.isSafeInteger(maxInFlight) && maxInFlight >= 1 && maxInFlight <= MAX_IN_FLIGHT)
  ) {
    throw invalid("maxInFlight", `a whole number from 1 to ${MAX_IN_FLIGHT}`, maxInFlight, "leave it out");
  }
}

function checkHeaders(headers: unknown, invalid: Invalid): void {
  if (headers === undefined) return;
  const what = "an object with the names and values of HTTP headers, as texts";
  if (!isTexts(headers)) throw invalid("headers", what, "something else", 'pass { Authorization: "…" }');
  for (const [name, value] of Object.entries(headers)) {
    try {
      void new Headers({ [name]: value });
    } catch {
      throw invalid(
        "headers",
        what,
        `one under "${name.slice(0, 80)}" that HTTP does not allow`,
        "correct its name or value",
      );
    }
  }
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");
}
