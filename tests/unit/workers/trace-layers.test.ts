// Traces with engines that are scripted to take virtual time. The contract suite traces TF.js itself.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import type { WireModel } from "../../../src/protocol/model-on-wire.js";
import { isShared } from "../../../src/protocol/share-tensor.js";
import type { Tensor } from "../../../src/protocol/tensors.js";
import type { Engine, EngineModel, NamedInputs, NamedOutputs } from "../../../workers/runtime/engine.js";
import { traceLayers } from "../../../workers/runtime/trace-layers.js";
import { rejected } from "../../fixtures/caught.js";
import { counting } from "../../fixtures/tensors.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());
const pass = (ms: number): void => void vi.advanceTimersByTime(ms);

const binding = (name: string) => ({ name, tensorName: name, dtype: "float32", shape: undefined }) as const;

/** A layer whose outputs are each the sum of its inputs, element by element. */
function layer(inputs: string[], outputs: string[]): WireModel {
  return {
    format: "graph-model",
    inputs: inputs.map(binding),
    outputs: outputs.map(binding),
    artifacts: {},
    weights: {},
    weightData: new ArrayBuffer(0),
    needsAsync: false,
  };
}

interface Script {
  /** Ms of computing, by the name of a layer's first output. An error in place of a number is thrown. */
  readonly computeMs?: Readonly<Record<string, number | Error>>;
  readonly canMeasure?: boolean;
}

const UPLOAD_MS = 3;
const READ_MS = 5;

/** Adds its inputs. A tensor takes 3 ms to upload and 5 ms to read back. Overwrites its inputs, and logs calls and models held. */
function scriptedEngine({ computeMs = {}, canMeasure = true }: Script) {
  const log = { held: 0, mostHeld: 0, calls: [] as string[] };
  const load = async (wire: WireModel): Promise<EngineModel> => {
    log.mostHeld = Math.max(log.mostHeld, ++log.held);
    const first = wire.outputs[0]!.name;
    const compute = (inputs: NamedInputs): NamedOutputs => {
      const ms = computeMs[first] ?? 0;
      if (ms instanceof Error) throw ms;
      pass(ms);
      const tensors = wire.inputs.map(({ name }) => inputs[name] as Tensor & { dtype: "float32" });
      const sum = tensors[0]!.data.map((_, i) => tensors.reduce((total, { data }) => total + data[i]!, 0));
      for (const tensor of tensors) if (!isShared(tensor)) tensor.data.fill(NaN);
      return Object.fromEntries(
        wire.outputs.map(({ name }) => [name, { dtype: "float32", shape: [...tensors[0]!.shape], data: sum.slice() }]),
      );
    };
    return {
      async run(inputs) {
        log.calls.push(`run ${first}`);
        pass(UPLOAD_MS * wire.inputs.length);
        const outputs = compute(inputs);
        pass(READ_MS * wire.outputs.length);
        return outputs;
      },
      ...(canMeasure && {
        async measure(inputs: NamedInputs, runCount: number) {
          log.calls.push(`measure ${first} × ${runCount}`);
          pass(100);
          const startMs = performance.now();
          const outputs = compute(inputs);
          const ms = performance.now() - startMs;
          pass(100);
          return { ms, outputs };
        },
      }),
      dispose: () => void log.held--,
    };
  };
  return { engine: { load } as Engine, log };
}

const noCheck = async () => {};
const x: Tensor = { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 2) };
const traced = { shape: [1, 2], dtype: "float32" };

