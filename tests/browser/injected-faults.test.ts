// What the port of faults does to real workers. How a job survives it is tested elsewhere.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

it.each([
  ["webgl", "loseContext", "context-lost"],
  ["webgpu", "loseDevice", "device-lost"],
] as const)("takes the GPU of a %s worker away by %s, which is reported as %s", async (backend, loss, cause) => {
  const result = await opened.page.evaluate(
    async ([backend, loss]) => {
      const { createSharder, randomNet, float32, runWhole, difference, failureOf } = harness;
      const model = randomNet({ seed: 1 });
      const sharder = await createSharder({ model, workers: [{ backend }, { backend: "wasm" }] });
      const [gpu, wasm] = sharder.workers.map(({ id }) => id);
      const fault = new Promise<{ workerId: string | undefined; cause: string }>((resolve) =>
        sharder.addEventListener("fault", ({ detail }) => resolve({ workerId: detail.workerId, cause: detail.cause })),
      );
      const refused = await failureOf(() => harness[loss](wasm!));
      await harness[loss](gpu!);
      const seen = await fault;
      const items = float32([20, 8, 8, 3]);
      const { features } = await sharder.predict(items);
      await sharder.dispose();
      return {
        cause: seen.cause,
        isOfGpu: seen.workerId === gpu,
        refused: refused?.code,
        gap: difference(features, (await runWhole("wasm", model, [items]))[0]!),
      };
    },
    [backend, loss] as const,
  );
  expect(result).toMatchObject({ cause, isOfGpu: true, refused: "invalid-options" });
  expect(result.gap).toBeLessThan(1e-4);
});

it("loads the code that injects faults with the first of them", async () => {
  const loaded: string[] = [];
  opened.page.context().on("request", (request) => loaded.push(request.url()));
  const injectors = () => loaded.filter((url) => /fault-injector/.test(url)).length;
  await opened.page.evaluate(async () => {
    const { createSharder, randomNet, float32 } = harness;
    const sharder = await createSharder({ model: randomNet({ seed: 1 }), workers: [{ backend: "cpu" }] });
    await sharder.predict(float32([20, 8, 8, 3]));
    Object.assign(globalThis, { idle: sharder });
  });
  expect(loaded.length).toBeGreaterThan(0);
  expect(injectors()).toBe(0);
  await opened.page.evaluate(async () => {
    const { idle: sharder } = globalThis as unknown as { idle: Awaited<ReturnType<typeof harness.createSharder>> };
    await harness.slow(sharder.workers[0]!.id, 2);
    await sharder.dispose();
  });
  expect(injectors()).toBe(1);
});
