import { ShardError, type BackendName, type Sharder } from "inference-sharder";
import type { InspectedModel } from "../../src/model/inspect.js";
import { openPlanner } from "../../src/pool/worker-entries.js";
import { messageOf } from "../../src/protocol/error-record.js";
import { assembleSharder } from "../../src/sharder/assemble-sharder.js";
import type { SharderOptions } from "../../src/sharder/options.js";
import { readModel } from "../../src/sharder/read-model.js";
import { nameInputs, readCaseFile, type StoredCase } from "./case-record.js";
import { compareWithCase } from "./compare-case.js";
import { KeptWorkers } from "./kept-workers.js";

/** The finding for one case on one backend, optimised or not. */
export interface CaseRow {
  readonly name: string;
  readonly verdict: "right" | "refused" | "wrong" | "failed";
  readonly backend: BackendName;
  readonly optimize: boolean;
  /** What was run: "whole", "shards", "cut at …". The last one is where the verdict was found. */
  readonly how: string;
  /** What differs, or the reason of the refusal or failure. */
  readonly detail: string;
  /** Whether the case itself says that it may be refused so. */
  readonly isExpected: boolean;
}

export interface CaseRequest {
  /** The address of the folder, with a slash at its end. */
  readonly url: string;
  readonly backends: readonly BackendName[];
}

type Finding = Pick<CaseRow, "verdict" | "how" | "detail">;

/** Cuts that are tried one by one; then two of them at once. */
const MOST_CUTS = 3;
const workers = new KeptWorkers();

/**
 * Run a case as a sharder does: whole on one worker, in small shards on two, and cut between two.
 * @returns a row for each backend, optimised and not.
 */
export async function checkCase({ url, backends }: CaseRequest): Promise<CaseRow[]> {
  const stored = readCaseFile(await (await fetch(new URL("case.json", url))).text());
  const rows: CaseRow[] = [];
  for (const optimize of [true, false]) {
    const options = { model: new URL("model.json", url).href, optimize, cache: false };
    for (const backend of backends) {
      const finding = await checkOn(stored, options, backend);
      const isExpected = finding.verdict === "right" || stored.refused?.test(finding.detail) === true;
      rows.push({ name: stored.name, backend, optimize, ...finding, isExpected });
    }
  }
  return rows;
}

async function checkOn(stored: StoredCase, options: SharderOptions, backend: BackendName): Promise<Finding> {
  const tried: string[] = [];
  let isMade = false;
  const using = async (
    inspected: InspectedModel,
    count: number,
    more: Partial<SharderOptions>,
    work: (sharder: Sharder) => Promise<string>,
  ): Promise<string> => {
    isMade = false;
    const specs = Array.from({ length: count }, () => ({ backend }));
    const links = { openWorker: workers.open, openPlanner };
    const sharder = await assembleSharder(inspected, { ...options, ...more }, specs, links);
    isMade = true;
    try {
      return await work(sharder);
    } finally {
      await sharder.dispose();
    }
  };
  const run = async (sharder: Sharder, how: string): Promise<string> => {
    tried.push(how);
    const { inputs, outputs } = sharder.model;
    const received = await sharder.predict(nameInputs(stored.inputs, inputs));
    const order = outputs.map(({ name }) => name);
    return compareWithCase(stored, received, order).problem;
  };
  /** By batch, if the model may be split so. */
  const runItems = async (
    inspected: InspectedModel,
    count: number,
    quantumMs: number,
    how: string,
  ): Promise<string> => {
    try {
      return await using(inspected, count, { split: "batch", quantumMs }, (sharder) => run(sharder, how));
    } catch (thrown) {
      if (!mixesItems(thrown)) throw thrown;
      return using(inspected, count, { split: "auto", quantumMs }, (sharder) => run(sharder, `${how} by itself`));
    }
  };
  const found = (verdict: Finding["verdict"], detail = ""): Finding => ({ verdict, how: tried.join(", "), detail });
  try {
    const inspected = await readModel(options, globalThis.crossOriginIsolated);
    let gap = await runItems(inspected, 1, 60_000, "whole");
    if (gap === "") gap = await runItems(inspected, 2, 1, "shards");
    const places = placesToCut(inspected);
    if (gap === "" && places.length > 0) {
      const plans = [...places.map((place) => [place]), ...(places.length > 1 ? [places.slice(0, 2)] : [])];
      gap = await using(inspected, 2, { split: "layers", cuts: plans[0], quantumMs: 1 }, async (sharder) => {
        for (const [index, cuts] of plans.entries()) {
          if (index > 0) await sharder.recut(cuts);
          const difference = await run(sharder, `cut at ${cuts.join("+")}`);
          if (difference !== "") return difference;
        }
        return "";
      });
    }
    return gap === "" ? found("right") : found("wrong", gap);
  } catch (thrown) {
    const detail = messageOf(thrown);
    const isRefusal =
      thrown instanceof ShardError &&
      (!isMade || thrown.code === "model-unsupported" || stored.refused?.test(detail) === true);
    return found(isRefusal ? "refused" : "failed", detail);
  }
}

/** A model that takes whole batches is refused where `split: "batch"` was asked for by name. */
function mixesItems(thrown: unknown): boolean {
  return (
    thrown instanceof ShardError && thrown.code === "model-unsupported" && thrown.message.includes('split: "batch"')
  );
}

/** First, middle and last, ascending. */
function placesToCut({ info, staged }: InspectedModel): number[] {
  if (staged === undefined) return [];
  const places = info.cuts.map(({ layer }) => layer);
  const chosen = [0, 0.5, 1].map((part) => places[Math.round(part * (places.length - 1))]);
  return [...new Set(chosen.filter((place) => place !== undefined))].slice(0, MOST_CUTS);
}
