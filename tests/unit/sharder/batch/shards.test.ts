// Batches of unusual models from the page to the engine and back: TF.js's CPU backend runs in Node as it does in a worker.
import { memory } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import type { InputTensor, Outputs, Tensor } from "../../../../src/protocol/tensors.js";
import type { Inputs } from "../../../../src/sharder/inputs/prepare-inputs.js";
import { rejected } from "../../../fixtures/caught.js";
import { cpuEngine, openCpuWorker, openEngine, startEngine } from "../../../fixtures/engine-sharder.js";
import { kerasNet } from "../../../fixtures/keras-net.js";
import { randomNet } from "../../../fixtures/random-net.js";
import { counting } from "../../../fixtures/tensors.js";
import { dims, graph, node, placeholder, signed, type NodeJson } from "../../model/graph-json.js";

/** Run a model in one worker's engine; its shards grow to the whole batch at once. */
async function load(artifacts: ModelArtifacts, openWorker = openCpuWorker) {
  const sharder = await startEngine(artifacts, { quantumMs: 60_000 }, openWorker);
  const run = async (inputs: Inputs): Promise<Outputs> => {
    // Shards grow from one item, so the second batch is a single shard.
    const first = await sharder.predict(inputs);
    const second = await sharder.predict(inputs);
    expect(second).toEqual(first);
    return second;
  };
  return { run, sharder };
}

function small(nodes: NodeJson[], outputs: Record<string, object>, inputs?: Record<string, object>): ModelArtifacts {
  const signature = { outputs, ...(inputs ? { inputs } : {}) };
  return { modelTopology: graph(nodes), signature, weightSpecs: [], weightData: new ArrayBuffer(0) };
}

const T = { T: { type: "DT_FLOAT" } };
const x = placeholder("x", dims(-1, 3));
const items = (...rows: number[][]): Tensor => ({
  dtype: "float32",
  shape: [rows.length, rows[0]!.length],
  data: Float32Array.from(rows.flat()),
});

describe("a shard", () => {
  it.each([randomNet({ seed: 7, residual: true, pooledOutput: true }), kerasNet(7)])(
    "equals its items run one by one, bit for bit, and leaks nothing: %#",
    async (artifacts) => {
      const { run } = await load(artifacts);
      const data = Float32Array.from({ length: 4 * 192 }, (_, i) => Math.sin(i));
      const before = memory().numTensors;
      const whole = (await run({ dtype: "float32", shape: [4, 8, 8, 3], data })) as Record<string, Tensor>;
      const names = Object.keys(whole);
      expect(names).toHaveLength(2);
      for (let item = 0; item < 4; item++) {
        const alone = {
          dtype: "float32",
          shape: [1, 8, 8, 3],
          data: data.slice(192 * item, 192 * (item + 1)),
        } as const;
        const one = (await run(alone)) as typeof whole;
        for (const name of names) {
          const size = one[name]!.data.length;
          expect(one[name]!.data).toEqual(whole[name]!.data.slice(item * size, (item + 1) * size));
        }
      }
      expect(memory().numTensors).toBe(before);
    },
  );

  it("of a model fixed at batch 1 is run item by item, with the same numbers", async () => {
    const free = await load(randomNet({ seed: 3, pooledOutput: true, sideInput: true }));
    const fixed = await load(randomNet({ seed: 3, pooledOutput: true, sideInput: true, batch: 1 }));
    const inputs = { image: counting("float32", [5, 8, 8, 3]), shift: counting("float32", [4]) };
    expect(await fixed.run(inputs)).toEqual(await free.run(inputs));
  });

  it("turns bytes into numbers on the worker", async () => {
    const { run } = await load(small([x, node("y", "Neg", ["x"], T)], { y: signed("y", undefined) }));
    const bytes: InputTensor = {
      dtype: "uint8",
      shape: [1, 3],
      data: new Uint8ClampedArray([0, 1, 255]),
      scale: 0.5,
      offset: -1,
    };
    expect((await run(bytes)).y).toEqual(items([1, 0.5, -126.5]));
    const int = placeholder("x", dims(-1, 3), "DT_UINT8");
    const whole = await load(
      small([int, node("y", "Neg", ["x"], { T: { type: "DT_INT32" } })], { y: signed("y", undefined) }),
    );
    expect((await whole.run({ ...bytes, scale: 1, offset: 0 })).y).toMatchObject({
      dtype: "int32",
      data: new Int32Array([-0, -1, -255]).map((value) => value),
    });
  });

  it("returns booleans as 0 and 1, and strings as strings", async () => {
    const nodes = [x, node("y", "IsNan", ["x"], T)];
    const flags = await load(small(nodes, { y: signed("y", undefined, "DT_BOOL") }));
    expect((await flags.run(items([1, NaN, 2], [NaN, NaN, 0]))).y).toEqual({
      dtype: "bool",
      shape: [2, 3],
      data: new Uint8Array([0, 1, 0, 1, 1, 0]),
    });
    const text = placeholder("x", dims(-1, 3), "DT_STRING");
    const words = await load(
      small([text, node("y", "Identity", ["x"], { T: { type: "DT_STRING" } })], {
        y: signed("y", undefined, "DT_STRING"),
      }),
    );
    const input: Tensor = { dtype: "string", shape: [1, 3], data: ["a", "ß", ""] };
    expect((await words.run(input)).y).toEqual(input);
  });
});

