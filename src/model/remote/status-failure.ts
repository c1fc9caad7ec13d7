import type { ShardError } from "../../core/errors.js";
import { retryAfterMs } from "./retry-after.js";
import type { ServerAnswer, ServerClient } from "./server-client.js";

/**
 * What the status of an inference request says, where the server or something before it refuses all of them, or can't answer any.
 * @param expected instead, for the error.
 * @returns `undefined` for a status that may be this one request's fault.
 */
export function refusedByStatus(client: ServerClient, answer: ServerAnswer, expected: string): ShardError | undefined {
  const { status } = answer;
  const said = saidIn(client, answer);
  if (status === 401 || status === 403 || status === 407) {
    return client.failure(
      "server-refused",
      expected,
      said,
      "pass the headers that it asks for: { headers: { Authorization: … } }",
    );
  }
  if (status === 404 || status === 405 || status === 410) {
    return client.failure(
      "server-refused",
      expected,
      said,
      "check that the model is still there, under this name and version",
    );
  }
  if (status > 501) {
    return client.failure("server-failed", expected, said, "its items are computed elsewhere; see the server's log");
  }
  return undefined;
}

/** The server, or a gateway before it, has no room for a request now (429, 503). */
export function busyByStatus(client: ServerClient, answer: ServerAnswer): ShardError {
  return client.failure(
    "server-busy",
    "room for another request",
    saidIn(client, answer),
    "its items are computed elsewhere, and it is tried again later; give it more replicas, or set a lower maxInFlight",
    { retryAfterMs: retryAfterMs(answer.headers.get("Retry-After"), Date.now()) },
  );
}

/** A request is too large for the server, or a gateway before it (413). @param what it is, for the error. */
export function tooLargeByStatus(client: ServerClient, answer: ServerAnswer, what: string): ShardError {
  const said = saidIn(client, answer);
  return client.failure("out-of-memory", `room for ${what}`, said, "smaller ones are sent; set maxBatch");
}

/** The status, and what the server says of it. */
export function saidIn(client: ServerClient, answer: ServerAnswer): string {
  const quoted = client.quote(answer);
  return `the status ${answer.status}${quoted === "" ? "" : ` ("${quoted}")`}`;
}
