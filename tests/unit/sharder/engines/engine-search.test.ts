// engine: "auto" on scripted workers: when LiteRT's are started, what they must show before they get work, and who ends.
import { beforeEach, expect, it, vi } from "vitest";
// Loaded beforehand: the clock is not the real one.
import "../../../../src/model/translate/why-not-tflite.js";
import { ShardError } from "../../../../src/core/errors.js";
import type { WorkerSpec } from "../../../../src/pool/worker-entries.js";
import type { EarlierVisits } from "../../../../src/sharder/engines/engine-records.js";
import { EngineRecords } from "../../../../src/sharder/engines/engine-records.js";
import { EngineSearch } from "../../../../src/sharder/engines/engine-search.js";
import type { ModelMemory } from "../../../../src/sharder/memory/model-memory.js";
import type { Sharder } from "../../../../src/sharder/sharder.js";
import { useFakeClock } from "../../../fixtures/fake-clock.js";
import { batch, create, negate, negated } from "../../../fixtures/negating-sharder.js";
import { ScriptedWorker } from "../../../fixtures/scripted-workers.js";

const pass = useFakeClock();

const TFJS: readonly WorkerSpec[] = [{ backend: "wasm" }, { backend: "wasm" }];
const LITERT: readonly WorkerSpec[] = TFJS.map((spec) => ({ ...spec, engine: "litert" }));
const NEW: EarlierVisits = { record: undefined, workedMs: 0, loadMs: 100 };

interface Behaviour {
  /** Of an item on LiteRT, ms; on TF.js it takes 5. */
  readonly litertMs?: number;
  /** Relative error of LiteRT's results. */
  readonly error?: number;
  readonly failsToStart?: boolean;
  /** Whether the model fails on LiteRT. */
  readonly fails?: boolean;
  /** Whether LiteRT's workers start, and yet can't take the model. */
  readonly refusesModel?: boolean;
  /** What TF.js's workers take to start, ms. */
  readonly tfjsStartMs?: number;
}

let workers: { readonly engine: string; readonly worker: ScriptedWorker }[];
let kept: Map<string, unknown>;
beforeEach(() => {
  workers = [];
  kept = new Map();
});

function memoryOf(): ModelMemory {
  return { read: async (section) => kept.get(section), write: (section, value) => void kept.set(section, value) };
}

function opener(behaviour: Behaviour) {
  const {
    litertMs = 2,
    error = 0,
    failsToStart = false,
    fails = false,
    refusesModel = false,
    tfjsStartMs = 0,
  } = behaviour;
  return ({ engine = "tfjs" }: WorkerSpec, id: string) => {
    const isLitert = engine === "litert";
    const worker = new ScriptedWorker(id, async (request, self) => {
      await new Promise((resolve) => setTimeout(resolve, request.itemCount * (isLitert ? litertMs : 5)));
      if (isLitert && fails) throw new ShardError("model-failed", "sizes that can't be translated");
      const outputs = await negate(request, self);
      const { tensor } = outputs.y as { tensor: { data: Float32Array } };
      if (isLitert) tensor.data.forEach((value, at) => (tensor.data[at] = value * (1 + error)));
      return outputs;
    });
    worker.beforeStart = async () => {
      if (isLitert && failsToStart) throw new Error("no network");
      if (!isLitert && tfjsStartMs > 0) await new Promise((resolve) => setTimeout(resolve, tfjsStartMs));
    };
    worker.beforeLoad = async () => {
      if (isLitert && refusesModel) throw new ShardError("model-unsupported", "it can't take the model");
    };
    workers.push({ engine, worker });
    return worker.channel.link;
  };
}

async function open(behaviour: Behaviour, earlier: EarlierVisits = NEW): Promise<Sharder> {
  const startsWarm = earlier.record?.engine === "litert";
  const records = new EngineRecords(memoryOf(), memoryOf());
  const search = new EngineSearch({ tfjs: TFJS, litert: LITERT, records, earlier, startsWarm });
  const links = { search, isChosen: true, lastResort: startsWarm ? TFJS : [] };
  return create(opener(behaviour), startsWarm ? LITERT : TFJS, links);
}

