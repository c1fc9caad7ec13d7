// A hang lasts until the deadline, which is ten seconds and more.
import { expect, it } from "vitest";
import { openHarness } from "../../harness/launch.js";

it(
  "notices by its deadline that a worker hangs, gives its shards to the others, and starts it again",
  { timeout: 120_000 },
  async () => {
    const opened = await openHarness();
    const result = await opened.page.evaluate(async () => {
      const { createSharder, slow, randomNet, float32, runWhole, difference } = harness;
      const model = randomNet({ seed: 1, size: 32, depth: 3, width: 8 });
      const sharder = await createSharder({
        optimize: false,
        model,
        workers: [{ backend: "wasm" }, { backend: "wasm" }],
      });
      const codes: string[] = [];
      let isBack = false;
      sharder.addEventListener("fault", ({ detail }) => {
        if (detail.workerId !== sharder.workers[0]!.id || detail.cause !== "hung") return;
        if (detail.recoverMs === undefined) codes.push(detail.code);
        else isBack = true;
      });
      const items = float32([2000, 32, 32, 3]);
      const [first] = sharder.workers;
      // Measured workers get a shorter deadline than the one of a first run.
      let shardCount = 0;
      sharder.addEventListener("attempt", ({ detail }) => (shardCount += detail.workerId === first!.id ? 1 : 0));
      while (shardCount < 4) await sharder.predict(float32([50, 32, 32, 3]));
      // Practically for ever.
      await slow(first!.id, 1e6);
      const outputs = await sharder.predict(items);
      while (!isBack) await new Promise((resolve) => setTimeout(resolve, 10));
      const states = sharder.workers.map(({ state, restarts }) => `${state} ${restarts}`);
      await sharder.dispose();
      return { codes, states, gap: difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!) };
    });
    await opened.close();
    expect(result).toEqual({ codes: ["worker-timeout"], states: ["ready 1", "ready 0"], gap: 0 });
  },
);
