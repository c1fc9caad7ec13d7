// Damaged models are read, inspected, optimised, cut and materialised. Each ends in a ShardError, or the damage is harmless.
import { afterAll, beforeAll, expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { fetchModel } from "../../../src/model/fetch-model.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { materialise } from "../../../src/model/materialise.js";
import { messageOf } from "../../../src/protocol/error-record.js";
import type { TfjsWire } from "../../../src/protocol/model-on-wire.js";
import { sampleOf } from "../../fixtures/sample-of.js";
import { fuzzCases } from "../../fuzz/cases.js";
import { serveCases, type FuzzServer } from "../../fuzz/server.js";

const allCases = fuzzCases();
const cases = sampleOf(allCases, 3);
let server: FuzzServer;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

beforeAll(async () => {
  server = await serveCases(cases);
  process.on("unhandledRejection", onUnhandled);
});
afterAll(async () => {
  process.off("unhandledRejection", onUnhandled);
  await server.close();
});

/** CPU time per model, so that other work on the machine doesn't matter. */
const LIMIT_CPU_MS = 5_000;

/** Everything that a page does with a model, and a worker before TF.js gets it. */
async function readWholly(url: string): Promise<"sound"> {
  const artifacts = await fetchModel(url, {}, () => {});
  for (const optimize of [true, false]) {
    const { wire, staged, info } = inspectModel(artifacts, true, optimize);
    post(wire);
    const last = info.layers.length - 1;
    for (const cuts of [[1], [Math.ceil(last / 2)], [last]]) {
      if (staged === undefined || cuts[0]! < 1 || cuts[0]! > last) continue;
      for (const stage of staged.stages(cuts)) post(stage.wire);
    }
  }
  return "sound";
}

/** Do what sending to a worker does: the worker gets a clone and makes the weights. */
function post(wire: TfjsWire): void {
  materialise(structuredClone(wire));
}

async function endOf(run: Promise<unknown>): Promise<string | undefined> {
  const thrown: unknown = await run.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown === undefined) return undefined;
  if (!(thrown instanceof ShardError)) return `not a ShardError: ${messageOf(thrown)}`;
  if (thrown.code === "internal") return `an internal error: ${thrown.message.slice(0, 200)}`;
  if (thrown.message.length > 1_000) return `a message of ${thrown.message.length} characters`;
  return undefined;
}

it(
  `${cases.length} of ${allCases.length} damaged models each end in a ShardError or are read as they are`,
  { timeout: 240_000 },
  async () => {
    const wrong: string[] = [];
    const bytesBefore = process.resourceUsage().maxRSS * 1024;
    let soundCount = 0;
    for (const [index, { name }] of cases.entries()) {
      server.prepare(index);
      const startCpu = process.cpuUsage();
      const reading = readWholly(server.urlOf(index)).then(() => void soundCount++);
      const failure = await endOf(reading);
      const { user, system } = process.cpuUsage(startCpu);
      const cpuMs = (user + system) / 1_000;
      if (failure !== undefined) wrong.push(`${name}: ${failure}`);
      if (cpuMs > LIMIT_CPU_MS) wrong.push(`${name}: took ${Math.round(cpuMs)} ms`);
    }
    expect(wrong).toEqual([]);
    expect(unhandled).toEqual([]);
    expect(allCases.length).toBeGreaterThanOrEqual(500);
    // Most are refused. The other damage is harmless, such as a key that nobody reads.
    expect(soundCount).toBeGreaterThan(0);
    expect(soundCount).toBeLessThan(cases.length / 2);
    expect(process.resourceUsage().maxRSS * 1024 - bytesBefore).toBeLessThan(2 ** 30);
  },
);
