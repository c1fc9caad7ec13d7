import { ShardError, type ShardErrorCode } from "../../core/errors.js";
import { messageOf } from "../../protocol/error-record.js";
import type { TensorSpec } from "../../protocol/model-on-wire.js";
import { serverAddress } from "./address.js";
import { contactServer } from "./contact-server.js";
import { matchInterface } from "./match-interface.js";
import { ServerClient, TimeLimit, type ServerAnswer } from "./server-client.js";
import type { ServerModel } from "./server-model.js";
import { busyByStatus, refusedByStatus, tooLargeByStatus } from "./status-failure.js";

/** What a test of a server has shown. */
export interface ServerTest {
  /** Whether it can get work. Whether its numbers are right shows with its first results. */
  readonly isUsable: boolean;
  /** What it is, or what is wrong and what to do, for people. */
  readonly message: string;
  /** Of what is wrong. */
  readonly code?: ShardErrorCode;
  /** The interface that it states. */
  readonly model?: ServerModel;
}

/** A server and what it is told, as in a worker's spec. */
export interface TestedServer {
  /** Complete. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly names?: Readonly<Record<string, string>> | undefined;
}

interface Interface {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

const MOST_BYTES = 4 * 2 ** 20;
/** It has been asked before: nothing has to start. */
const MOST_MS = 10_000;

/**
 * Ask a server what it is, whether it may be asked from this page, and whether its model is ours.
 * @param own the model that it is to run; `undefined`: any.
 * Never rejects, except with "aborted".
 */
export async function examineServer(
  { url: modelUrl, headers, names = {} }: TestedServer,
  own: Interface | undefined,
  signal: AbortSignal | undefined,
): Promise<ServerTest> {
  try {
    const client = new ServerClient(serverAddress(modelUrl), headers);
    const { name, model, takesBinary, maxBatch } = await contactServer(client, signal);
    if (own !== undefined) matchInterface(own, model, names, client);
    // A request without inputs is refused, if the browser lets it through to the server at all: pages of other origins need leave for it.
    const body = new TextEncoder().encode(JSON.stringify({ inputs: [] }));
    const asked = {
      "Content-Type": "application/octet-stream",
      "Inference-Header-Content-Length": String(body.length),
    };
    const limit = new TimeLimit(MOST_MS);
    const url = `${client.address.modelUrl}/infer`;
    const answer = await client.ask(url, { body, headers: asked, signal, limit, mostBytes: MOST_BYTES });
    const failure = failureOf(client, answer);
    if (failure !== undefined) throw failure;
    return { isUsable: true, message: describe(name, model, takesBinary, maxBatch), model };
  } catch (thrown) {
    if (!(thrown instanceof ShardError)) return { isUsable: false, message: messageOf(thrown), code: "internal" };
    if (thrown.code === "aborted") throw thrown;
    return { isUsable: false, message: thrown.message, code: thrown.code };
  }
}

/** Servers refuse a request without inputs, as 400, 422 or 500. Other statuses say that one with inputs would fare no better. */
function failureOf(client: ServerClient, answer: ServerAnswer): ShardError | undefined {
  if (answer.status === 503) return busyByStatus(client, answer);
  if (answer.status === 413) return tooLargeByStatus(client, answer, "a request without items");
  return refusedByStatus(client, answer, "that it takes requests");
}

function describe(
  name: string,
  { platform, inputs }: ServerModel,
  takesBinary: boolean | undefined,
  maxBatch: number | undefined,
): string {
  const facts = [
    ...(platform === "" ? [] : [`runs the model with ${platform}`]),
    ...(inputs.length === 0
      ? ["does not say what goes in and comes out, so that only its results can be compared"]
      : []),
    takesBinary === true ? "takes binary tensors" : "does not say that it takes binary tensors, which is tried",
    ...(maxBatch === undefined ? [] : [`takes up to ${maxBatch} items in a request`]),
  ];
  return `${name} is ready: it ${facts.join(", ")}.`;
}
