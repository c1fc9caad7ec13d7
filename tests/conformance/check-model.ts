import { createSharder, type BackendName, type ModelInfo, type Sharder } from "inference-sharder";
import { messageOf } from "../../src/protocol/error-record.js";
import { outputsDifference, type OutputsByName } from "./compare.js";
import { emptyRow, type ConformanceRow } from "./conformance-row.js";
import { planCuts } from "./cut-plans.js";
import { runReference, whyNotRun, type Reference } from "./reference.js";

export interface ConformanceRequest {
  readonly url: string;
  /** The first one on which TF.js itself can run the model is used. */
  readonly backends: readonly BackendName[];
  /** Limit of single cuts for each of the original and the optimised model. */
  readonly mostCuts: number;
}

const ITEM_COUNT = 5;
/** Fewer, because an item takes seconds if graphics are computed in software. */
const GPU_ITEM_COUNT = 3;
/**
 * WebGL and WebGPU choose kernels by shape, so that a shard may round differently. WASM and CPU must be bit-identical.
 */
const GPU_TOLERANCE = 1e-5;
/** The optimiser reorders arithmetic. Relative to the largest value, like the tolerance above. */
const OPTIMISED_TOLERANCE = 1e-4;
/** Operations that were replaced, since TF.js is not right for all of them, may round otherwise. */
const CORRECTED_TOLERANCE = 1e-5;

const isExact = (backend: BackendName): boolean => backend === "wasm" || backend === "cpu";

/**
 * Compare the whole model with its sharded and its cut runs, both as exported and optimised.
 * @param onRow called with each update of the row, so that there is a report even if the check does not finish.
 */
export async function checkModel(
  { url, backends, mostCuts }: ConformanceRequest,
  onRow: (row: ConformanceRow) => void,
): Promise<ConformanceRow> {
  const row = emptyRow(backends[0]!);
  let isCorrected = false;
  try {
    let info: ModelInfo;
    try {
      info = await readInfo(url, backends);
    } catch (thrown) {
      const reason = await whyNotRun(url, backends);
      if (reason === undefined) throw thrown;
      row.notes.push(reason);
      return { ...row, status: "TF.js fails" };
    }
    row.format = info.format;
    let reference: Reference;
    try {
      reference = await runReference(url, info, backends, isExact(backends[0]!) ? ITEM_COUNT : GPU_ITEM_COUNT);
    } catch (thrown) {
      row.notes.push(messageOf(thrown));
      return { ...row, status: "TF.js fails" };
    }
    row.backend = reference.backend;
    row.notes.push(...reference.notes);
    onRow(row);
    const corrected = await correctedReference(row, url, reference);
    isCorrected = corrected.isCorrected;
    await checkAsItCame(row, url, corrected.reference, mostCuts, onRow);
    await checkOptimised(row, url, corrected.reference, mostCuts, onRow);
  } catch (thrown) {
    row.failures.push(messageOf(thrown));
  }
  return { ...row, status: row.failures.length > 0 ? "differs" : isCorrected ? "corrected" : "conforms" };
}

/** Names and shapes, without a run. They are the same on every backend that accepts the model. */
async function readInfo(url: string, backends: readonly BackendName[]): Promise<ModelInfo> {
  let reason: unknown;
  for (const backend of new Set([...backends, "cpu" as const])) {
    try {
      return await using({ url, workers: [backend], optimize: false, split: "batch" }, async ({ model }) => model);
    } catch (thrown) {
      reason ??= thrown;
    }
  }
  throw reason;
}

interface Use {
  readonly url: string;
  readonly workers: readonly BackendName[];
  readonly optimize: boolean;
  readonly split: "batch" | "layers";
  readonly quantumMs?: number;
}