describe("outputs without a batch axis", () => {
  const weight: ModelArtifacts = {
    ...small([x, node("w", "Const", [], { dtype: { type: "DT_FLOAT" } }), node("y", "AddV2", ["x", "w"], T)], {
      y: signed("y", undefined),
      w: signed("w", undefined),
    }),
    weightSpecs: [{ name: "w", shape: [3], dtype: "float32" }],
    weightData: Float32Array.from([1, 2, 3]).buffer,
  };

  it("come once for the whole batch; a weight that is an output stays in the engine", async () => {
    const { run } = await load(weight);
    const before = memory().numTensors;
    for (let i = 0; i < 3; i++) {
      const { w, y } = await run(items([0, 0, 0], [1, 1, 1]));
      expect(y).toEqual(items([1, 2, 3], [2, 3, 4]));
      expect(w).toEqual({ dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) });
    }
    expect(memory().numTensors).toBe(before);
  });

  it.each([1, 2, 3, 4])(
    "are not taken as batched if their size happens to equal the shard's: %i items",
    async (count) => {
      const { run } = await load(weight);
      const { w } = await run(items(...Array.from({ length: count }, () => [0, 0, 0])));
      expect(w).toEqual({ dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) });
    },
  );

  it("are noticed if items change each other's numbers", async () => {
    const mixing: ModelArtifacts = {
      ...small(
        [
          x,
          node("axis", "Const", [], { dtype: { type: "DT_INT32" } }),
          node("mean", "Mean", ["x", "axis"], { ...T, keep_dims: { b: true } }),
          node("y", "Sub", ["x", "mean"], T),
        ],
        { y: signed("y", undefined) },
      ),
      weightSpecs: [{ name: "axis", shape: [1], dtype: "int32" }],
      weightData: Int32Array.from([0]).buffer,
    };
    // Neither a blank first item nor a single item may hide it.
    for (const first of [items([1, 2, 3]), items([0, 0, 0]), items([4, 4, 4], [4, 4, 4])]) {
      const { run } = await load(mixing);
      const before = memory().numTensors;
      await run(first);
      // As TensorFlow runs the batch, of which the means are 3, 3.5 and 6.
      expect((await run(items([1, 2, 3], [5, 5, 9]))).y).toEqual(items([-2, -1.5, -3], [2, 1.5, 3]));
      expect(memory().numTensors).toBe(before);
    }
  });

  it("may be declared and still not work: a batch that fails is run item by item", async () => {
    const fixed: ModelArtifacts = {
      ...small(
        [x, node("size", "Const", [], { dtype: { type: "DT_INT32" } }), node("y", "Reshape", ["x", "size"], T)],
        { y: signed("y", dims(-1, 3)) },
      ),
      weightSpecs: [{ name: "size", shape: [2], dtype: "int32" }],
      weightData: Int32Array.from([1, 3]).buffer,
    };
    const { run } = await load(fixed);
    const before = memory().numTensors;
    for (let i = 0; i < 2; i++) expect((await run(items([1, 2, 3], [4, 5, 6]))).y).toEqual(items([1, 2, 3], [4, 5, 6]));
    expect(memory().numTensors).toBe(before);
  });

  it("that pass the input through neither fail nor leak tensors", async () => {
    const { run } = await load(
      small([x, node("y", "Identity", ["x"], T)], { y: signed("y", undefined), same: signed("x:0", undefined) }),
    );
    const before = memory().numTensors;
    const inputs = items([1, 2, 3], [4, 5, 6]);
    expect(await run(inputs)).toEqual({ y: inputs, same: inputs });
    expect(inputs.data).toEqual(items([1, 2, 3], [4, 5, 6]).data);
    expect(memory().numTensors).toBe(before);
  });

  it("that differ between items come one by one, from ops that only run asynchronously", async () => {
    const one = placeholder("x", dims(1, 3));
    const flags = node("flags", "IsNan", ["x"], T);
    const { run } = await load(
      small([one, flags, node("y", "Where", ["flags"], { T: { type: "DT_BOOL" } })], {
        y: signed("y", undefined, "DT_INT64"),
      }),
    );
    const before = memory().numTensors;
    const { y } = await run(items([NaN, 0, NaN], [0, 0, 0], [0, NaN, 0]));
    expect(y?.dtype === "ragged" && y.items.map(({ shape, data }) => [shape, [...data]])).toEqual([
      [
        [2, 2],
        [0, 0, 0, 2],
      ],
      [[0, 2], []],
      [
        [1, 2],
        [0, 1],
      ],
    ]);
    expect(memory().numTensors).toBe(before);
  });
});