/** Run a job, however long it takes, and see that every item is right. @param meanwhile called as time passes. */
async function finish(sharder: Sharder, itemCount: number, meanwhile: () => void = () => {}): Promise<void> {
  let outputs: unknown;
  const running = sharder.predict(batch(itemCount)).then(
    (found) => (outputs = found),
    (thrown: unknown) => (outputs = thrown),
  );
  for (let step = 0; outputs === undefined && step < 2_000; step++) {
    await pass(50);
    meanwhile();
  }
  await running;
  expect(outputs).toEqual({ y: negated(itemCount) });
}

const engines = (sharder: Sharder) =>
  sharder.workers.filter(({ state }) => state !== "dead").map(({ engine }) => engine);
const litert = (sharder: Sharder) => sharder.model.engines.find(({ engine }) => engine === "litert")!;
const itemsOn = (name: string) =>
  workers
    .filter(({ engine }) => engine === name)
    .flatMap(({ worker }) => worker.ran)
    .filter(({ attemptId }) => !attemptId.startsWith("once/"))
    .reduce((sum, { itemCount }) => sum + itemCount, 0);

it("starts on TF.js, and LiteRT takes over in the middle of the job; the next sharder starts there", async () => {
  const sharder = await open({});
  expect(engines(sharder)).toEqual(["tfjs", "tfjs"]);
  expect(litert(sharder).runs).toBeUndefined();
  const seen: unknown[] = [];
  sharder.addEventListener("engine", ({ detail }) => seen.push(detail.inUse));
  await finish(sharder, 6_000);
  expect(engines(sharder)).toEqual(["litert", "litert"]);
  expect(seen).toEqual(["tfjs", "litert"]);
  expect(litert(sharder)).toMatchObject({ runs: true, reason: expect.stringMatching(/^measured: \d+ items\/s/) });
  // Nothing twice: no worker was lost, and what both were measured by counts.
  expect(itemsOn("tfjs") + itemsOn("litert")).toBe(6_000);
  expect(itemsOn("litert")).toBeGreaterThan(3_000);
  expect(kept.get("engine")).toMatchObject({ engine: "litert" });
  expect(workers.filter(({ engine }) => engine === "tfjs").every(({ worker }) => worker.isTerminated)).toBe(true);
  // Workers that are added are of the engine in use, and of no other.
  const id = await sharder.addWorker({ backend: "wasm" });
  expect(sharder.workers.find((worker) => worker.id === id)?.engine).toBe("litert");
  await expect(sharder.addWorker({ backend: "wasm", engine: "tfjs" })).rejects.toThrow(/engine that is used/);

  const record = kept.get("engine") as EarlierVisits["record"];
  const next = await open({}, { ...NEW, record });
  expect(engines(next)).toEqual(["litert", "litert"]);
  await finish(next, 500);
  expect(engines(next)).toEqual(["litert", "litert"]);
});

it("ends LiteRT's workers where TF.js is measured to be faster, and remembers that", async () => {
  const sharder = await open({ litertMs: 9 });
  await finish(sharder, 6_000);
  expect(engines(sharder)).toEqual(["tfjs", "tfjs"]);
  expect(litert(sharder)).toMatchObject({ runs: true, reason: expect.stringMatching(/^measured/) });
  expect(kept.get("engine")).toMatchObject({ engine: "tfjs" });
  const next = await open({}, { ...NEW, record: kept.get("engine") as EarlierVisits["record"] });
  await finish(next, 3_000);
  expect(workers.filter(({ engine }) => engine === "litert")).toHaveLength(2);
});

it("gives LiteRT no work of a job if its results differ from TF.js's, and says by how much", async () => {
  const sharder = await open({ error: 2e-4 });
  await finish(sharder, 4_000);
  expect(engines(sharder)).toEqual(["tfjs", "tfjs"]);
  expect(itemsOn("litert")).toBe(0);
  expect(litert(sharder)).toMatchObject({ runs: false, reason: expect.stringMatching(/differ .* by 2\.0e-4/) });
  const close = await open({ error: 5e-5 });
  let outputs: unknown;
  void close.predict(batch(4_000)).then((found) => (outputs = found));
  for (let step = 0; outputs === undefined; step++) await pass(50);
  expect(litert(close)).toMatchObject({ runs: true });
});

