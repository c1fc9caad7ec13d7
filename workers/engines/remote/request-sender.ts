import type { ShardError, ShardErrorCode } from "../../../src/core/errors.js";
import type { RemoteInterface } from "../../../src/model/remote/match-interface.js";
import type { ServerAnswer, ServerClient } from "../../../src/model/remote/server-client.js";
import { retryAfterMs } from "../../../src/model/remote/retry-after.js";
import { busyByStatus, refusedByStatus, saidIn, tooLargeByStatus } from "../../../src/model/remote/status-failure.js";
import { elementCountOf } from "../../../src/protocol/tensors.js";
import type { NamedInputs, NamedOutputs } from "../../runtime/engine.js";
import { BadAnswer, decodeAnswer } from "./decode-answer.js";
import { BinaryTrial } from "./binary-trial.js";
import { encodeRequest } from "./encode-request.js";
import type { RequestWindow } from "./request-window.js";

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

/** Sends inference requests to one server, as many at once as it takes. */
export class RequestSender {
  readonly #client: ServerClient;
  readonly window: RequestWindow;
  readonly #binary: BinaryTrial;
  #failureCount = 0;

  /**
   * @param takesBinary whether the server lists the extension. Where it does not, that is tried: there are servers that have it, and list
   *        others only.
   */
  constructor(client: ServerClient, window: RequestWindow, takesBinary: boolean | undefined) {
    this.#client = client;
    this.window = window;
    this.#binary = new BinaryTrial(takesBinary);
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
    const form = this.#binary.begin();
    for (;;) {
      const pass = await this.window.enter(signal);
      let answer: ServerAnswer | undefined;
      try {
        answer = await this.#ask(bindings, inputs, itemCount, form.isBinary, signal);
      } finally {
        if (answer === undefined) pass.dropped();
      }
      const { status } = answer;
      if (status === 429 || status === 503) {
        const askedMs = retryAfterMs(answer.headers.get("Retry-After"), Date.now());
        pass.refused(askedMs);
        if ((askedMs ?? 0) > MOST_PAUSE_MS || this.window.refusalCount >= MOST_REFUSALS)
          throw busyByStatus(this.#client, answer);
        continue;
      }
      if (status !== 200) {
        pass.dropped();
        if (form.mayTryJson(status)) continue;
        throw this.#failure(answer, itemCount);
      }
      pass.answered(itemCount);
      const outputs = this.#decode(answer, bindings);
      form.succeeded();
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
      );
    }
  }

  /** What the status of a request that failed means. */
  #failure(answer: ServerAnswer, itemCount: number): ShardError {
    const { status } = answer;
    if (status === 413) return tooLargeByStatus(this.#client, answer, `${itemCount} items in a request`);
    const refused = refusedByStatus(this.#client, answer, "outputs");
    if (refused !== undefined) return refused;
    const fail = (code: ShardErrorCode, advice: string): ShardError =>
      this.#client.failure(code, "outputs", saidIn(this.#client, answer), advice);
    if (status >= 400 && status < 500) return fail("model-failed", "check these inputs; the server takes others");
    if (status === 500 && ++this.#failureCount < MOST_FAILURES) {
      return fail("model-failed", "these items are tried elsewhere; see the server's log");
    }
    return fail("server-failed", "its items are computed elsewhere; see the server's log");
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
