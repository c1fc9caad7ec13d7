// The requests that the contract sends to workers, and the checks of their answers.
import type { Reply } from "../../src/protocol/error-record.js";
import type { ShardOutput } from "../../src/protocol/outputs.js";
import type { Tensor } from "../../src/protocol/tensors.js";
import type { RunInput, RunRequest, RunResult, WorkerApi } from "../../src/protocol/worker-api.js";
import { check, checkDuration, checkEqual, valueOf } from "./check.js";
import type { MakePlusOne, PlusOne } from "./plus-one.js";

export const KEY = "contract";
/** x [-1, 2] → y = x + 1 */
export const X = { input: "x", output: "y", shape: [-1, 2] } as const;
/** side [3] → z = side + 1 */
export const SIDE = { input: "side", output: "z", shape: [3] } as const;

let attemptCounter = 0;

export function floats(shape: number[], values: ArrayLike<number>): Tensor {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

export function items(...rows: readonly (readonly [number, number])[]): RunInput {
  return { kind: "dense", tensor: floats([rows.length, 2], rows.flat()), itemShape: [1, 2] };
}

export const side = (tensor: Tensor): RunInput => ({ kind: "side", tensor });

export function request(itemCount: number, inputs: RunRequest["inputs"], more: Partial<RunRequest> = {}): RunRequest {
  return {
    attemptId: `contract/${++attemptCounter}`,
    modelKey: KEY,
    priority: 0,
    itemCount,
    mode: "batched",
    inputs,
    forwardedNames: [],
    ...more,
  };
}

/** One run of two items, and the answer it expects. */
export const twoItems = (more?: Partial<RunRequest>) => request(2, { x: items([1, 2], [3, 4]) }, more);
export const twoMore = {
  kind: "dense",
  tensor: { dtype: "float32", shape: [2, 2], data: [2, 3, 4, 5] },
  itemShape: [1, 2],
};

export function checkTwoMore(reply: Reply<RunResult>): void {
  const { outputs, timing } = valueOf(reply);
  checkOutput(outputs.y, twoMore);
  checkDuration(timing.idleMs, "an idle time");
  checkDuration(timing.ranMs, "a running time");
}

export function checkOutput(received: ShardOutput | undefined, expected: unknown): void {
  check(received !== undefined, "no such output");
  checkEqual(sortKeys(received), sortKeys(expected), "an output");
}

/** Sorts keys, since JSON keeps their order. */
function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return value;
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => [key, sortKeys(each)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A run of some equal items, one by one. The worker handles messages between them. */
export function singly(itemCount: number): RunRequest {
  const tensor = floats([itemCount, 2], new Float32Array(2 * itemCount));
  return request(itemCount, { x: { kind: "dense", tensor, itemShape: [1, 2] } }, { mode: "item-by-item" });
}

/** Far more items than any engine runs before a test ends. */
const ENDLESS = 500_000;

/** Keep the worker busy until the attempt is cancelled. Resolves once the worker is busy. */
export async function occupy(api: WorkerApi): Promise<{ attemptId: string; reply: Promise<Reply<RunResult>> }> {
  const busy = singly(ENDLESS);
  const reply = api.run(busy);
  // The attempt starts with the next turn of the worker's event loop, which comes before its second answer.
  for (let turn = 0; turn < 2; turn++) valueOf(await api.memory());
  return { attemptId: busy.attemptId, reply };
}

/** Wraps a case so that it runs with a model of these parts loaded under `KEY`. */
export const withModel =
  (run: (api: WorkerApi, plusOne: MakePlusOne) => Promise<void>, parts: readonly PlusOne[] = [X]) =>
  async ({ api, plusOne }: { readonly api: WorkerApi; readonly plusOne: MakePlusOne }): Promise<void> => {
    valueOf(await api.load(KEY, plusOne(...parts)));
    await run(api, plusOne);
    valueOf(await api.unload(KEY));
  };