describe("traceLayers", () => {
  it("measures layer by layer, holding one at a time, and returns shapes and dtypes", async () => {
    const { engine, log } = scriptedEngine({ computeMs: { a: 4, b: 7 } });
    const layers = [layer(["x"], ["a"]), layer(["a"], ["b", "c"])];
    const { layers: found, failure } = await traceLayers(engine, { layers, inputs: { x }, runCount: 2 }, noCheck);
    expect(found).toEqual([
      { ms: 4, outputs: { a: traced } },
      { ms: 7, outputs: { b: traced, c: traced } },
    ]);
    expect(failure).toBeUndefined();
    expect([log.held, log.mostHeld]).toEqual([0, 1]);
  });

  it("keeps tensors for later layers, unchanged by the layers that used them", async () => {
    const { engine } = scriptedEngine({});
    const seen: NamedInputs[] = [];
    const watched: Engine = {
      ...engine,
      async load(wire) {
        const model = await engine.load(wire);
        const measure: EngineModel["measure"] = (inputs, runCount) => {
          seen.push(structuredClone(inputs));
          return model.measure!(inputs, runCount);
        };
        return { ...model, measure };
      },
    };
    const layers = [layer(["x"], ["a"]), layer(["x", "a"], ["b"]), layer(["x", "a", "b"], ["c"])];
    const input = structuredClone(x);
    await traceLayers(watched, { layers, inputs: { x: input }, runCount: 1 }, noCheck);
    const of = (...data: number[]) => ({ ...x, data: Float32Array.from(data) });
    expect(seen).toEqual([{ x }, { x, a: x }, { x, a: x, b: of(2, 4) }]);
    expect(input).toEqual(x);
  });

  it("finds the time of a read-back and an upload, apart from computing", async () => {
    const { engine } = scriptedEngine({ computeMs: { a: 1, b: 2, c: 0 } });
    const layers = [layer(["x"], ["a"]), layer(["a"], ["b"]), layer(["a", "b"], ["c", "d"])];
    const { transferMs } = await traceLayers(engine, { layers, inputs: { x }, runCount: 1 }, noCheck);
    expect(transferMs!.perTransfer + 8 * transferMs!.perByte).toBeCloseTo(UPLOAD_MS + READ_MS);
  });

  it("makes whole calls only of layers that compute little, and of the first", async () => {
    const { engine, log } = scriptedEngine({ computeMs: { a: 50, b: 50, c: 6, d: 1 } });
    const layers = [layer(["x"], ["a"]), layer(["a"], ["b"]), layer(["b"], ["c"]), layer(["c"], ["d"])];
    await traceLayers(engine, { layers, inputs: { x }, runCount: 4 }, noCheck);
    const runs = ["run a", "run c", ...Array.from({ length: 3 }, () => "run d")];
    expect(log.calls.filter((call) => call.startsWith("run"))).toEqual(runs);
    expect(log.calls.filter((call) => !call.startsWith("run"))).toEqual(
      ["a", "b", "c", "d"].map((name) => `measure ${name} × 4`),
    );
  });

  it("times whole calls after one to warm up if an engine can't measure, and reports no transfer time", async () => {
    const { engine, log } = scriptedEngine({ computeMs: { a: 4 }, canMeasure: false });
    const result = await traceLayers(engine, { layers: [layer(["x"], ["a"])], inputs: { x }, runCount: 3 }, noCheck);
    expect(result).toEqual({
      layers: [{ ms: 4 + UPLOAD_MS + READ_MS, outputs: { a: traced } }],
      failure: undefined,
      transferMs: undefined,
    });
    expect(log.calls).toEqual(["run a", "run a", "run a", "run a"]);
  });

  it.each([
    ["a layer that fails", [layer(["a"], ["b"])], { computeMs: { b: new TypeError("no kernel") } }, "no kernel"],
    ["a tensor that nobody gives", [layer(["z"], ["b"])], {}, `"z"`],
  ])("ends at %s, with the reason, and holds nothing", async (_, rest, script, reason) => {
    const { engine, log } = scriptedEngine(script);
    const layers = [layer(["x"], ["a"]), ...rest, layer(["b"], ["c"])];
    const result = await traceLayers(engine, { layers, inputs: { x }, runCount: 1 }, noCheck);
    expect(result.layers).toHaveLength(1);
    expect(result.failure).toContain(reason);
    expect(log.held).toBe(0);
  });

  it("ends between layers when it is cancelled", async () => {
    const { engine, log } = scriptedEngine({});
    const layers = [layer(["x"], ["a"]), layer(["a"], ["b"])];
    let checks = 0;
    const cancelled = traceLayers(engine, { layers, inputs: { x }, runCount: 1 }, async () => {
      if (++checks === 2) throw new ShardError("aborted", "Enough.");
    });
    await rejected("aborted", cancelled);
    expect(log.held).toBe(0);
    expect(log.calls.filter((call) => call.startsWith("measure"))).toHaveLength(1);
  });

  it("refuses zero timed runs", async () => {
    const { engine } = scriptedEngine({});
    await rejected("internal", traceLayers(engine, { layers: [], inputs: { x }, runCount: 0 }, noCheck));
  });

  it("leaves string tensors out of the transfer time", async () => {
    const words = counting("string", [1, 2]);
    const engine = {
      load: async () => ({
        run: async () => ({ y: words }),
        measure: async () => ({ ms: 1, outputs: { y: words } }),
        dispose() {},
      }),
    } as unknown as Engine;
    const result = await traceLayers(
      engine,
      { layers: [layer(["x"], ["y"])], inputs: { x: words }, runCount: 1 },
      noCheck,
    );
    expect(result).toEqual({
      layers: [{ ms: 1, outputs: { y: { shape: [1, 2], dtype: "string" } } }],
      failure: undefined,
      transferMs: undefined,
    });
  });
});
