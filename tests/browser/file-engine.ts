// What holds for the jobs of every engine that runs models in files of its own.
import { expect, it } from "vitest";
import type { OpenPage } from "../harness/launch.js";
import type { SavedFormat } from "../harness/saved-models.js";

/** An engine, the files it runs, and the output that its models of convolutions have. */
export interface FileEngine {
  readonly format: SavedFormat;
  readonly engine: "onnx" | "litert";
  readonly output: string;
}

export const ONNX: FileEngine = { format: "onnx", engine: "onnx", output: "scores" };
export const LITERT: FileEngine = { format: "tflite", engine: "litert", output: "output_0" };

type GetPage = () => OpenPage["page"];

/** Runs of several sizes. @param settledAfter so many of them, after which memory no longer grows */
export function testMemory(
  { format, engine }: FileEngine,
  worker: { readonly backend: "wasm" | "webgpu"; readonly threads?: number | undefined },
  { runCount, settledAfter }: { readonly runCount: number; readonly settledAfter: number },
  page: GetPage,
): void {
  it(`${runCount} runs of several sizes leave nothing behind`, async () => {
    const [early, late] = await page().evaluate(
      async ({ format, engine, worker, runCount, settledAfter }) => {
        const cases = [await harness.savedCase(format, "conv"), await harness.savedCase(format, "conv", 8)];
        const model = `fixtures/${format}/conv.${format}`;
        const sharder = await harness.createSharder({ model, workers: [{ engine, ...worker }] });
        const memory = async () => Object.values(await sharder.memory())[0];
        const found = [];
        for (let run = 1; run <= runCount; run++) {
          await sharder.predict(cases[run % 2]!.inputs);
          if (run === settledAfter) found.push(await memory());
        }
        found.push(await memory());
        await sharder.dispose();
        return found;
      },
      { format, engine, worker, runCount, settledAfter },
    );
    const sizes = [early, late].map(
      (memory) => `${(((memory as { heapBytes?: number })?.heapBytes ?? 0) / 2 ** 20).toFixed(1)} MB`,
    );
    console.log(`${engine}/${worker.backend}: ${sizes[0]} after ${settledAfter} runs, ${sizes[1]} after ${runCount}`);
    expect(early).toMatchObject({ tensorCount: 1, heapBytes: expect.any(Number) });
    expect(early).not.toMatchObject({ heapBytes: 0 });
    expect(late).toEqual(early);
  });
}

/** Workers that die, and jobs that are verified, recorded and gone on with. */
export function testJobs({ format, engine, output }: FileEngine, page: GetPage): void {
  it("survives a worker that is killed and one that hangs", async () => {
    const { gap, causes } = await page().evaluate(
      async ([format, output]) => {
        const { inputs, outputs } = await harness.savedCase(format, "conv-single", 200);
        const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
        const model = `fixtures/${format}/conv-single.${format}`;
        const sharder = await harness.createSharder({ model, workers, quantumMs: 2, firstRunDeadlineMs: 1000 });
        const causes: string[] = [];
        sharder.addEventListener("fault", ({ detail }) => causes.push(detail.cause));
        const [first, second] = sharder.workers.map(({ id }) => id);
        await harness.hang(second!);
        const running = sharder.predict(inputs);
        harness.kill(first!);
        const { [output]: found } = await running;
        await sharder.dispose();
        return { gap: harness.difference(found, outputs[output]!), causes };
      },
      [format, output] as const,
    );
    expect(gap).toBeLessThan(1e-4);
    expect(causes.length).toBeGreaterThanOrEqual(2);
  });

  it("finds out which of two workers is wrong, by a third that is started for it", async () => {
    const { gap, states } = await page().evaluate(
      async ([format, output]) => {
        const { inputs, outputs } = await harness.savedCase(format, "conv", 40);
        const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
        const model = `fixtures/${format}/conv.${format}`;
        const sharder = await harness.createSharder({ model, workers, quantumMs: 2, verify: 1 });
        await sharder.predict(inputs);
        await harness.corrupt(sharder.workers[1]!.id, 0.05, 1);
        const { [output]: found } = await sharder.predict(inputs);
        const states = sharder.workers.map(({ state }) => state);
        await sharder.dispose();
        return { gap: harness.difference(found, outputs[output]!), states };
      },
      [format, output] as const,
    );
    expect(gap).toBeLessThan(1e-4);
    expect(states).toEqual([expect.stringMatching(/ready|busy/), "quarantined"]);
  });

  it("streams, verifies and keeps a journal, and a second job goes on from it", async () => {
    const result = await page().evaluate(
      async ([format, engine, output]) => {
        const { inputs, outputs } = await harness.savedCase(format, "conv", 60);
        const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
        const options = { model: `fixtures/${format}/conv.${format}`, workers, quantumMs: 2, verify: 1 } as const;
        const journal = `${engine}-${Math.random()}`;
        const first = await harness.createSharder(options);
        const controller = new AbortController();
        let doneCount = 0;
        first.addEventListener("progress", ({ detail }) => {
          doneCount = detail.completedItemCount;
          if (doneCount > 40) controller.abort();
        });
        const aborted = await harness.failureOf(() => first.predict(inputs, { journal, signal: controller.signal }));
        await first.dispose();
        const second = await harness.createSharder(options);
        const resumed = await second.predict(inputs, { journal });
        let rows = 0;
        for await (const shard of second.stream([inputs.image!, inputs.image!])) rows += shard.itemCount;
        await second.dispose();
        await harness.deleteJournal(journal);
        return { aborted: aborted?.code, rows, gap: harness.difference(resumed[output], outputs[output]!) };
      },
      [format, engine, output] as const,
    );
    expect(result).toMatchObject({ aborted: "aborted", rows: 360 });
    expect(result.gap).toBeLessThan(1e-4);
  });
}

/** The first worker, on a GPU, loses its device. */
export function testLostDevice({ format, engine, output }: FileEngine, page: GetPage): void {
  it("reports that its device is lost, and goes on with another worker", async () => {
    const { cause, gap } = await page().evaluate(
      async ([format, engine, output]) => {
        const { inputs, outputs } = await harness.savedCase(format, "conv", 20);
        const workers = [
          { engine, backend: "webgpu" },
          { engine, backend: "wasm" },
        ] as const;
        const sharder = await harness.createSharder({ model: `fixtures/${format}/conv.${format}`, workers });
        const seen = new Promise<string>((resolve) =>
          sharder.addEventListener("fault", ({ detail }) => resolve(detail.cause), { once: true }),
        );
        await harness.loseDevice(sharder.workers[0]!.id);
        const cause = await seen;
        const { [output]: found } = await sharder.predict(inputs);
        await sharder.dispose();
        return { cause, gap: harness.difference(found, outputs[output]!) };
      },
      [format, engine, output] as const,
    );
    expect(cause).toBe("device-lost");
    expect(gap).toBeLessThan(1e-4);
  });
}
