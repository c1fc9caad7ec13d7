import { ShardError } from "../../../src/core/errors.js";
import type { RemoteInterface } from "../../../src/model/remote/match-interface.js";
import type { ServerAnswer, ServerClient } from "../../../src/model/remote/server-client.js";
import { elementCountOf } from "../../../src/protocol/tensors.js";
import type { NamedInputs, NamedOutputs } from "../../runtime/engine.js";
import { BadAnswer, decodeAnswer } from "./decode-answer.js";
import { encodeRequest } from "./encode-request.js";
import type { RequestWindow } from "./request-window.js";
import { retryAfterMs } from "./retry-after.js";

/** A server that refuses so often in a row, or for so long, is lost for now: others compute meanwhile. */
const MOST_REFUSALS = 8;
const MOST_PAUSE_MS = 10_000;
/** Of answers with the status 500 in a row: by then it is hardly the items' fault. */
const MOST_FAILURES = 3;
/** An answer may be so large where sizes of outputs are free. */
const MOST_ANSWER_BYTES = 2 ** 30;
/** What a number takes in JSON, at most, and what stands around numbers. */
const MOST_BYTES_PER_NUMBER = 32;
const MOST_JSON_BYTES = 2 ** 20;

/** What a server answers with that has no binary tensors, or where its own code fails. */
const MAY_LACK_BINARY: ReadonlySet<number> = new Set([400, 406, 411, 415, 422, 500, 501]);

/** Sends inference requests to one server, as many at once as it takes. */
export class RequestSender {
  readonly #client: ServerClient;
  readonly window: RequestWindow;
  /** Whether it takes binary tensors; `undefined` until that is known. */
  #isBinary: boolean | undefined;
  #failureCount = 0;

  /**
   * @param takesBinary whether the server lists the extension. Where it does not, that is tried: there are servers that have it, and list
   *        others only.
   */
  constructor(client: ServerClient, window: RequestWindow, takesBinary: boolean | undefined) {
    this.#client = client;
    this.window = window;
    this.#isBinary = takesBinary === true ? true : undefined;
  }

  /**
   * One request, sent again as long as the server says that it is too busy.
   * @param itemCount of the request, ≥ 1.
   * @throws ShardError "model-failed" for a request that the server refuses or fails on, "out-of-memory" if it is too large for it; "aborted";
   *         "server-…" if the server is lost.
   */
  async send(
    bindings: RemoteInterface,
    inputs: NamedInputs,
    itemCount: number,
    signal: AbortSignal,
  ): Promise<NamedOutputs> {
    let isBinary = this.#isBinary ?? true;
    for (;;) {
      const pass = await this.window.enter(signal);
      let answer: ServerAnswer | undefined;
      try {
        answer = await this.#ask(bindings, inputs, itemCount, isBinary, signal);
      } finally {
        if (answer === undefined) pass.dropped();
      }
      const { status } = answer;
      if (status === 429 || status === 503) {
        const askedMs = retryAfterMs(answer.headers.get("Retry-After"), Date.now());
        pass.refused(askedMs);
        if ((askedMs ?? 0) > MOST_PAUSE_MS || this.window.refusalCount >= MOST_REFUSALS) throw this.#busy(answer);
        continue;
      }
      if (status !== 200) {
        pass.dropped();
        if (isBinary && this.#isBinary === undefined && MAY_LACK_BINARY.has(status)) {
          isBinary = false;
          continue;
        }
        throw this.#failure(answer, itemCount);
      }
      pass.answered(itemCount);
      const outputs = this.#decode(answer, bindings);
      this.#isBinary ??= isBinary;
      this.#failureCount = 0;
      return outputs;
    }
  }

  #ask(
    bindings: RemoteInterface,
    inputs: NamedInputs,
    itemCount: number,
    isBinary: boolean,
    signal: AbortSignal,
  ): Promise<ServerAnswer> {
    const { body, headers } = encodeRequest(bindings, inputs, isBinary);
    const mostBytes = mostAnswerBytes(bindings, itemCount);
    return this.#client.ask(`${this.#client.address.modelUrl}/infer`, { body, headers, signal, mostBytes });
  }

  #decode({ bytes, headers }: ServerAnswer, { outputs }: RemoteInterface): NamedOutputs {
    const stated = headers.get("Inference-Header-Content-Length");
    try {
      const length = stated === null ? undefined : Number(stated);
      if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0 && length <= bytes.length)) {
        throw new BadAnswer(`JSON of ${stated} bytes`, `an answer of ${bytes.length}`);
      }
      return decodeAnswer(bytes, length, outputs);
    } catch (thrown) {
      if (!(thrown instanceof BadAnswer)) throw thrown;
      const { expected, received } = thrown;
      throw this.#client.failure(
        "server-failed",
        expected,
        received,
        "its items are computed elsewhere; check that the address is that of this model",
        thrown,
      );
    }
  }

  #busy(answer: ServerAnswer): ShardError {
    return this.#client.failure(
      "server-busy",
      "room for another request",
      this.#said(answer),
      "its items are computed elsewhere, and it is tried again later; give it more replicas, or set a lower maxInFlight",
    );
  }

  /** What the status of a request that failed means. */
  #failure(answer: ServerAnswer, itemCount: number): ShardError {
    const { status } = answer;
    const fail = this.#client.failure.bind(this.#client);
    const said = this.#said(answer);
    if (status === 413) {
      return fail(
        "out-of-memory",
        `room for ${itemCount} items in a request`,
        said,
        "smaller ones are sent; set maxBatch",
      );
    }
    if (status === 401 || status === 403 || status === 407) {
      return fail(
        "server-refused",
        "outputs",
        said,
        "pass the headers that it asks for: { headers: { Authorization: … } }",
      );
    }
    if (status === 404 || status === 405 || status === 410) {
      return fail(
        "server-refused",
        "outputs",
        said,
        "check that the model is still there, under this name and version",
      );
    }
    if (status >= 400 && status < 500) {
      return fail("model-failed", "outputs", said, "check these inputs; the server takes others");
    }
    if (status === 500 && ++this.#failureCount < MOST_FAILURES) {
      return fail("model-failed", "outputs", said, "these items are tried elsewhere; see the server's log");
    }
    return fail("server-failed", "outputs", said, "its items are computed elsewhere; see the server's log");
  }

  #said(answer: ServerAnswer): string {
    const quoted = this.#client.quote(answer);
    return `the status ${answer.status}${quoted === "" ? "" : ` ("${quoted}")`}`;
  }
}

/** What the outputs of so many items may take. */
function mostAnswerBytes({ outputs }: RemoteInterface, itemCount: number): number {
  let count = 0;
  for (const { shape, element } of outputs) {
    const isOpen = shape === undefined || element === "string" || shape.slice(1).includes(-1);
    if (isOpen) return MOST_ANSWER_BYTES;
    count += elementCountOf(shape.map((size) => (size === -1 ? itemCount : size)));
  }
  return MOST_JSON_BYTES + MOST_BYTES_PER_NUMBER * count;
}