it("stays on TF.js for a job that would not repay the loading, and comes back to it after more of them", async () => {
  const sharder = await open({}, { ...NEW, loadMs: 2_000 });
  await finish(sharder, 600);
  expect(workers).toHaveLength(2);
  for (let job = 0; job < 12; job++) await finish(sharder, 600);
  expect(workers.length).toBeGreaterThan(2);
  expect(kept.get("use")).toBeGreaterThan(10_000);
});

it("continues on TF.js where LiteRT can't be started, in a first visit and in a later one", async () => {
  const sharder = await open({ failsToStart: true });
  await finish(sharder, 3_000);
  expect(litert(sharder).reason).toMatch(/could not be started: .*no network/);
  // The next visit may have a network.
  expect(kept.has("engine")).toBe(false);
  const record = { engine: "litert", reason: "measured" } as const;
  const warm = await open({ failsToStart: true }, { ...NEW, record });
  expect(engines(warm)).toEqual(["tfjs", "tfjs"]);
  expect(litert(warm).reason).toMatch(/could not be started: .*no network/);
  await finish(warm, 500);
});

it("loses and repeats nothing if LiteRT's workers die as they take over, or later for good", async () => {
  const sharder = await open({});
  let killed = 0;
  await finish(sharder, 6_000, () => {
    if (killed > 0 || itemsOn("litert") === 0) return;
    killed++;
    for (const { engine, worker } of workers) if (engine === "litert") worker.channel.crash("out of luck");
  });
  expect(killed).toBe(1);
  expect(engines(sharder)).toEqual(["tfjs", "tfjs"]);
  expect(litert(sharder).reason).toMatch(/lost/);

  const warm = await open({}, { ...NEW, record: { engine: "litert", reason: "measured" } });
  let isLost = false;
  await finish(warm, 3_000, () => {
    if (isLost) return;
    isLost = true;
    for (const { engine, worker } of workers) if (engine === "litert") worker.channel.crash("out of luck");
  });
  expect(engines(warm)).toEqual(["tfjs", "tfjs"]);
  expect(litert(warm).reason).toMatch(/all of its workers were lost/);
});

it("comes back to TF.js if the model fails on LiteRT, as for sizes that can't be translated", async () => {
  // Items wait for TF.js's workers, instead of being given up before those have started.
  const earlier = { ...NEW, record: { engine: "litert", reason: "measured" } } as const;
  const sharder = await open({ fails: true, tfjsStartMs: 1_000 }, earlier);
  await finish(sharder, 500);
  expect(engines(sharder)).toEqual(["tfjs", "tfjs"]);
  expect(litert(sharder).reason).toMatch(/failed on items of a job: .*sizes/);
  expect(kept.get("engine")).toMatchObject({ engine: "tfjs" });
});

it("starts on TF.js where LiteRT's workers start and can't take the model", async () => {
  const sharder = await open({ refusesModel: true }, { ...NEW, record: { engine: "litert", reason: "measured" } });
  expect(engines(sharder)).toEqual(["tfjs", "tfjs"]);
  await finish(sharder, 500);
});

it("uses a server that was named beside either engine, and measures it against neither", async () => {
  const sharder = await open({});
  vi.stubGlobal("location", { href: "https://page.example/" });
  const id = await sharder.addWorker({ backend: "remote", url: "https://far.example/v2/models/negate" });
  await finish(sharder, 6_000);
  expect(engines(sharder).toSorted()).toEqual(["litert", "litert", "remote"]);
  expect(itemsOn("remote")).toBeGreaterThan(100);
  const [tfjsCount, whole] = [itemsOn("tfjs"), itemsOn("tfjs") + itemsOn("litert") + itemsOn("remote")];
  expect(tfjsCount).toBeGreaterThan(0);
  // Some are computed twice, to check the server.
  expect(whole).toBeGreaterThanOrEqual(6_000);
  expect(sharder.workers.find((worker) => worker.id === id)?.choice?.state).toBe("taken");
  expect(kept.get("engine")).toMatchObject({ engine: "litert" });
});
