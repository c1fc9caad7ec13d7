// The real WASM backend with a few MB left. Whatever finds no room there is an error or a right result, never another number.
import "@tensorflow/tfjs-backend-wasm";
import { backend, memory } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { loadEngineModel } from "../../../workers/engines/tfjs/engine-model.js";
import { limitKernels } from "../../../workers/engines/tfjs/wasm-kernel-limits.js";
import { wasmHeap, type WasmHeap } from "../../../workers/engines/tfjs/wasm-heap.js";
import type { WasmMemory } from "../../../workers/engines/tfjs/wasm-memory.js";
import { EngineBroken, type EngineModel, type NamedOutputs } from "../../../workers/runtime/engine.js";
import { rejected } from "../../fixtures/caught.js";
import { GraphModel, windowAttr } from "../../fixtures/graph-model.js";
import { hungryModels, noiseFor, type HungryModel } from "../../fixtures/hungry-models.js";
import { freshWasm } from "../../fixtures/wasm-in-node.js";

const MB = 2 ** 20;
/** The heap's size at its start, beyond which it may not grow here. */
const HEAP_BYTES = 16 * MB;
const BLOCK_BYTES = MB / 16;
const traits = { readBackAliases: false, copiesUploads: true, isSynchronous: true };

const T = { T: { type: "DT_FLOAT" } };
const int32 = { type: "DT_INT32" };
const models = hungryModels(0.15);
const small = hungryModels(0.001)[0]!;

function load({ artifacts }: HungryModel, { watch }: WasmMemory): Promise<EngineModel> {
  return loadEngineModel(inspectModel(structuredClone(artifacts), true, false).wire, traits, watch);
}

async function runOnce(model: HungryModel, watched: WasmMemory): Promise<NamedOutputs> {
  const loaded = await load(model, watched);
  try {
    return await loaded.run(noiseFor(model));
  } catch (thrown) {
    if (thrown instanceof EngineBroken) loaded.dispose = () => {};
    throw thrown;
  } finally {
    loaded.dispose();
  }
}

function heap(): WasmHeap {
  const found = wasmHeap();
  if (found === undefined) throw new Error("expected the WASM backend");
  return found;
}

/** Fill the heap until one piece of this size is left. @returns the addresses of what fills it. */
function leave(bytes: number): number[] {
  const filling: number[] = [];
  try {
    for (;;) filling.push(heap()._malloc(BLOCK_BYTES));
  } catch {
    filling.sort((one, other) => one - other);
  }
  for (const address of filling.splice(-Math.floor(bytes / BLOCK_BYTES))) heap()._free(address);
  return filling;
}

beforeAll(limitKernels);

it(
  "is an error or the right result, for any kernel and any room, and the backend is whole or broken for good",
  { timeout: 60_000 },
  async () => {
    const ample = await freshWasm();
    const right = new Map<HungryModel, NamedOutputs>();
    for (const model of [small, ...models]) right.set(model, await runOnce(model, ample));
    const seen = { right: 0, refused: 0, broken: 0 };
    const kinds = new Set<string>();
    let tight = await freshWasm(HEAP_BYTES);
    for (const model of models) {
      for (const room of [0.4, 1, 2, 4]) {
        const filling = leave(room * MB);
        const tensorsBefore = memory().numTensors;
        try {
          expect(await runOnce(model, tight), `${model.title} in ${room} MB`).toEqual(right.get(model));
          seen.right++;
        } catch (thrown) {
          if (!(thrown instanceof ShardError)) throw thrown;
          expect(thrown, `${model.title} in ${room} MB`).toMatchObject({ code: "out-of-memory" });
          kinds.add(model.title);
          if (thrown instanceof EngineBroken) {
            seen.broken++;
            expect(thrown.notice).toBe("out-of-memory");
            tight = await freshWasm(HEAP_BYTES);
            continue;
          }
          seen.refused++;
        }
        expect(memory().numTensors).toBe(tensorsBefore);
        for (const address of filling) heap()._free(address);
        expect(await runOnce(small, tight)).toEqual(right.get(small));
      }
    }
    expect(kinds.size).toBeGreaterThanOrEqual(20);
    for (const count of Object.values(seen)) expect(count).toBeGreaterThanOrEqual(5);
  },
);

