// How often tensors are copied into memory that is fresh, on their way to a worker and back.
import { afterEach, expect, it, vi } from "vitest";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { echoNet } from "../../../fixtures/echo-net.js";
import { openEngine, startEngine } from "../../../fixtures/engine-sharder.js";
import { wasmEngine } from "../../../fixtures/wasm-engine.js";

const ITEM_BYTES = 2 ** 16;
const ITEM_COUNT = 600;

afterEach(() => void vi.unstubAllGlobals());

/** Counts the buffers of some size that code of this realm asks for: that of the page and of its workers. */
function countAllocations(): () => number {
  let count = 0;
  const note = (bytes: number): void => void (bytes >= ITEM_BYTES && count++);
  const counted = <T extends object>(original: T, bytesOf: (first: unknown) => number): T =>
    new Proxy(original, {
      construct(target, args: unknown[], newTarget) {
        note(bytesOf(args[0]));
        return Reflect.construct(target as unknown as new () => object, args, newTarget) as object;
      },
    });
  const ofArray = (first: unknown): number =>
    4 * (typeof first === "number" ? first : ArrayBuffer.isView(first) && "length" in first ? Number(first.length) : 0);
  vi.stubGlobal("ArrayBuffer", counted(ArrayBuffer, Number));
  vi.stubGlobal("Float32Array", counted(Float32Array, ofArray));
  return () => count;
}

const items: Tensor = {
  dtype: "float32",
  shape: [ITEM_COUNT, ITEM_BYTES / 4],
  data: Float32Array.from({ length: (ITEM_COUNT * ITEM_BYTES) / 4 }, (_, i) => i % 1013),
};

it.each([-1, 1])("uses the buffers of earlier shards again, for inputs and outputs: batch %d", async (batch) => {
  const model = echoNet([batch, ITEM_BYTES / 4]);
  const sharder = await startEngine(model, { quantumMs: 1 }, openEngine(wasmEngine));
  const shards: number[] = [];
  sharder.addEventListener("attempt", ({ detail }) => void shards.push(detail.itemCount));
  const allocations = countAllocations();
  const outputs = await sharder.predict(items);
  const count = allocations();
  vi.unstubAllGlobals();
  const [output] = Object.values(outputs);
  expect(output!.shape).toEqual(items.shape);
  const isSame = (output as typeof items).data.every((value, index) => value === items.data[index]);
  expect(isSame).toBe(true);
  // Each shard has a buffer each way, and there is one for the result. The first ones are new, and those that are larger than all before.
  expect(count, `shards of ${shards.join(", ")} items`).toBeLessThan(0.8 * shards.length);
  expect(shards.length).toBeGreaterThan(10);
});
