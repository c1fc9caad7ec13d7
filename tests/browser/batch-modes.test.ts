// Models of each batch mode, split by batch and by layers over real workers. The oracle is TF.js alone, on the same inputs.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

const MODES = {
  statistic: "whole",
  positions: "whole",
  seldom: "whole",
  waveform: "whole",
  ones: "item-by-item",
  threes: "groups",
} as const;
type Net = keyof typeof MODES;

it.each(["batch", "layers"] as const)("equal TF.js, run by %s on two workers", async (split) => {
  const seen = await opened.page.evaluate(
    async ({ split, names }) => {
      const { createSharder, difference, float32, mixingNets, runWhole } = harness;
      const results: Record<string, { mode: string | undefined; worst: number; shapes: string[] }> = {};
      for (const name of names) {
        const model = mixingNets[name]();
        const sharder = await createSharder({
          model,
          workers: [{ backend: "wasm" }, { backend: "wasm" }],
          split: split === "batch" ? "auto" : "layers",
          ...(name === "waveform" ? { inputs: { x: { batched: false } } } : {}),
        });
        const item = name === "waveform" ? [] : name === "threes" ? [2] : [4];
        const names = sharder.model.outputs.map((output) => output.name);
        let worst = 0;
        const shapes: string[] = [];
        for (const count of name === "threes" ? [3] : name === "ones" ? [1] : [7, 3, 1, 24]) {
          const x = float32([count, ...item], count);
          for (let i = 0; i < x.data.length; i++) x.data[i] = 3 * Number(x.data[i]) - 1;
          const whole = await runWhole("wasm", model, [x]);
          const outputs = await sharder.predict({ x });
          names.forEach((output, index) => {
            worst = Math.max(worst, difference(outputs[output], whole[index]!));
            shapes.push(whole[index]!.shape.join());
          });
        }
        // A stream yields one shard for each whole batch.
        const stream = [2, 5].map((count) => ({ x: float32([count, ...item]) }));
        if (name === "positions") {
          for await (const { itemCount } of sharder.stream(stream)) shapes.push(`shard of ${itemCount}`);
        }
        results[name] = { mode: sharder.model.batchMode, worst, shapes };
        await sharder.dispose();
      }
      return results;
    },
    { split, names: Object.keys(MODES) as Net[] },
  );
  for (const [name, mode] of Object.entries(MODES))
    expect([name, seen[name]]).toMatchObject([name, { mode, worst: 0 }]);
  // Whole batches have results of any length.
  expect(new Set(seen.positions!.shapes).size).toBeGreaterThan(4);
  expect(seen.positions!.shapes.slice(-2)).toEqual(["shard of 2", "shard of 5"]);
});

it("join the groups and single items of a larger batch, and refuse what can't be split", async () => {
  const seen = await opened.page.evaluate(async () => {
    const { createSharder, failureOf, float32, mixingNets, runWhole } = harness;
    const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
    const rows = async (name: "ones" | "threes", group: number, size: number) => {
      const model = mixingNets[name]();
      const sharder = await createSharder({ model, workers });
      const x = float32([12, size]);
      const { y } = await sharder.predict(x);
      const expected: number[] = [];
      for (let first = 0; first < 12; first += group) {
        const data = (x.data as Float32Array).slice(first * size, (first + group) * size);
        const [part] = await runWhole("wasm", model, [{ dtype: "float32", shape: [group, size], data }]);
        expected.push(...(part!.data as Float32Array));
      }
      await sharder.dispose();
      return { received: y?.dtype === "float32" ? [...y.data] : [], expected };
    };
    const refused = await failureOf(() => createSharder({ model: mixingNets.statistic(), workers, split: "batch" }));
    const unknown = await failureOf(() =>
      createSharder({ model: mixingNets.statistic(), workers, inputs: { wave: { batched: false } } }),
    );
    const wrong = await failureOf(() =>
      createSharder({ model: mixingNets.statistic(), workers, inputs: { x: { batch: 1 } } as never }),
    );
    return { ones: await rows("ones", 1, 4), threes: await rows("threes", 3, 2), refused, unknown, wrong };
  });
  for (const { received, expected } of [seen.ones, seen.threes]) expect(received).toEqual(expected);
  expect(seen.refused).toMatchObject({ code: "model-unsupported", message: expect.stringContaining("Mean") as string });
  expect(seen.unknown).toMatchObject({ code: "invalid-options", message: expect.stringContaining('"x"') as string });
  expect(seen.wrong).toMatchObject({ code: "invalid-options", message: expect.stringContaining("batched") as string });
});

it("ran without errors on the page's console", () => {
  expect(opened.errors).toEqual([]);
});