/** A model of one input and whatever reads it, and the input's shape. */
function modelOf(shape: readonly number[], build: (model: GraphModel, x: string) => string): HungryModel {
  const model = new GraphModel();
  return { title: "", shape, artifacts: model.artifacts(build(model, model.input("x", shape))) };
}

it("refuses a tensor that 32-bit addresses can't reach, and leaves no data of a kernel that broke off", async () => {
  const watched = await freshWasm();
  // The kernel of matrix products leaves what it has reshaped.
  const vast = modelOf([70_000, 1], (m, x) =>
    m.node("MatMul", [x, m.node("Transpose", [x, m.integers([1, 0])], { ...T, Tperm: int32 })]),
  );
  await rejected("out-of-memory", runOnce(vast, watched), "18693 MB");
  const before = [memory().numTensors, backend().numDataIds()];
  await rejected("out-of-memory", runOnce(vast, watched));
  expect([memory().numTensors, backend().numDataIds()]).toEqual(before);
  expect(await runOnce(small, watched)).toBeDefined();
});

it("gives back the weights that a kernel had reshaped when it broke off", async () => {
  const watched = await freshWasm();
  const wide = modelOf([70_000, 1], (m, x) => m.node("MatMul", [x, m.weight([1, 20_000])]));
  const before = backend().numDataIds();
  const loaded = await load(wide, watched);
  for (let call = 0; call < 3; call++) await rejected("out-of-memory", loaded.run(noiseFor(wide)));
  loaded.dispose();
  expect(backend().numDataIds()).toBe(before);
});

it("refuses a convolution whose table of pixels is larger than 32-bit code can count", async () => {
  const watched = await freshWasm();
  const wide = modelOf([1, 1100, 1100, 1], (m, x) =>
    m.node("Conv2D", [x, m.weight([31, 31, 1, 1])], windowAttr("SAME")),
  );
  await rejected("out-of-memory", runOnce(wide, watched), "4436 MB");
  expect(await runOnce(small, watched)).toBeDefined();
});

it("is broken by a trap, and not for want of memory if there was plenty", async () => {
  const { watch } = await freshWasm();
  const error = await rejected(
    "model-failed",
    watch(async () => heap()._free(2 ** 31)),
    "trap",
  );
  expect(error).toBeInstanceOf(EngineBroken);
  expect(error).toMatchObject({ notice: "trapped" });
});

it("fails where a kernel prints that it failed, instead of returning what was in the memory", async () => {
  const watched = await freshWasm();
  const unable = modelOf([2, 2], (m, x) =>
    m.node("Softplus", [m.node("Greater", [x, m.scalar(0)])], { T: { type: "DT_BOOL" } }),
  );
  await rejected("model-failed", runOnce(unable, watched), "Softplus");
  expect(await runOnce(small, watched)).toBeDefined();
});

it("leaves no tensors of an asynchronous graph that fails half-way", async () => {
  const watched = await freshWasm();
  const halfway = modelOf([4, 4], (m, x) => {
    const where = m.node("Where", [m.node("Greater", [x, m.scalar(0.5)])], { T: { type: "DT_BOOL" } });
    return m.node("Reshape", [where, m.integers([3, 1000])], { ...T, Tshape: int32 });
  });
  const loaded = await load(halfway, watched);
  const before = memory().numTensors;
  for (let call = 0; call < 3; call++) await expect(loaded.run(noiseFor(halfway))).rejects.toThrow(/shape|size/i);
  expect(memory().numTensors).toBe(before);
  loaded.dispose();
});

it("refuses weights that don't fit beside what is held, before they are expanded", async () => {
  const watched = await freshWasm();
  const dense = models.find(({ title }) => title === "a dense layer")!;
  const { wire } = inspectModel(structuredClone(dense.artifacts), true, false);
  const held = await loadEngineModel(wire, { ...traits, maxTensorBytes: memory().numBytes + MB }, watched.watch);
  const before = backend().numDataIds();
  await rejected(
    "out-of-memory",
    loadEngineModel(wire, { ...traits, maxTensorBytes: memory().numBytes + MB / 4 }, watched.watch),
    "1 MB beside",
  );
  expect(backend().numDataIds()).toBe(before);
  held.dispose();
});