describe("the engine is asked for the right tensors", () => {
  it("where the signature's keys are the names of each other's nodes", async () => {
    const nodes = [x, node("Identity", "Neg", ["x"], T), node("Identity_1", "Abs", ["x"], T)];
    const { run } = await load(
      small(nodes, { Identity: signed("Identity_1", undefined), Identity_1: signed("Identity", undefined) }),
    );
    const outputs = await run(items([-1, 2, -3]));
    expect(outputs).toEqual({ Identity: items([1, 2, 3]), Identity_1: items([1, -2, 3]) });
  });

  it("where inputs swap names, and several outputs come from one node", async () => {
    const a = placeholder("a", dims(-1, 1));
    const b = placeholder("b", dims(-1, 1));
    const swapped = { a: signed("b", dims(-1, 1)), b: signed("a", dims(-1, 1)) };
    const { run } = await load(small([a, b, node("y", "Sub", ["a", "b"], T)], { y: signed("y", undefined) }, swapped));
    expect((await run({ a: items([1]), b: items([10]) })).y).toEqual(items([9]));

    const top = node("top", "TopKV2", ["x", "k"], { ...T, sorted: { b: true } });
    const two: ModelArtifacts = {
      ...small([x, node("k", "Const", [], { dtype: { type: "DT_INT32" } }), top], {
        indices: signed("top:1", undefined, "DT_INT32"),
        values: signed("top:0", undefined),
      }),
      weightSpecs: [{ name: "k", shape: [], dtype: "int32" }],
      weightData: Int32Array.from([2]).buffer,
    };
    expect(await (await load(two)).run(items([5, 7, 6]))).toEqual({
      values: items([7, 6]),
      indices: { dtype: "int32", shape: [1, 2], data: new Int32Array([1, 2]) },
    });
  });

  it("in any op that TF.js runs asynchronously, without control flow", async () => {
    const nodes = [
      placeholder("x", dims(-1)),
      placeholder("y", dims(2), "DT_FLOAT"),
      node("diff", "ListDiff", ["x", "y"], T),
    ];
    const { run } = await load({ ...small(nodes, { diff: signed("diff", undefined) }) });
    const { diff } = await run({ x: counting("float32", [2], 1), y: counting("float32", [2], 2) });
    // Of the whole batch: 1 is in `x` and not in `y`.
    expect(diff).toEqual(counting("float32", [1], 1));
  });
});

describe("faults", () => {
  it("an op that fails rejects with its message and leaves no tensor", async () => {
    // This engine does not list its kernels, so nothing shows beforehand that the model will fail.
    const openWorker = openEngine(() => {
      const engine = cpuEngine();
      return { ...engine, start: async (config, notify) => ({ ...(await engine.start(config, notify)), kernels: [] }) };
    });
    const { run } = await load(small([x, node("y", "Bitcast", ["x"])], { y: signed("y", undefined) }), openWorker);
    const before = memory().numTensors;
    await expect(run(items([1, 2, 3]))).rejects.toThrow("Bitcast");
    expect(memory().numTensors).toBe(before);
  });

  it("an abort between items ends the job and leaves no tensor", async () => {
    const { sharder } = await load(randomNet({ seed: 1, batch: 1, size: 24, width: 16, depth: 3 }));
    const before = memory().numTensors;
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    const options = { signal: controller.signal, onProgress };
    await rejected("aborted", sharder.predict(counting("float32", [2_000, 24, 24, 3]), options));
    await sharder.predict(counting("float32", [1, 24, 24, 3]));
    expect(memory().numTensors).toBe(before);
  });

  it.each([
    ["a graph without versions", { ...randomNet({ seed: 1 }), modelTopology: { node: [x, node("y", "Neg", ["x"])] } }],
    ["a node whose input is missing", small([x, node("y", "Neg", ["nowhere"], T)], { y: signed("y", undefined) })],
    [
      "weights with other names",
      { ...kerasNet(1), weightSpecs: kerasNet(1).weightSpecs.map((spec) => ({ ...spec, name: `x${spec.name}` })) },
    ],
  ])("%s is a malformed model", async (_, artifacts) => {
    await rejected("model-malformed", load(artifacts));
  });

  it("a layer that TF.js does not know is not reported as the model's fault", async () => {
    const net = kerasNet(1);
    const topology = JSON.stringify(net.modelTopology).replace("GlobalAveragePooling2D", "MyOwnLayer");
    const unknown = { ...net, modelTopology: JSON.parse(topology) as object };
    await rejected("model-unsupported", load(unknown), "MyOwnLayer", "tfjs_graph_model");
  });

  it("dispose leaves nothing of the model in the engine", async () => {
    const before = memory().numTensors;
    for (const artifacts of [randomNet({ seed: 1 }), kerasNet(1)]) {
      const { sharder, run } = await load(artifacts);
      await run(counting("float32", [1, 8, 8, 3]));
      expect(memory().numTensors).toBeGreaterThan(before);
      await sharder.dispose();
      expect(memory().numTensors).toBe(before);
    }
  });
});