async function using<T>({ url, workers, split, ...options }: Use, work: (sharder: Sharder) => Promise<T>): Promise<T> {
  const specs = workers.map((backend) => ({ backend }));
  // Workers of one kind split by batch by themselves. By name, that is refused for a model that takes whole batches.
  const named = split === "layers" ? ({ split } as const) : {};
  const sharder = await createSharder({ model: url, workers: specs, cache: false, ...named, ...options });
  try {
    return await work(sharder);
  } finally {
    await sharder.dispose();
  }
}

/** Small shards, so that both workers get some. A GPU compiles shaders for every new size, so its shards stay large. */
const smallShards = (backend: BackendName): { quantumMs?: number } => (isExact(backend) ? { quantumMs: 1 } : {});

async function checkAsItCame(
  row: ConformanceRow,
  url: string,
  reference: Reference,
  mostCuts: number,
  onRow: (row: ConformanceRow) => void,
): Promise<void> {
  const { backend, allItems, outputNames } = reference;
  const both = [backend, backend];
  const outputs = await using(
    { url, workers: both, optimize: false, split: "batch", ...smallShards(backend) },
    (sharder) => sharder.predict(allItems.inputs),
  );
  row.batch = outputsDifference(outputs, allItems.outputs, outputNames);
  expectSame(row, backend, "batch", row.batch);
  onRow(row);
  const differences = await checkCuts(
    row,
    { url, workers: both, optimize: false, split: "layers" },
    reference,
    mostCuts,
    onRow,
  );
  row.cuts = differences.singles;
  row.stages3 = differences.three;
  row.stages4 = differences.four;
  onRow(row);
}

/**
 * What a model is held to: TF.js's own run, or, if operations were replaced, its own whole run on one worker.
 * @returns also whether the two are further apart than rounding explains: only TensorFlow's values can judge such a model (`--cases`).
 */
async function correctedReference(
  row: ConformanceRow,
  url: string,
  reference: Reference,
): Promise<{ reference: Reference; isCorrected: boolean }> {
  const { backend, oneItem, allItems, outputNames } = reference;
  return using({ url, workers: [backend], optimize: false, split: "batch", quantumMs: 60_000 }, async (sharder) => {
    const { corrections } = sharder.model.optimization;
    if (corrections.length === 0) return { reference, isCorrected: false };
    const [one, all] = [await sharder.predict(oneItem.inputs), await sharder.predict(allItems.inputs)];
    const gap = outputsDifference(all, allItems.outputs, outputNames);
    const replaced = corrections.map(({ what, reason }) => `${what} (${reason})`).join(", ");
    row.notes.push(`TF.js's own run ${show(gap)}; replaced: ${replaced}`);
    const own = {
      oneItem: { inputs: oneItem.inputs, outputs: one },
      allItems: { inputs: allItems.inputs, outputs: all },
    };
    return { reference: { ...reference, ...own }, isCorrected: !(gap <= CORRECTED_TOLERANCE) };
  });
}

async function checkOptimised(
  row: ConformanceRow,
  url: string,
  reference: Reference,
  mostCuts: number,
  onRow: (row: ConformanceRow) => void,
): Promise<void> {
  const { backend, oneItem, allItems, outputNames } = reference;
  const whole = await using(
    { url, workers: [backend], optimize: true, split: "batch", quantumMs: 60_000 },
    async (sharder) => {
      const { optimization } = sharder.model;
      const [reason] = optimization.notDone;
      if (!optimization.isOptimized) row.notes.push(`not optimised${reason === undefined ? "" : `: ${reason.reason}`}`);
      return {
        isOptimized: optimization.isOptimized,
        one: await sharder.predict(oneItem.inputs),
        all: await sharder.predict(allItems.inputs),
      };
    },
  );
  row.optimised = outputsDifference(whole.all, allItems.outputs, outputNames);
  if (!(row.optimised <= OPTIMISED_TOLERANCE)) row.failures.push(`optimised: ${show(row.optimised)}`);
  const both = [backend, backend];
  const outputs = await using(
    { url, workers: both, optimize: true, split: "batch", ...smallShards(backend) },
    (sharder) => sharder.predict(allItems.inputs),
  );
  row.optimisedBatch = outputsDifference(outputs, whole.all, outputNames);
  expectSame(row, backend, "optimised batch", row.optimisedBatch);
  onRow(row);
  // A model that was not changed has the same cuts.
  if (!whole.isOptimized) return;
  const optimised: Reference = {
    ...reference,
    oneItem: { inputs: oneItem.inputs, outputs: whole.one },
    allItems: { inputs: allItems.inputs, outputs: whole.all },
  };
  const differences = await checkCuts(
    row,
    { url, workers: both, optimize: true, split: "layers" },
    optimised,
    mostCuts,
    onRow,
  );
  row.optimisedCuts = differences.singles;
  row.optimisedStages3 = differences.three;
  row.optimisedStages4 = differences.four;
}

