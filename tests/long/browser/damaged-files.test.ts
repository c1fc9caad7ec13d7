// Damaged .onnx and .tflite files by the hundred, from the file to a run, on the workers of their engines.
import { afterAll, beforeAll, expect, it } from "vitest";
import { LARGE_ONNX_CASES, onnxCases, randomOnnxCase } from "../../fuzz/onnx-cases.js";
import { randomTfliteCase, tfliteCases } from "../../fuzz/tflite-cases.js";
import type { FuzzOutcome } from "../../harness/fuzz-model.js";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { processBytes } from "../../harness/process-memory.js";
import { firstSeed, timeBoxMs } from "../for-seeds.js";

/** Limit for each case. A late case is tried again alone with twice the limit, since the machine may be busy. */
const LIMIT_MS = 5_000;
const LANE_COUNT = 2;
/** The browser itself forgets now and then how much memory a process has had, so that it is read after so many cases. */
const CASES_PER_LOOK = 10;
/** However little time there is. */
const LEAST_RANDOM = 300;

interface Case {
  readonly name: string;
  readonly make: () => Uint8Array;
}

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness({ ownBrowser: true });
});
afterAll(async () => {
  await opened.close();
});

it.each([
  ["onnx", [...onnxCases(0), ...LARGE_ONNX_CASES], randomOnnxCase],
  ["tflite", tfliteCases(0), randomTfliteCase],
] as const)(
  "damaged .%s files end in a ShardError, or in what the model gives, and no page hangs",
  { timeout: 480_000 },
  async (extension, known, randomCase) => {
    const crashed = new Promise<never>((_, reject) =>
      opened.page.once("crash", () => reject(new Error("the page crashed"))),
    );
    crashed.catch(() => {});
    const bytesBefore = (await processBytes(opened, "now")) ?? 0;
    let mostBytes = 0;
    const look = async (): Promise<void> => {
      mostBytes = Math.max(mostBytes, (await processBytes(opened, "peak")) ?? 0);
    };
    const outcomes: (FuzzOutcome & Pick<Case, "name">)[] = [];
    const run = async ({ name, make }: Case, limitMs: number): Promise<void> => {
      const model = { name: `net.${extension}`, base64: Buffer.from(make()).toString("base64") };
      const request = { model, optimize: true, limitMs };
      const outcome = await Promise.race([opened.page.evaluate((each) => harness.runDamaged(each), request), crashed]);
      outcomes.push({ ...outcome, name });
      if (outcomes.length % CASES_PER_LOOK === 0) await look();
    };
    const endMs = performance.now() + timeBoxMs;
    const waiting: Case[] = [...known];
    let seed = firstSeed;
    const lane = async (): Promise<void> => {
      for (;;) {
        const isOver = seed >= firstSeed + LEAST_RANDOM && performance.now() > endMs;
        const next = waiting.shift() ?? (isOver ? undefined : randomCase(seed++));
        if (next === undefined) return;
        await run(next, LIMIT_MS);
      }
    };
    await Promise.all(Array.from({ length: LANE_COUNT }, lane));
    const late = outcomes.filter(({ end }) => end === "late");
    for (const { name } of late) {
      const again = known.find((each) => each.name === name) ?? randomCase(Number(/\d+$/.exec(name)![0]));
      outcomes.splice(
        outcomes.findIndex((each) => each.name === name),
        1,
      );
      await run(again, 2 * LIMIT_MS);
    }
    const count = (end: FuzzOutcome["end"]): number => outcomes.filter((outcome) => outcome.end === end).length;
    await look();
    const peak = mostBytes - bytesBefore;
    const longest = Math.max(...outcomes.map(({ ms }) => ms));
    console.log(
      `.${extension}: ${outcomes.length} files from seed ${firstSeed} on: ${count("refused")} refused, ${count("computed")} computed, ` +
        `${count("failed to compute")} failed to, ${count("not tried")} not tried; the longest took ${Math.round(longest)} ms` +
        ` (${late.length} tried again); ${Math.round(peak / 2 ** 20)} MB more at most`,
    );
    expect(outcomes.flatMap(({ name, failure }) => (failure === undefined ? [] : `${name}: ${failure}`))).toEqual([]);
    expect(outcomes.length).toBeGreaterThanOrEqual(known.length + LEAST_RANDOM);
    expect(count("refused")).toBeGreaterThan(outcomes.length / 8);
    expect(count("computed")).toBeGreaterThan(0);
    expect(count("not tried")).toBeLessThan(outcomes.length / 10);
    await expect.poll(() => opened.page.workers().length).toBe(0);
    expect(peak).toBeLessThan(2 ** 30);
  },
);
