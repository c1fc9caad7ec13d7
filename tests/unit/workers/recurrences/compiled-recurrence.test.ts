// Oracle: the plain twin, which gives the same bits (tests/fixtures/recurrent-twin.ts). That the layers are Keras' own is shown by
// tests/unit/model/keras/recurrent.test.ts, with loops over numbers and with TF.js's own layers, on the same kernels.
import { backend, memory, tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import { seededRandom } from "../../../../src/core/random.js";
import type { RecurrentOp } from "../../../../src/model/recurrent-ops.js";
import {
  CompiledRecurrences,
  type Recurrence,
} from "../../../../workers/engines/tfjs/recurrences/compiled-recurrence.js";
import { runTwin, TWIN_ACTIVATIONS, type TwinActivation, type TwinRun } from "../../../fixtures/recurrent-twin.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

beforeAll(useWasm);

const OPS: Readonly<Record<TwinRun["kind"], RecurrentOp>> = {
  lstm: "_SharderLstm",
  gruResetAfter: "_SharderGru",
  gruResetBefore: "_SharderGru",
  simple: "_SharderRnn",
};
const GATES = { lstm: 4, gruResetAfter: 3, gruResetBefore: 3, simple: 1 };
const STATES = { lstm: 2, gruResetAfter: 1, gruResetBefore: 1, simple: 1 };
const KINDS = Object.keys(GATES) as TwinRun["kind"][];
const NAMES = Object.keys(TWIN_ACTIVATIONS) as TwinActivation[];

type Sizes = Partial<Pick<TwinRun, "batch" | "length" | "features" | "units">>;

/** A run of random sizes and options. @param seed decides all that isn't given. */
function randomRun(seed: number, kind: TwinRun["kind"], sizes: Sizes = {}): TwinRun {
  const random = seededRandom(seed);
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
  const {
    batch = pick(1, 3, 4, 33),
    length = pick(1, 2, 7),
    features = pick(1, 2, 5),
    units = pick(1, 3, 8, 13),
  } = sizes;
  const columns = GATES[kind] * units;
  const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => 2 * random() - 1);
  const isMasked = pick(true, false);
  return {
    ...{ kind, batch, length, features, units },
    activation: pick("tanh", ...NAMES),
    recurrentActivation: pick("sigmoid", ...NAMES),
    stepCount: pick(length, Math.max(1, length - 1)),
    goBackwards: pick(true, false),
    zeroOutputForMask: pick(true, false),
    x: numbers(batch * length * features),
    mask: isMasked ? Uint8Array.from({ length: batch * length }, () => Number(random() < 0.6)) : undefined,
    initialStates: pick(true, false) ? Array.from({ length: STATES[kind] }, () => numbers(batch * units)) : undefined,
    kernel: numbers(features * columns),
    recurrentKernel: numbers(units * columns),
    bias: pick(true, true, false) ? numbers(kind === "gruResetAfter" ? 2 * columns : columns) : undefined,
  };
}

/** The run as a node of the engine, on tensors of its own. */
function recurrenceOf(run: TwinRun, returnSequences: boolean): Recurrence {
  const { kind, batch, length, features, units } = run;
  const columns = GATES[kind] * units;
  return {
    ...run,
    ...{ op: OPS[kind], resetAfter: kind === "gruResetAfter", returnSequences },
    x: tensor(run.x, [batch, length, features]),
    mask: run.mask && tensor(run.mask, [batch, length], "bool"),
    initialStates: run.initialStates?.map((state) => tensor(state, [batch, units])),
    kernel: tensor(run.kernel, [features, columns]),
    recurrentKernel: tensor(run.recurrentKernel, [units, columns]),
    bias: run.bias && tensor(run.bias, run.bias.length > columns ? [2, columns] : [columns]),
  };
}

function tensorsOf({ x, mask, initialStates = [], kernel, recurrentKernel, bias }: Recurrence): TfTensor[] {
  return [
    x,
    ...(mask ? [mask] : []),
    ...initialStates,
    ...(kernel ? [kernel] : []),
    recurrentKernel,
    ...(bias ? [bias] : []),
  ];
}

