// `npm run conformance -- --engines …`: one model on each of several engines, against one oracle.
import { ShardError, type BackendName, type WorkerSpec } from "inference-sharder";
import { openPlanner, type EngineName } from "../../src/pool/worker-entries.js";
import { messageOf } from "../../src/protocol/error-record.js";
import { assembleSharder } from "../../src/sharder/assemble-sharder.js";
import { forModel } from "../../src/sharder/engine-of-model.js";
import type { SharderOptions } from "../../src/sharder/options.js";
import { readModel } from "../../src/sharder/read-model.js";
import { forEngines } from "../../src/sharder/translated-model.js";
import { storedExpectation, tfjsExpectation, type Expectation } from "./expectation.js";
import { KeptWorkers } from "./kept-workers.js";

export interface EngineRequest {
  readonly name: string;
  readonly model: string;
  /** Where the model's own framework's values are. Without, TF.js says what is right. */
  readonly values?: string;
  readonly engines: readonly EngineName[];
  readonly backend: "wasm" | "webgpu";
}

/** What became of a model on an engine. Only "right" and "refused" are as they should be. */
export interface EngineRow {
  readonly name: string;
  readonly engine: EngineName;
  readonly backend: BackendName;
  readonly verdict: "right" | "refused" | "wrong" | "failed";
  /** max|a − b| ÷ max|b| of the worst output, where it ran. */
  readonly gap: number | undefined;
  readonly oracle: string;
  /** What was run, the last of which decided. */
  readonly how: string;
  readonly detail: string;
}

type Finding = Pick<EngineRow, "verdict" | "gap" | "how" | "detail">;

/** Whole on one worker, and in shards that are as small as they get on two. */
const RUNS = [
  { how: "whole", workerCount: 1, quantumMs: 60_000 },
  { how: "shards", workerCount: 2, quantumMs: 1 },
] as const;

/** Nothing but the model's fault, or the reason why an engine has no part in it. */
const REFUSALS = /^(model-unsupported|model-malformed|invalid-options|weights-missing)$/;

const workers = new KeptWorkers();

/** @returns a row for each engine; never rejects. */
export async function checkOnEngines(request: EngineRequest): Promise<EngineRow[]> {
  const { name, engines, backend } = request;
  const rows: EngineRow[] = [];
  for (const engine of engines) {
    let row: EngineRow | undefined;
    for (const oracle of request.values === undefined ? (["wasm", "cpu"] as const) : ["stored" as const]) {
      row = await checkOn(request, engine, backend, oracle);
      if (row.verdict !== "wrong") break;
    }
    // TF.js has kernels on its CPU backend that it lacks on WASM.
    if (row?.verdict === "refused" && engine === "tfjs" && backend === "wasm") {
      const other = await checkOn(request, engine, "cpu", request.values === undefined ? "cpu" : "stored");
      if (other.verdict !== "refused") row = other;
    }
    rows.push({ ...row!, name });
  }
  return rows;
}

async function checkOn(
  { name, model, values }: EngineRequest,
  engine: EngineName,
  backend: BackendName,
  oracle: "stored" | "wasm" | "cpu",
): Promise<EngineRow> {
  let expectation: Expectation | undefined;
  let finding: Finding;
  try {
    expectation = values === undefined ? undefined : await storedExpectation(name, values);
    const { signature } = expectation ?? {};
    const options: SharderOptions = {
      model,
      cache: false,
      remember: false,
      ...(signature === undefined ? {} : { signature }),
    };
    if (oracle !== "stored") {
      const { info } = await readModel(options, globalThis.crossOriginIsolated);
      expectation = await tfjsExpectation(model, info, oracle);
    }
    finding = await tryOn(options, { engine, backend }, expectation!);
  } catch (thrown) {
    finding = { ...judgeError(thrown, expectation, true), gap: undefined, how: "reading" };
  }
  return { name, engine, backend, oracle: expectation?.oracle ?? "none", ...finding };
}

async function tryOn(options: SharderOptions, spec: WorkerSpec, expectation: Expectation): Promise<Finding> {
  const tried: string[] = [];
  let gap: number | undefined;
  let isMade = false;
  try {
    for (const { how, workerCount, quantumMs } of RUNS) {
      tried.push(how);
      isMade = false;
      const read = await readModel(options, globalThis.crossOriginIsolated);
      const specs = Array.from({ length: workerCount }, () => forModel(spec, read.info.format));
      const inspected = await forEngines(read, specs, undefined);
      const links = { openWorker: workers.open, openPlanner };
      const sharder = await assembleSharder(inspected, { ...options, quantumMs }, specs, links);
      isMade = true;
      try {
        const { inputs, outputs } = sharder.model;
        const received = await sharder.predict(expectation.inputsFor(inputs));
        const order = outputs.map((output) => output.name);
        const compared = expectation.judge(received, order, sharder.model.batchMode);
        gap = Math.max(gap ?? 0, compared.gap);
        if (compared.problem !== "") return { verdict: "wrong", gap, how: tried.join(", "), detail: compared.problem };
      } finally {
        await sharder.dispose();
      }
    }
    const how = tried.join(", ");
    if (!expectation.mustBeRefused) return { verdict: "right", gap, how, detail: "" };
    return { verdict: "wrong", gap, how, detail: `ran, though it was to be refused for ${expectation.refused}` };
  } catch (thrown) {
    return { ...judgeError(thrown, expectation, !isMade), gap, how: tried.join(", ") };
  }
}

/** @param isEarly whether nothing of the model has run yet */
function judgeError(
  thrown: unknown,
  expectation: Expectation | undefined,
  isEarly: boolean,
): Pick<Finding, "verdict" | "detail"> {
  const detail = messageOf(thrown);
  if (!(thrown instanceof ShardError)) return { verdict: "failed", detail };
  const isExpected = expectation?.refused?.test(detail) === true;
  const isRefusal = isExpected || (isEarly ? REFUSALS.test(thrown.code) : thrown.code === "model-unsupported");
  return { verdict: isRefusal ? "refused" : "failed", detail: `${thrown.code}: ${detail}` };
}
