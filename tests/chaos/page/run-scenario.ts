import type { Sharder, WorkerSpec } from "inference-sharder";
import { seededRandom } from "../../../src/core/random.js";
import { onnxTwin } from "../../fixtures/onnx-twin.js";
import { randomNet } from "../../fixtures/random-net.js";
import { runWhole } from "../../harness/oracle.js";
import { watchedSharder } from "../../harness/watched-sharder.js";
import { runChaosJob, type JobCounts, type JobRequest } from "./chaos-job.js";
import { ChaosLog } from "./chaos-log.js";
import { Inflictor, type ChaosBridge } from "./inflict.js";
import { countFaults, type FaultCounts, type FaultKind } from "./fault-kinds.js";
import { KnownItems } from "./known-items.js";
import type { Scenario } from "./plan-chaos.js";

export interface ScenarioResult extends JobCounts {
  readonly faultsByKind: FaultCounts;
  /** Those that found no worker. */
  readonly notInjected: readonly FaultKind[];
  readonly recoverMs: readonly number[];
  /** For people: what went wrong, and what had happened before. */
  readonly problems: readonly string[];
  readonly jobCount: number;
  readonly tookMs: number;
}

/** How many jobs run at the same time. */
const LANE_COUNT = 2;
const DISPOSE_LIMIT_MS = 10_000;

/** Run jobs on one sharder while it suffers its faults, and once more when all is over. */
export async function runScenario(scenario: Scenario, bridge: ChaosBridge): Promise<ScenarioResult> {
  const startMs = performance.now();
  const { seed, split, backends, verify } = scenario;
  const upTo = below(seededRandom(seed));
  const size = 16 + 8 * upTo(3);
  const model = randomNet({ seed, size, depth: 3 + upTo(3), width: 6, residual: true });
  const [first, ...others] = backends;
  const isAlike = others.every((each) => each === first);
  const exactOn = isAlike && (first === "wasm" || first === "cpu") ? first : undefined;
  const known = await KnownItems.of(model, [size, size, 3], seed, runWhole, exactOn);
  const log = new ChaosLog();
  const counts: JobCounts = { items: 0, lost: 0, duplicated: 0, wrong: 0 };
  const injected: FaultKind[] = [];
  const notInjected: FaultKind[] = [];
  let jobCount = 0;

  const specs = backends.map(specOf);
  const options = { split, optimize: false, quantumMs: 20, firstRunDeadlineMs: 30_000 };
  const isOnnx = backends.every((name) => name.startsWith("onnx/"));
  const { sharder, byName } = await watchedSharder(
    isOnnx ? onnxTwin(model) : model,
    specs,
    verify === undefined ? options : { ...options, verify },
    (id, link) => log.calls.watch(id, link),
  );
  log.watch(sharder);
  // A worker that has fallen back to another backend rounds in another way.
  sharder.addEventListener("worker", () => {
    known.isExact &&= sharder.workers.every(({ engine, backend }) => engine === "tfjs" && backend === exactOn);
  });
  const itemsPerSecond = await measureRate(sharder, known);
  const ofJobs = below(seededRandom(seed + 0x10000));
  const nextJob = (): JobRequest => ({
    kind: (["predict", "stream in order", "stream as completed"] as const)[ofJobs(3)]!,
    firstItem: ofJobs(48),
    itemCount: Math.max(40, Math.min(2_000, Math.round((itemsPerSecond * (300 + ofJobs(1_200))) / 1_000))),
    priority: ofJobs(3) - 1,
    blockSize: 1 + ofJobs(40),
  });
  const runJob = (): Promise<void> => {
    jobCount++;
    return runChaosJob(sharder, known, nextJob(), counts, log);
  };

  let isOver = false;
  const lane = async (): Promise<void> => {
    // A sharder that has lost one job may lose all, each after the time that jobs have.
    while (!isOver && counts.lost === 0) await runJob();
  };
  const lanes = Array.from({ length: LANE_COUNT }, lane);
  const inflictor = new Inflictor({ sharder, workers: byName, bridge, log, upTo });
  const inflict = async (kind: FaultKind): Promise<void> =>
    void ((await inflictor.inflict(kind)) ? injected : notInjected).push(kind);
  const waiting = [...scenario.faults];
  while (waiting.length > 0 && counts.lost === 0) {
    await Promise.all(waiting.splice(0, 1 + upTo(3)).map(inflict));
    await new Promise((resolve) => setTimeout(resolve, 100 + upTo(900)));
  }
  notInjected.push(...waiting);
  isOver = true;
  await Promise.all(lanes);
  // What is left serves the next job.
  if (counts.lost === 0) await runJob();
  const isDisposed = await Promise.race([
    sharder.dispose().then(() => true),
    new Promise<false>((resolve) => setTimeout(resolve, DISPOSE_LIMIT_MS, false)),
  ]);
  if (!isDisposed) log.fail("dispose() did not settle", sharder);
  return {
    ...counts,
    faultsByKind: countFaults(injected),
    notInjected,
    recoverMs: log.recoverMs,
    problems: log.problems,
    jobCount,
    tookMs: Math.round(performance.now() - startMs),
  };
}

function specOf(name: Scenario["backends"][number]): WorkerSpec {
  switch (name) {
    case "litert/wasm":
    case "onnx/wasm":
      return { engine: name === "onnx/wasm" ? "onnx" : "litert", backend: "wasm" };
    case "litert/webgpu":
    case "onnx/webgpu":
      return { engine: name === "onnx/webgpu" ? "onnx" : "litert", backend: "webgpu" };
    default:
      return { backend: name };
  }
}

function below(random: () => number): (count: number) => number {
  return (count) => Math.floor(random() * count);
}

/** Also the warm-up, in which shaders are compiled. */
async function measureRate(sharder: Sharder, known: KnownItems): Promise<number> {
  const COUNT = 64;
  await sharder.predict(known.batch(0, COUNT));
  const startMs = performance.now();
  await sharder.predict(known.batch(0, COUNT));
  return (1_000 * COUNT) / (performance.now() - startMs);
}
