import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BACKEND_NAMES } from "../../src/pool/worker-entries.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

/**
 * What every backend must do, in a real browser. A backend that does not start here fails the suite, so that a missing
 * one does not go unnoticed.
 *
 * Tolerances: bit-identical if kernels don't depend on the shape, otherwise relative to the largest value.
 */
const TOLERANCE = { webgpu: 1e-5, webgl: 1e-5, wasm: 0, cpu: 0 } as const satisfies Record<
  (typeof BACKEND_NAMES)[number],
  number
>;

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

describe.each(BACKEND_NAMES)("%s worker", (backend) => {
  it("starts with the requested backend, and names its device", async () => {
    const worker = await opened.page.evaluate(async (backend) => {
      const sharder = await harness.createSharder({ model: harness.randomNet({ seed: 1 }), workers: [{ backend }] });
      const [worker] = sharder.workers;
      await sharder.dispose();
      return worker!;
    }, backend);
    expect(worker).toMatchObject({ backend, state: "ready" });
    expect(worker.device).toMatch(/\S/);
    expect(worker.lastError).toBeUndefined();
  });

  it.each([
    ["several outputs and residuals", { seed: 2, residual: true, depth: 3, pooledOutput: true }],
    ["a batch fixed at 1", { seed: 3, batch: 1 as const, pooledOutput: true }],
  ])("equals TF.js on the whole batch: %s", async (_what, net) => {
    const differences = await opened.page.evaluate(
      async ({ backend, net }) => {
        const { createSharder, randomNet, float32, runWhole, difference } = harness;
        const model = randomNet(net);
        const sharder = await createSharder({ optimize: false, model, workers: [{ backend }], quantumMs: 5 });
        const input = float32([7, 8, 8, 3], 5);
        const outputs = await sharder.predict(input);
        await sharder.dispose();
        // A model fixed at 1 takes no batch, so its free twin with the same weights is the oracle.
        const whole = await runWhole(backend, randomNet({ ...net, batch: -1 }), [input]);
        return [difference(outputs.features, whole[0]!), difference(outputs.pooled, whole[1]!)];
      },
      { backend, net },
    );
    for (const difference of differences) expect(difference).toBeLessThanOrEqual(TOLERANCE[backend]);
  });

  it.each(["int32", "bool"] as const)("takes %s inputs", async (dtype) => {
    const gap = await opened.page.evaluate(
      async ({ backend, dtype }) => {
        const { createSharder, randomNet, noise, runWhole, difference } = harness;
        const model = randomNet({ seed: 4, inputDtype: dtype });
        const shape = [3, 8, 8, 3];
        const values = noise(3 * 8 * 8 * 3, 6);
        const input =
          dtype === "bool"
            ? { dtype, shape, data: Uint8Array.from(values, (value) => (value > 0.5 ? 1 : 0)) }
            : { dtype, shape, data: Int32Array.from(values, (value) => Math.round(value * 200) - 100) };
        const sharder = await createSharder({ optimize: false, model, workers: [{ backend }] });
        const outputs = await sharder.predict(input);
        await sharder.dispose();
        return difference(outputs.features, (await runWhole(backend, model, [input]))[0]!);
      },
      { backend, dtype },
    );
    expect(gap).toBeLessThanOrEqual(TOLERANCE[backend]);
  });

  it("turns bytes into numbers in the worker: byte × scale + offset", async () => {
    const gap = await opened.page.evaluate(async (backend) => {
      const { createSharder, randomNet, noise, difference } = harness;
      const sharder = await createSharder({ model: randomNet({ seed: 5 }), workers: [{ backend }] });
      const shape = [4, 8, 8, 3];
      const bytes = Uint8Array.from(noise(4 * 8 * 8 * 3, 7), (value) => value * 256);
      const asBytes = await sharder.predict({ dtype: "uint8", shape, data: bytes, scale: 2 / 255, offset: -1 });
      const floats = Float32Array.from(bytes, (byte) => byte * (2 / 255) - 1);
      const asFloats = await sharder.predict({ dtype: "float32", shape, data: floats });
      await sharder.dispose();
      const { features } = asFloats;
      if (features === undefined || features.dtype === "ragged") throw new Error("expected one tensor");
      return { gap: difference(asBytes.features, features), kept: bytes.length };
    }, backend);
    expect(gap).toEqual({ gap: 0, kept: 4 * 8 * 8 * 3 });
  });

  it("gives a side input to every call", async () => {
    const gap = await opened.page.evaluate(async (backend) => {
      const { createSharder, randomNet, float32, runWhole, difference } = harness;
      const model = randomNet({ seed: 6, sideInput: true });
      const image = float32([6, 8, 8, 3], 8);
      const shift = float32([4], 9);
      const sharder = await createSharder({ optimize: false, model, workers: [{ backend }], quantumMs: 2 });
      const outputs = await sharder.predict({ image, shift });
      await sharder.dispose();
      return difference(outputs.features, (await runWhole(backend, model, [image, shift]))[0]!);
    }, backend);
    expect(gap).toBeLessThanOrEqual(TOLERANCE[backend]);
  });

  it("leaves no tensor behind, even after a failed and a cancelled attempt", async () => {
    const result = await opened.page.evaluate(async (backend) => {
      const { createSharder, float32, failureOf, misfittingNet } = harness;
      const sharder = await createSharder({
        optimize: false,
        model: misfittingNet(),
        workers: [{ backend }],
        quantumMs: 20,
      });
      const tensorCount = async () => Object.values(await sharder.memory())[0]!.tensorCount;
      const good = { image: float32([4, 8, 8, 3]), shift: float32([4, 4]) };
      await sharder.predict(good);
      const before = await tensorCount();
      for (let run = 0; run < 5; run++) await sharder.predict(good);
      const failed = await failureOf(() => sharder.predict({ ...good, shift: float32([4, 5]) }));
      // Abort while one shard runs and another is queued.
      const controller = new AbortController();
      const many = { image: float32([600, 8, 8, 3]), shift: float32([600, 4]) };
      let attemptCount = 0;
      sharder.addEventListener("attempt", () => ++attemptCount === 3 && controller.abort());
      const aborted = await failureOf(() => sharder.predict(many, { signal: controller.signal }));
      await sharder.predict(good);
      const after = await tensorCount();
      await sharder.dispose();
      return { before, after, codes: [failed?.code, aborted?.code] };
    }, backend);
    expect(result.after).toBe(result.before);
    expect(result.codes).toEqual(["model-failed", "aborted"]);
  });

  it("reports an error of the model as a ShardError, and stays usable", async () => {
    const result = await opened.page.evaluate(async (backend) => {
      const { createSharder, float32, failureOf, misfittingNet } = harness;
      const sharder = await createSharder({ model: misfittingNet(), workers: [{ backend }] });
      const image = float32([2, 8, 8, 3]);
      const failure = await failureOf(() => sharder.predict({ image, shift: float32([2, 5]) }));
      const outputs = await sharder.predict({ image, shift: float32([2, 4]) }).catch((error: Error) => error.message);
      const states = sharder.workers.map(({ state }) => state);
      await sharder.dispose();
      return { failure, keys: typeof outputs === "string" ? outputs : Object.keys(outputs), states };
    }, backend);
    expect(result.failure).toMatchObject({ name: "ShardError", code: "model-failed" });
    expect(result.failure?.message).toMatch(/items 0 to/);
    expect(result.keys).toEqual(["shifted"]);
    expect(result.states).toEqual(["ready"]);
  });
});

it("ran without errors on the page's console", () => {
  expect(opened.errors).toEqual([]);
});
