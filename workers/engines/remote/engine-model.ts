import { ShardError } from "../../../src/core/errors.js";
import type { RemoteInterface } from "../../../src/model/remote/match-interface.js";
import { allocateTensor, viewRows, writeRows } from "../../../src/protocol/rows.js";
import { tensorBytes, type Tensor } from "../../../src/protocol/tensors.js";
import {
  EngineBroken,
  type BatchRows,
  type EngineModel,
  type NamedInputs,
  type NamedOutputs,
} from "../../runtime/engine.js";
import type { RequestSender } from "./request-sender.js";

/** Where neither the caller nor the server sets a limit, a request has at most so many items, in so many bytes either way. */
const USUAL_MOST_ITEMS = 1024;
const USUAL_MOST_BYTES = 4 * 2 ** 20;

const NEVER = new AbortController().signal;

/** A model that a server holds. @param mostItems in one request; `Infinity` without a limit. */
export function remoteModel(bindings: RemoteInterface, sender: RequestSender, mostItems: number): EngineModel {
  /** Bytes of an item's outputs, once they have been seen. */
  let outputBytes = 0;
  /** Outputs of a part have been seen that had no row for each item: only one request of all items gives what they are. */
  let isWhole = false;
  /** Lowered where the server has said that a request was too large. */
  let limit = mostItems;

  const send = async (inputs: NamedInputs, itemCount: number, signal: AbortSignal): Promise<NamedOutputs> => {
    try {
      return await sender.send(bindings, inputs, itemCount, signal);
    } catch (thrown) {
      if (!(thrown instanceof ShardError)) throw thrown;
      const { code, message, cause, retryAfterMs } = thrown;
      if (code === "out-of-memory") limit = Math.max(1, Math.floor(itemCount / 2));
      throw isOfServer(code) ? new EngineBroken("server-lost", message, { code, cause, retryAfterMs }) : thrown;
    }
  };

  const itemsPerRequest = (inputs: NamedInputs, { itemCount, names }: BatchRows): number => {
    const inputBytes = [...names].reduce((sum, name) => sum + tensorBytes(inputs[name]!), 0) / itemCount;
    const byBytes = Math.max(1, Math.floor(USUAL_MOST_BYTES / Math.max(1, inputBytes, outputBytes)));
    const most = Math.min(limit, limit === Infinity ? Math.min(USUAL_MOST_ITEMS, byBytes) : limit);
    // As many requests as are worth sending at once, of like sizes.
    const requestCount = Math.max(Math.ceil(itemCount / most), Math.min(itemCount, sender.window.limit));
    return Math.ceil(itemCount / requestCount);
  };

  return {
    onlyReadsInputs: true,
    run: (inputs, _onSubmitted, signal = NEVER) => send(inputs, 1, signal),

    async runRows(inputs, rows, turn) {
      const { itemCount, names } = rows;
      if (isWhole && itemCount <= limit) {
        const whole = send(inputs, itemCount, turn.signal);
        turn.handOver();
        return whole;
      }
      const size = itemsPerRequest(inputs, rows);
      const stop = new AbortController();
      turn.signal.addEventListener("abort", () => stop.abort(), { once: true });
      const gathered = new Map<string, Tensor>();
      const ask = async (first: number, count: number): Promise<void> => {
        const part = Object.entries(inputs).map(([name, tensor]) => [
          name,
          names.has(name) ? viewRows(tensor, first, count) : tensor,
        ]);
        const outputs = await send(Object.fromEntries(part), count, stop.signal);
        outputBytes = Object.values(outputs).reduce((sum, tensor) => sum + tensorBytes(tensor), 0) / count;
        for (const [name, tensor] of Object.entries(outputs)) {
          if (!gather(gathered, name, tensor, { first, count, itemCount })) throw new WithoutRows(name, tensor);
        }
      };
      const asked: Promise<void>[] = [];
      for (let first = 0; first < itemCount; first += size) asked.push(ask(first, Math.min(size, itemCount - first)));
      const all = Promise.all(asked);
      // They enter the window in order, so that what follows waits behind them.
      turn.handOver();
      try {
        await all;
      } catch (thrown) {
        if (!(thrown instanceof WithoutRows)) throw thrown;
        if (itemCount > limit) throw thrown.error(limit);
        const whole = await send(inputs, itemCount, turn.signal);
        // One answer in parts may have been wrong.
        isWhole = !Object.values(whole).every(({ shape }) => shape[0] === itemCount);
        return whole;
      } finally {
        stop.abort();
      }
      return Object.fromEntries(gathered);
    },

    dispose() {},
  };
}

interface Rows {
  readonly first: number;
  readonly count: number;
  readonly itemCount: number;
}

/** An output of some of the items has no row for each of them, or rows unlike the others. */
class WithoutRows extends Error {
  readonly #name: string;
  readonly #shape: readonly number[];

  constructor(name: string, { shape }: Tensor) {
    super();
    this.#name = name;
    this.#shape = shape;
  }

  error(limit: number): ShardError {
    return new ShardError(
      "model-failed",
      `Expected the output "${this.#name}" to have a row for each item, since requests are limited to ${limit} of them, received the shape [${this.#shape.join(", ")}]: raise maxBatch.`,
    );
  }
}

/** Write the rows of a part to their places. @returns false if the part has no row for each item, or other rows than the others. */
function gather(gathered: Map<string, Tensor>, name: string, rows: Tensor, { first, count, itemCount }: Rows): boolean {
  if (count === itemCount) {
    gathered.set(name, rows);
    return true;
  }
  if (rows.shape[0] !== count) return false;
  const shape = [itemCount, ...rows.shape.slice(1)];
  const target = gathered.get(name) ?? allocateTensor(rows.dtype, shape);
  if (target.dtype !== rows.dtype || target.shape.join() !== shape.join()) return false;
  gathered.set(name, target);
  writeRows(target, first, rows);
  return true;
}

function isOfServer(code: ShardError["code"]): code is Extract<ShardError["code"], `server-${string}`> {
  return code.startsWith("server-");
}
