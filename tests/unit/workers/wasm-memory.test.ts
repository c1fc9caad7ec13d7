// The real WASM backend with a few MB left. Whatever finds no room there is an error or a right result, never another number.
import "@tensorflow/tfjs-backend-wasm";
import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { inspectModel } from "../../../src/model/inspect.js";
import { loadEngineModel } from "../../../workers/engines/tfjs/engine-model.js";
import { wasmHeap, type WasmHeap } from "../../../workers/engines/tfjs/wasm-heap.js";
import type { WasmMemory } from "../../../workers/engines/tfjs/wasm-memory.js";
import { EngineBroken, type EngineModel, type NamedOutputs } from "../../../workers/runtime/engine.js";
import { hungryModels, noiseFor, type HungryModel } from "../../fixtures/hungry-models.js";
import { freshWasm } from "../../fixtures/wasm-in-node.js";

const MB = 2 ** 20;
/** The heap's size at its start, beyond which it may not grow here. */
const HEAP_BYTES = 16 * MB;
const BLOCK_BYTES = MB / 16;
const traits = { readBackAliases: false, copiesUploads: true, isSynchronous: true };

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

it("is an error or the right result, for any kernel and any room, and the backend is whole or broken for good", async () => {
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
  console.log(seen, kinds.size);
  expect(kinds.size).toBeGreaterThanOrEqual(20);
  for (const count of Object.values(seen)) expect(count).toBeGreaterThanOrEqual(5);
}, 60000);
