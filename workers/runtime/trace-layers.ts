import { ShardError } from "../../src/core/errors.js";
import { messageOf } from "../../src/protocol/error-record.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import { copyTensor } from "../../src/protocol/rows.js";
import { isShared } from "../../src/protocol/share-tensor.js";
import type { InputTensor } from "../../src/protocol/tensors.js";
import type { TracedLayer, TraceRequest, TraceResult } from "../../src/protocol/worker-api.js";
import type { Checkpoint } from "./attempt-queue.js";
import {
  EngineBroken,
  type Engine,
  type EngineModel,
  type MeasuredRun,
  type NamedInputs,
  type NamedOutputs,
} from "./engine.js";
import { fitTransfer, type WholeCall } from "./fit-transfer.js";

/** How long the whole calls of a layer may compute, ms. For heavier layers the time of a transfer is lost in the noise. */
const WHOLE_CALLS_MS = 10;
const MAX_WHOLE_CALLS = 3;

/**
 * Run a model layer by layer. Each layer is loaded as its own stage and dropped after its runs, so that the weights of at
 * most one layer are held. Activations are kept until the last layer that reads them has run.
 *
 * @param checkpoint called before each layer.
 * @throws ShardError "aborted" if the checkpoint throws it. A layer that fails ends the trace without an error.
 */
export async function traceLayers(
  engine: Engine,
  { layers, inputs, runCount }: Pick<TraceRequest, "layers" | "inputs" | "runCount">,
  checkpoint: Checkpoint,
): Promise<TraceResult> {
  if (!(runCount >= 1)) throw new ShardError("internal", `Expected at least one timed run, received ${runCount}.`);
  const lastUses = lastUsesOf(layers);
  const live = new Map<string, InputTensor>(Object.entries(inputs));
  const traced: TracedLayer[] = [];
  const wholeCalls: WholeCall[] = [];
  let failure: string | undefined;
  for (const [index, wire] of layers.entries()) {
    await checkpoint();
    try {
      const { measured, wholeCall } = await traceLayer(engine, wire, {
        feeds: feedsOf(wire, live),
        runCount,
        // A poor estimate is better than none.
        minWholeCalls: wholeCalls.length === 0 ? 1 : 0,
      });
      traced.push({ ms: measured.ms, outputs: shapesOf(measured.outputs) });
      if (wholeCall !== undefined) wholeCalls.push(wholeCall);
      for (const [name, tensor] of Object.entries(measured.outputs)) live.set(name, tensor);
    } catch (thrown) {
      if (thrown instanceof EngineBroken) throw thrown;
      failure = messageOf(thrown);
      break;
    }
    for (const name of live.keys()) if ((lastUses.get(name) ?? -1) <= index) live.delete(name);
  }
  return { layers: traced, failure, transferMs: fitTransfer(wholeCalls) };
}

/** The index of the last layer that reads each tensor. */
function lastUsesOf(layers: readonly WireModel[]): Map<string, number> {
  return new Map(layers.flatMap((wire, index) => wire.inputs.map(({ name }): [string, number] => [name, index])));
}

function feedsOf(wire: WireModel, live: ReadonlyMap<string, InputTensor>): NamedInputs {
  return Object.fromEntries(
    wire.inputs.map(({ name }) => {
      const tensor = live.get(name);
      if (tensor !== undefined) return [name, tensor];
      throw new ShardError(
        "internal",
        `Expected "${name}" to have been computed by an earlier layer, received nothing.`,
      );
    }),
  );
}

interface LayerPlan {
  readonly feeds: NamedInputs;
  readonly runCount: number;
  readonly minWholeCalls: number;
}

interface LayerRuns {
  readonly measured: MeasuredRun;
  /** Left out if transfers can't be separated from computing. */
  readonly wholeCall?: WholeCall;
}

async function traceLayer(
  engine: Engine,
  wire: WireModel,
  { feeds, runCount, minWholeCalls }: LayerPlan,
): Promise<LayerRuns> {
  const model = await engine.load(wire);
  try {
    if (model.measure === undefined) {
      await model.run(toUseUp(feeds));
      return { measured: await quickestCall(model, feeds, runCount) };
    }
    const measured = await model.measure(toUseUp(feeds), runCount);
    const callCount = Math.min(MAX_WHOLE_CALLS, Math.max(minWholeCalls, Math.floor(WHOLE_CALLS_MS / measured.ms)));
    if (callCount === 0) return { measured };
    const whole = await quickestCall(model, feeds, callCount);
    const tensors = [...Object.values(feeds), ...Object.values(measured.outputs)];
    return { measured, wholeCall: { tensors, wholeMs: whole.ms, computeMs: measured.ms } };
  } finally {
    model.dispose();
  }
}

/** Time whole calls (upload, computing and read-back) and return the quickest. */
async function quickestCall(model: EngineModel, feeds: NamedInputs, callCount: number): Promise<MeasuredRun> {
  let ms = Infinity;
  let outputs: NamedOutputs = {};
  for (let call = 0; call < callCount; call++) {
    const inputs = toUseUp(feeds);
    const startMs = performance.now();
    outputs = await model.run(inputs);
    ms = Math.min(ms, performance.now() - startMs);
  }
  return { ms, outputs };
}

/** Copies, because an engine may overwrite or detach its inputs and later calls need them, too. */
function toUseUp(feeds: NamedInputs): NamedInputs {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => [name, isShared(tensor) ? tensor : copyTensor(tensor)]),
  );
}

function shapesOf(outputs: NamedOutputs): TracedLayer["outputs"] {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, dtype }]) => [name, { shape: shape.slice(), dtype }]),
  );
}
