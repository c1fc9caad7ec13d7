import { setBackend } from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { messageOf } from "../../../../src/protocol/error-record.js";
import type { OutputValue, Tensor } from "../../../../src/protocol/tensors.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { startEngine } from "../../../fixtures/engine-sharder.js";
import { randomGraph, type RandomGraph } from "../../../fixtures/random-graph.js";
import { runStages, runWire } from "../../../fixtures/run-wires.js";
import { sensitivity } from "../optimise/compare-optimised.js";

const ITEM_COUNT = 3;
const TOLERANCE = 1e-4;
/** So that items differ in sum, extremes, norm and sign: rows that are alike hide what mixes them. */
const ITEM_SCALES = [1, -2.5, 0.4];

/**
 * One random graph: the whole against its shards and its stages, which must be the same to the bit, and the optimised graph against the
 * one that came. A graph that mixes its items must not be split.
 */
export async function checkRandomGraph(seed: number, backend: "wasm" | "cpu"): Promise<void> {
  const graph = randomGraph(seed);
  const what = `graph ${seed} on ${backend}: ${graph.steps.join(" → ")}`;
  await setBackend(backend);
  try {
    await compareRuns(graph, seed, what, backend === "cpu");
  } catch (thrown) {
    const reason = messageOf(thrown);
    throw reason.includes(what) ? thrown : new Error(`${what}: ${reason}`, { cause: thrown });
  }
}

async function compareRuns(
  { artifacts, isMixed }: RandomGraph,
  seed: number,
  what: string,
  isSharded: boolean,
): Promise<void> {
  const wholes: Readonly<Record<string, Tensor>>[] = [];
  for (const optimize of [false, true]) {
    const { info, wire, staged } = inspectModel(structuredClone(artifacts), true, optimize);
    const inputs = differingItems(info.inputs, seed);
    const whole = await runWire(wire, inputs);
    wholes.push(whole);
    if (staged === undefined) throw new Error(`${what}: can't be cut`);
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [staged.inputKeys[name]!, tensor]));
    const cuts = staged.layers.map((_, index) => index).slice(1);
    const received = await runStages(staged.stages(cuts), feeds);
    const cut = Object.fromEntries(info.outputs.map(({ name }) => [name, received[staged.outputKeys[name]!]]));
    expectSame(cut, whole, `${what}${optimize ? ", optimised" : ""}, in stages`);
  }
  await expectClose(wholes[1]!, wholes[0]!, artifacts, what);
  // Sharders in Node run on this backend alone.
  if (isSharded) await checkShards(artifacts, wholes[0]!, seed, isMixed, what);
}

/** A sharder whose shards are single items, as far as it may split them. */
async function checkShards(
  artifacts: ModelArtifacts,
  whole: Readonly<Record<string, Tensor>>,
  seed: number,
  isMixed: boolean,
  what: string,
): Promise<void> {
  const sharder = await startEngine(artifacts, { quantumMs: 1, split: "auto" });
  try {
    const shards = await sharder.predict(differingItems(sharder.model.inputs, seed));
    expectSame(shards, whole, `${what}, in shards (${sharder.model.batchMode})`);
    if (!isMixed || sharder.model.batchMode === "whole") return;
    // Earlier steps may have made all items alike, so that what would mix them does nothing, whatever the inputs.
    const { wire } = inspectModel(structuredClone(artifacts), true, false);
    for (let other = 1; other <= 5; other++) {
      const items = differingItems(sharder.model.inputs, seed + other);
      expectSame(await sharder.predict(items), await runWire(wire, items), `${what}, split for inputs ${other}`);
    }
  } finally {
    await sharder.dispose();
  }
}

/** To the bit. */
function expectSame(
  received: Readonly<Record<string, OutputValue | undefined>>,
  wanted: Readonly<Record<string, Tensor>>,
  what: string,
): void {
  for (const [name, tensor] of Object.entries(wanted)) {
    const value = received[name];
    if (value === undefined || value.dtype === "ragged") throw new Error(`${what}: ${name} is no tensor`);
    expect(value.shape, `${what}: shape of ${name}`).toEqual(tensor.shape);
    const at = tensor.data.findIndex((each, index) => !Object.is(each, value.data[index]));
    expect(at, `${what}: ${name} differs at ${at}: ${value.data[at]}, not ${tensor.data[at]}`).toBe(-1);
  }
}

/** A badly conditioned graph is allowed as much as its own inputs' rounding can move it. */
async function expectClose(
  received: Readonly<Record<string, Tensor>>,
  wanted: Readonly<Record<string, Tensor>>,
  artifacts: ModelArtifacts,
  what: string,
): Promise<void> {
  const difference = Math.max(...Object.keys(wanted).map((name) => relativeDifference(received[name]!, wanted[name]!)));
  if (difference <= TOLERANCE) return;
  const moves = await sensitivity(artifacts, ITEM_COUNT);
  expect(difference, `${what}, where a millionth of the inputs moves it by ${moves}`).toBeLessThanOrEqual(moves);
}

function differingItems(
  specs: readonly { readonly name: string; readonly shape?: readonly number[] | undefined }[],
  seed: number,
): Record<string, Tensor> {
  const random = seededRandom(seed + 1);
  return Object.fromEntries(
    specs.map(({ name, shape = [] }) => {
      const sizes = [ITEM_COUNT, ...shape.slice(1)];
      const itemSize = sizes.slice(1).reduce((product, size) => product * size, 1);
      const data = Float32Array.from(
        { length: ITEM_COUNT * itemSize },
        (_, index) => ITEM_SCALES[Math.floor(index / itemSize)]! * (2 * random() - 0.8),
      );
      return [name, { dtype: "float32", shape: sizes, data } as const];
    }),
  );
}