function started(maxBytes?: number): CompiledRecurrences {
  const compiled = CompiledRecurrences.create(maxBytes);
  if (compiled === undefined) throw new Error("Expected WASM with SIMD in Node.");
  return compiled;
}

function expectTwin(compiled: CompiledRecurrences, run: TwinRun, returnSequences: boolean, label: string): void {
  const recurrence = recurrenceOf(run, returnSequences);
  const outputs = compiled.run(recurrence);
  const { sequence, states } = runTwin(run);
  const { batch, stepCount, units } = run;
  const last = sequence.filter((_, index) => Math.floor(index / units) % stepCount === stepCount - 1);
  const expected = [returnSequences ? sequence : last, ...states];
  expect(
    outputs?.map(({ shape }) => shape),
    label,
  ).toEqual([returnSequences ? [batch, stepCount, units] : [batch, units], ...states.map(() => [batch, units])]);
  outputs!.forEach((output, index) =>
    expect(output.dataSync(), `output ${index} of ${label}`).toEqual(expected[index]),
  );
  for (const each of [...outputs!, ...tensorsOf(recurrence)]) each.dispose();
}

describe("the compiled recurrences", () => {
  it.each(KINDS)("compute %s as their twin does, to the bit", (kind) => {
    const compiled = started();
    const before = memory();
    for (let seed = 1; seed <= 24; seed++) {
      expectTwin(compiled, randomRun(seed, kind), seed % 2 === 0, `${kind}, seed ${seed}`);
    }
    expect(memory()).toEqual(before);
  });

  it("take long sequences in parts", () => {
    for (const [index, kind] of KINDS.entries()) {
      expectTwin(started(), randomRun(index, kind, { batch: 33, length: 16, features: 300, units: 3 }), true, kind);
    }
  });

  it("pack weights once for as long as they exist, and reuse the room of others", () => {
    const compiled = started();
    const recurrence = recurrenceOf(randomRun(5, "lstm", { units: 60, features: 50 }), false);
    const discard = (outputs: TfTensor[] | undefined): void => outputs?.forEach((each) => each.dispose());
    discard(compiled.run(recurrence));
    const { heapBytes } = compiled;
    for (let call = 0; call < 8; call++) {
      // Weights that a graph computes are new ones in each call.
      const computed = { ...recurrence, recurrentKernel: recurrence.recurrentKernel.clone() };
      const fresh = {
        ...computed,
        recurrentKernel: tensor(computed.recurrentKernel.dataSync(), computed.recurrentKernel.shape),
      };
      discard(compiled.run(fresh));
      fresh.recurrentKernel.dispose();
      computed.recurrentKernel.dispose();
    }
    expect(compiled.heapBytes).toBeLessThanOrEqual(heapBytes + 2 * 4 * 4 * 64 * 110 + 2 ** 16);
    for (const each of tensorsOf(recurrence)) each.dispose();
  });

  it("refuse what finds no room, and go on with what does", () => {
    const compiled = started(2 ** 20);
    const large = recurrenceOf(randomRun(1, "lstm", { units: 400 }), false);
    const error = caught(() => compiled.run(large));
    expect(error).toBeInstanceOf(ShardError);
    expect(error).toMatchObject({ code: "out-of-memory" });
    expectTwin(compiled, randomRun(2, "lstm"), true, "after it");
  });

  it("leave to TF.js what they don't cover", () => {
    const compiled = started();
    const recurrence = recurrenceOf(randomRun(3, "lstm", { batch: 3, length: 2, features: 2, units: 3 }), true);
    const before = memory().numTensors;
    const others: Partial<Recurrence>[] = [
      { activation: "gelu" },
      { recurrentActivation: "softplus" },
      { op: "_SharderConvLstm" },
      { x: tensor(new Float32Array(0), [0, 2, 2]) },
      { x: tensor([1, 2, 3, 4], [1, 2, 2], "int32") },
      { bias: tensor([1]) },
    ];
    for (const other of others) expect(compiled.run({ ...recurrence, ...other })).toBeUndefined();
    expect(memory().numTensors).toBe(before + 3);
    expect(backend().numDataIds()).toBe(memory().numDataBuffers);
  });
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
