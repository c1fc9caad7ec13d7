import { ShardError, type ShardErrorCode } from "../../core/errors.js";
import { messageOf } from "../../protocol/error-record.js";
import type { TensorSpec } from "../../protocol/model-on-wire.js";
import { serverAddress } from "./address.js";
import { contactServer } from "./contact-server.js";
import { matchInterface } from "./match-interface.js";
import { ServerClient } from "./server-client.js";
import type { ServerModel } from "./server-model.js";

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

/**
 * Ask a server what it is, whether it may be asked from this page, and whether its model is ours.
 * @param own the model that it is to run; `undefined`: any.
 * Never rejects, except with "aborted".
 */
export async function examineServer(
  { url, headers, names = {} }: TestedServer,
  own: Interface | undefined,
  signal: AbortSignal | undefined,
): Promise<ServerTest> {
  try {
    const client = new ServerClient(serverAddress(url), headers);
    const { name, model, takesBinary, maxBatch } = await contactServer(client, signal);
    if (own !== undefined) matchInterface(own, model, names, client.address.host);
    // A request without inputs is refused, if the browser lets it through to the server at all: pages of other origins need leave for it.
    const body = new TextEncoder().encode(JSON.stringify({ inputs: [] }));
    const asked = {
      "Content-Type": "application/octet-stream",
      "Inference-Header-Content-Length": String(body.length),
    };
    await client.ask(`${client.address.modelUrl}/infer`, { body, headers: asked, signal, mostBytes: MOST_BYTES });
    return { isUsable: true, message: describe(name, model, takesBinary, maxBatch), model };
  } catch (thrown) {
    if (!(thrown instanceof ShardError)) return { isUsable: false, message: messageOf(thrown), code: "internal" };
    if (thrown.code === "aborted") throw thrown;
    return { isUsable: false, message: thrown.message, code: thrown.code };
  }
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
