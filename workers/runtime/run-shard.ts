import type { Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../src/core/errors.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import { joinItems, sameShape, type ShardOutput } from "../../src/protocol/outputs.js";
import { concatRows, sliceRows } from "../../src/protocol/rows.js";
import type { InputTensor, Tensor } from "../../src/protocol/tensors.js";
import type { RunRequest } from "../../src/protocol/worker-api.js";
import type { LoadedModel } from "./load-model.js";
import { fromTfTensor, toTfTensor } from "./tf-tensors.js";

/** How often a running item-by-item shard lets a cancel in, ms. */
const CANCEL_CHECK_MS = 20;

export interface ShardRunner {
  /**
   * Run one shard; leaves no tensor behind, whatever happens.
   * @param isCancelled asked between items after `pause` has let pending messages in.
   * @throws ShardError "aborted" where it was; whatever TF.js throws otherwise.
   */
  run(
    request: RunRequest,
    isCancelled: () => boolean,
    pause: () => Promise<void>,
  ): Promise<Record<string, ShardOutput>>;
}

export function createShardRunner(wire: WireModel, model: LoadedModel, mustCopy: boolean): ShardRunner {
  /** `undefined` until a probe has told; declared batch axes are believed until a call fails. */
  let isBatchable = wire.needsBatchProbe ? undefined : true;

  async function call(inputs: Readonly<Record<string, InputTensor>>): Promise<Tensor[]> {
    const feeds = wire.inputs.map((spec) => toTfTensor(inputs[spec.name]!, spec.dtype));
    let results: TfTensor[] = [];
    try {
      results = await model.execute(feeds);
      return await Promise.all(
        results.map((result) => fromTfTensor(result, mustCopy || model.weightIds.has(result.id))),
      );
    } finally {
      for (const each of [...feeds, ...results]) if (!model.weightIds.has(each.id)) each.dispose();
    }
  }

  async function callWhole(request: RunRequest): Promise<Record<string, ShardOutput> | undefined> {
    const results = await call(request.inputs);
    if (!results.every((result) => result.shape.length > 0 && result.shape[0] === request.itemCount)) {
      return undefined;
    }
    return byName(results, (tensor) => ({
      kind: "dense",
      tensor,
      itemShape: [1, ...tensor.shape.slice(1)],
    }));
  }

  async function callSingly(request: RunRequest, isCancelled: () => boolean, pause: () => Promise<void>) {
    const perOutput: Tensor[][] = wire.outputs.map(() => []);
    let checkedAtMs = performance.now();
    for (let item = 0; item < request.itemCount; item++) {
      if (performance.now() - checkedAtMs > CANCEL_CHECK_MS) {
        await pause();
        checkedAtMs = performance.now();
        if (isCancelled()) throw new ShardError("aborted", "The attempt was cancelled while it ran.");
      }
      const inputs = { ...request.inputs };
      for (const name of request.batchedInputs) inputs[name] = sliceRows(request.inputs[name]!, item, 1);
      (await call(inputs)).forEach((tensor, output) => perOutput[output]!.push(tensor));
    }
    return byName(perOutput, joinItems);
  }

  function byName<T>(values: readonly T[], make: (value: T) => ShardOutput): Record<string, ShardOutput> {
    return Object.fromEntries(wire.outputs.map((spec, i) => [spec.name, make(values[i]!)]));
  }

  /**
   * Whether a batch gives what single runs give, as far as two items can tell: the first one, and another made from
   * it. Different outputs for the first one alone and in company, or an output without a row for each, mean that it
   * does not; `undefined` where no other item could be made.
   */
  async function probe(request: RunRequest): Promise<boolean | undefined> {
    const alone = { ...request.inputs };
    const paired = { ...request.inputs };
    let isTelling = false;
    for (const name of request.batchedInputs) {
      const item = sliceRows(request.inputs[name]!, 0, 1);
      const other = unlike(item);
      isTelling ||= other !== item;
      alone[name] = item;
      paired[name] = concatRows([item, other]);
    }
    if (!isTelling) return undefined;
    const expected = await call(alone);
    let received: Tensor[];
    try {
      received = await call(paired);
    } catch {
      return false;
    }
    return received.every((pair, output) => {
      const single = expected[output]!;
      const isRow =
        single.shape[0] === 1 && pair.shape[0] === 2 && sameShape(single.shape.slice(1), pair.shape.slice(1));
      return isRow && isClose(sliceRows(pair, 0, 1), single);
    });
  }

  return {
    async run(request, isCancelled, pause) {
      if (request.mode === "item-by-item") return callSingly(request, isCancelled, pause);
      isBatchable ??= await probe(request);
      if (!isBatchable) return callSingly(request, isCancelled, pause);
      try {
        const outputs = await callWhole(request);
        if (outputs !== undefined) return outputs;
      } catch (thrown) {
        // A batch axis that is declared but not meant: some models reshape to a fixed batch inside.
        if (request.itemCount === 1) throw thrown;
        const outputs = await callSingly(request, isCancelled, pause).catch(() => undefined);
        if (outputs === undefined) throw thrown;
        // Or it was a passing failure, such as a GPU short of memory: then batches go on.
        isBatchable = (await probe(request)) ?? true;
        return outputs;
      }
      isBatchable = false;
      return callSingly(request, isCancelled, pause);
    },
  };
}

/** Far above rounding on any backend, far below what mixing up items does. */
const PROBE_TOLERANCE = 1e-3;

function isClose(a: Tensor, b: Tensor): boolean {
  if (a.dtype === "string" || b.dtype === "string") return a.data.join() === b.data.join();
  const [received, expected]: [ArrayLike<number>, ArrayLike<number>] = [a.data, b.data];
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]!));
  for (let i = 0; i < expected.length; i++) {
    const isSame = Object.is(received[i], expected[i]);
    if (!isSame && !(Math.abs(received[i]! - expected[i]!) <= PROBE_TOLERANCE * largest)) return false;
  }
  return true;
}

/** Another item of the same kind: the elements rotated, or changed where they are all alike; itself where it has none. */
function unlike<T extends InputTensor>(item: T): T {
  const { data } = item;
  if (Array.isArray(data)) {
    const turned = [...data.slice(1), ...data.slice(0, 1)];
    const isSame = turned.every((text, i) => text === data[i]);
    return data.length === 0 ? item : { ...item, data: isSame ? turned.map((text) => `${text}x`) : turned };
  }
  if (data.length === 0) return item;
  const turned = data.slice();
  turned.set(data.subarray(1));
  turned[data.length - 1] = data[0]!;
  const isSame = turned.every((value, i) => Object.is(value, data[i]));
  return { ...item, data: isSame ? turned.map((value) => (item.dtype === "bool" ? 1 - value : value + 1)) : turned };
}
