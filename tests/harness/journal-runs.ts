// A job with a journal in a real page, the tab of which is killed at some moment, and the job that resumes it.
import type { BrowserContext, Page } from "playwright";

/** What a run of the job has shown. */
export interface JournalRun {
  /** SHA-256 of all outputs. */
  readonly digest: string;
  /** The same of an undisturbed run without a journal, on the same sharder. */
  readonly undisturbed: string | undefined;
  readonly computedItemCount: number;
  /** Of the `journal` events, with their item counts. */
  readonly states: readonly (readonly [state: string, itemCount: number])[];
}

export interface JournalJob {
  readonly kind: "predict" | "stream";
  readonly journal: string | undefined;
  readonly itemCount: number;
  /** Of the model and of the items. */
  readonly seed?: number;
  readonly split?: "batch" | "layers";
  /** Until `resumeJob`. */
  readonly isPaused?: boolean;
  /** On workers that are slowed down, so that it is not done before something happens to it. */
  readonly isSlowed?: boolean;
  /** Run it again without a journal, to compare with. */
  readonly isCompared?: boolean;
}

/** How a tab ends. */
export const ENDINGS = ["closed", "crashed"] as const;

/** Start the job; `__run` in the page becomes what it has shown. Finished items are reported to `onCompleted`. */
export async function beginJob(page: Page, job: JournalJob, onCompleted?: (itemCount: number) => void): Promise<void> {
  if (onCompleted !== undefined) await page.exposeFunction("reportCompleted", onCompleted);
  await page.evaluate(async ({ kind, journal, itemCount, seed = 1, split = "batch", ...flags }) => {
    const { createSharder, randomNet, float32, slow } = harness;
    const { isPaused = false, isSlowed = false, isCompared = false } = flags;
    const sharder = await createSharder({
      model: randomNet({ seed, size: 24, depth: 3, width: 8 }),
      workers: [{ backend: "wasm" }, { backend: "wasm" }],
      quantumMs: 20,
      split,
      // Small shards to begin with, whatever ran before: there must be something left to do when the tab is killed.
      remember: false,
    });
    if (isSlowed) await Promise.all(sharder.workers.map(({ id }) => slow(id, 8)));
    if (isPaused) sharder.pause();
    const run = {
      digest: "",
      undisturbed: undefined as string | undefined,
      computedItemCount: 0,
      states: [] as [string, number][],
    };
    const lastStage = split === "layers" ? 1 : undefined;
    sharder.addEventListener("attempt", ({ detail }) => {
      if (detail.outcome !== "completed" || detail.stage !== lastStage || run.digest !== "") return;
      run.computedItemCount += detail.itemCount;
      (globalThis as { reportCompleted?: (count: number) => void }).reportCompleted?.(detail.itemCount);
    });
    sharder.addEventListener("journal", ({ detail }) => run.states.push([detail.state, detail.itemCount]));
    const items = float32([itemCount, 24, 24, 3], seed);
    const BATCH = 5;
    const rowSize = 24 * 24 * 3;
    function* source() {
      for (let first = 0; first < itemCount; first += BATCH) {
        const count = Math.min(BATCH, itemCount - first);
        const data = (items.data as Float32Array).slice(first * rowSize, (first + count) * rowSize);
        yield { dtype: "float32" as const, shape: [count, 24, 24, 3], data };
      }
    }
    const work = async (name: string | undefined): Promise<string> => {
      const results: BlobPart[] = [];
      const keep = (outputs: Record<string, unknown>): void => {
        const [output] = Object.values(outputs) as { data: Float32Array }[];
        results.push(new Uint8Array(output!.data.slice().buffer));
      };
      if (kind === "predict") keep(await sharder.predict(items, { journal: name }));
      else {
        const options = name === undefined ? {} : { journal: { name, key: `seed ${seed}` } };
        for await (const { outputs } of sharder.stream(source(), options)) keep(outputs);
      }
      const bytes = await new Blob(results).arrayBuffer();
      return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].join(",");
    };
    const all = async () => {
      run.digest = await work(journal);
      if (isCompared) run.undisturbed = await work(undefined);
      await sharder.dispose();
      return run;
    };
    Object.assign(globalThis, { __sharder: sharder, __run: all() });
  }, job);
}

export function resumeJob(page: Page): Promise<void> {
  return page.evaluate(() => (globalThis as unknown as { __sharder: { resume(): void } }).__sharder.resume());
}

export function endOfJob(page: Page): Promise<JournalRun> {
  return page.evaluate(() => (globalThis as unknown as { __run: Promise<JournalRun> }).__run);
}

export async function runJob(context: BrowserContext, url: string, job: JournalJob): Promise<JournalRun> {
  const page = await context.newPage();
  await page.goto(url);
  await beginJob(page, job);
  const run = await endOfJob(page);
  await page.close();
  return run;
}

/** When and how a tab is killed: a few ms after so many items have been reported. */
export interface Kill {
  readonly afterItemCount: number;
  readonly how: (typeof ENDINGS)[number];
}

/** Start the job in a tab of its own and kill the tab. @returns items that were reported as completed until then. */
export async function runAndKill(
  context: BrowserContext,
  url: string,
  job: JournalJob,
  { afterItemCount, how }: Kill,
): Promise<number> {
  const page = await context.newPage();
  await page.goto(url);
  let completed = 0;
  let enough = (): void => {};
  const wait = new Promise<void>((resolve) => (enough = resolve));
  await beginJob(page, { ...job, isSlowed: true }, (itemCount) => {
    completed += itemCount;
    if (completed >= afterItemCount) enough();
  });
  // There may be fewer items left.
  const ended = endOfJob(page).catch(() => {});
  await Promise.race([wait, ended]);
  await new Promise((resolve) => setTimeout(resolve, 40 * Math.random()));
  const atKill = completed;
  if (how === "crashed") {
    const crashed = page.waitForEvent("crash");
    page.goto("chrome://crash").catch(() => {});
    await crashed;
  }
  await page.close();
  return atKill;
}