interface CutDifferences {
  readonly singles: number | undefined;
  readonly three: number | undefined;
  readonly four: number | undefined;
}

/** Tries all single cuts with one item, then the first two of them, and three and four stages, with all items. */
async function checkCuts(
  row: ConformanceRow,
  use: Use,
  { backend, oneItem, allItems, outputNames }: Reference,
  mostCuts: number,
  onRow: (row: ConformanceRow) => void,
): Promise<CutDifferences> {
  const info = await measureLayers(use, backend, oneItem.inputs);
  row.layerCount ??= info.layerCount;
  const { singles, three, four } = planCuts(info, mostCuts);
  const [first] = singles;
  if (first === undefined) {
    row.notes.push(`no place to cut${use.optimize ? " once optimised" : ""}`);
    return { singles: undefined, three: undefined, four: undefined };
  }
  return using(use, async (sharder) => {
    const run = async (cuts: readonly number[], { inputs, outputs }: Reference["oneItem"]): Promise<number> => {
      try {
        await sharder.recut(cuts);
        const gap = outputsDifference(await sharder.predict(inputs), outputs as OutputsByName, outputNames);
        expectSame(row, backend, `${use.optimize ? "optimised, " : ""}cut at ${cuts.join(", ")}`, gap);
        return gap;
      } catch (thrown) {
        row.failures.push(`${use.optimize ? "optimised, " : ""}cut at ${cuts.join(", ")}: ${messageOf(thrown)}`);
        return Infinity;
      }
    };
    let worst = 0;
    for (const [index, cut] of singles.entries()) {
      worst = Math.max(worst, await run([cut], index < 2 ? allItems : oneItem));
      row.cutCount++;
      // After this many failures, further cuts would show nothing new.
      if (row.failures.length > 5) break;
      if (index % 10 === 0) onRow(row);
    }
    return {
      singles: worst,
      three: three && (await run(three, allItems)),
      four: four && (await run(four, allItems)),
    };
  });
}

/** Measures each layer. GPU backends in software take minutes for this, so the times on WASM are used instead. */
async function measureLayers(
  use: Use,
  backend: BackendName,
  inputs: Reference["oneItem"]["inputs"],
): Promise<ModelInfo> {
  const measuring = isExact(backend) ? backend : "wasm";
  const inspect = (worker: BackendName, isMeasured: boolean): Promise<ModelInfo> =>
    using({ ...use, workers: [worker], split: "batch" }, async (sharder) =>
      isMeasured && sharder.model.cuts.length > 0 ? sharder.inspect({ inputs }) : sharder.model,
    );
  // If WASM can't run the model, the cuts are balanced by the number of layers.
  return inspect(measuring, true).catch((thrown: unknown) => {
    if (measuring === backend) throw thrown;
    return inspect(backend, false);
  });
}

function expectSame(row: ConformanceRow, backend: BackendName, what: string, gap: number): void {
  if (gap <= (isExact(backend) ? 0 : GPU_TOLERANCE)) return;
  row.failures.push(`${what}: ${show(gap)}`);
}

function show(gap: number): string {
  return Number.isFinite(gap)
    ? `differs by ${gap.toExponential(1)}`
    : "of another shape, or not finite where it should be";
}
