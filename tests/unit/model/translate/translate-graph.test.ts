// How weights are laid out, and what is refused.
import { describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { translateGraph } from "../../../../src/model/translate/translate-graph.js";
import { trialShapesOf, whyNotTflite } from "../../../../src/model/translate/why-not-tflite.js";
import { caught } from "../../../fixtures/caught.js";
import { kerasNet } from "../../../fixtures/keras-net.js";
import { readModelFolder } from "../../../fixtures/public-models.js";
import { randomNet } from "../../../fixtures/random-net.js";
import { SmallGraph } from "../../../fixtures/small-graph.js";
import { readWholeTflite } from "../../../fixtures/whole-tflite.js";

const wireOf = (artifacts: ModelArtifacts, optimize = true) => {
  const { wire } = inspectModel(artifacts, false, optimize);
  if (wire.format !== "graph-model") throw new Error("Expected a graph.");
  return wire;
};
const bytesOf = (artifacts: ModelArtifacts, shapes: Record<string, readonly number[]>): Uint8Array => {
  const file = translateGraph(wireOf(artifacts), shapes);
  const bytes = new Uint8Array(file.byteLength);
  file.write(bytes);
  return bytes;
};

/** Where a list of floats begins in a file; -1 if it is not there. */
function find(bytes: Uint8Array, values: readonly number[]): number {
  return Buffer.from(bytes).indexOf(Buffer.from(Float32Array.from(values).buffer));
}

/** The values that `SmallGraph.floats` makes. */
const float = (index: number): number => Math.fround(Math.sin(index + 1) + 1.5);

describe("weights", () => {
  const strides = { strides: { list: { i: ["1", "1", "1", "1"] } }, padding: { s: btoa("SAME") } };

  it("of convolutions are [out, height, width, in]", () => {
    const graph = new SmallGraph(4, 4, 3);
    const output = graph.add("Conv2D", ["x", graph.floats([2, 2, 3, 5])], strides);
    const bytes = bytesOf(graph.model(output), { x: [2, 4, 4, 3] });
    const expected = Array.from({ length: 60 }, (_, index) => {
      const [channel, position] = [Math.floor(index / 12), index % 12];
      return float(position * 5 + channel);
    });
    const place = find(bytes, expected);
    expect(place).toBeGreaterThan(0);
    expect(place % 16).toBe(0);
  });

  it("of dense layers are [out, in]", () => {
    const graph = new SmallGraph(6);
    const output = graph.add("MatMul", ["x", graph.floats([6, 4])]);
    const bytes = bytesOf(graph.model(output), { x: [3, 6] });
    const expected = Array.from({ length: 24 }, (_, index) => float((index % 6) * 4 + Math.floor(index / 6)));
    expect(find(bytes, expected) % 16).toBe(0);
    expect(find(bytes, expected)).toBeGreaterThan(0);
  });

  it("of depthwise convolutions stay as they are", () => {
    const graph = new SmallGraph(4, 4, 3);
    const output = graph.add("DepthwiseConv2dNative", ["x", graph.floats([2, 2, 3, 2])], strides);
    const bytes = bytesOf(graph.model(output), { x: [1, 4, 4, 3] });
    expect(
      find(
        bytes,
        Array.from({ length: 24 }, (_, index) => float(index)),
      ),
    ).toBeGreaterThan(0);
  });

  it("are in the file once, whatever the batch", () => {
    const sizes = [1, 64].map(
      (batch) => translateGraph(wireOf(randomNet({ seed: 1 })), { image: [batch, 8, 8, 3] }).byteLength,
    );
    expect(sizes[0]).toBe(sizes[1]);
  });

  it("are not read to find out whether a model can be written", () => {
    const wire = wireOf(readModelFolder("tests/fixtures/models/quantised-uint8"));
    // Those that are larger than an axis or a shape lie beyond the data, where reading them fails.
    const weights = Object.entries(wire.weights).map(([name, weight]) => {
      const isLarge = weight.kind === "stored" && weight.byteLength > 16;
      return [name, isLarge ? { ...weight, byteOffset: 2 ** 40 } : weight] as const;
    });
    const beyond = { ...wire, weights: Object.fromEntries(weights) };
    expect(whyNotTflite(beyond)).toBeUndefined();
    const file = translateGraph(beyond, trialShapesOf(beyond)!);
    caught("weights-truncated", () => file.write(new Uint8Array(file.byteLength)), "bytes of weights");
  });
});

describe("shapes that a graph works out while it runs", () => {
  /** Flattens each item, as converted models do it: [Shape(x)[0], 12]. */
  const flattening = () => {
    const graph = new SmallGraph(3, 4);
    const shape = graph.add("Shape", ["x"], { out_type: { type: "DT_INT32" } });
    const bounds = [[0], [1], [1]].map((values) => graph.ints([1], ...values));
    const batch = graph.add("StridedSlice", [shape, ...bounds], {
      shrink_axis_mask: { i: "1" },
      T: { type: "DT_INT32" },
    });
    const sizes = graph.add("Pack", [batch, graph.ints([], 12)], { T: { type: "DT_INT32" }, N: { i: "2" } });
    return graph.model(graph.add("Reshape", [graph.add("Exp", ["x"]), sizes]));
  };

  it("are constants of the file", () => {
    const bytes = bytesOf(flattening(), { x: [5, 3, 4] });
    // Exp and Reshape.
    expect(readWholeTflite(bytes)).toEqual({ codes: [47, 22], faults: [] });
  });

  it("must fit, or the shape of the call is refused", () => {
    const graph = new SmallGraph(3, 4);
    const model = graph.model(graph.add("Reshape", [graph.add("Exp", ["x"]), graph.ints([2], 2, 12)]));
    expect(bytesOf(model, { x: [2, 3, 4] }).length).toBeGreaterThan(0);
    caught("model-failed", () => bytesOf(model, { x: [3, 3, 4] }), "[3,3,4] reshaped to [2,12]");
  });
});

describe("what can't be written whole is refused, with the node that is why", () => {
  it.each([
    ["loop", /node \w+ ".*", an operation that TensorFlow Lite has no counterpart for/],
    ["branch", /no counterpart/],
    ["detector", /NonMaxSuppression|no counterpart/],
    ["recurrent", /no counterpart|a recurrent layer, whose states LiteRT does not keep/],
    ["table", /texts|no counterpart/],
  ])("%s", (name, reason) => {
    const why = whyNotTflite(wireOf(readModelFolder(`tests/fixtures/models/${name}`)));
    expect(why).toMatch(/^Expected .*, received .*: use workers of the engine "tfjs" for it\.$/);
    expect(why).toMatch(reason);
  });

  it("an activation, an axis or a filter that is computed", () => {
    const graph = new SmallGraph(4);
    const computed = graph.add("Cast", ["x"], { DstT: { type: "DT_INT32" }, SrcT: { type: "DT_FLOAT" } });
    const why = whyNotTflite(
      wireOf(graph.model(graph.add("Reshape", ["x", graph.add("Max", [computed, graph.ints([1], 0)])]))),
    );
    expect(why).toContain('Reshape "');
    expect(why).toContain("a shape that is computed while the model runs");
  });

  it("an output that is the same whatever the inputs, which LiteRT leaves unwritten", () => {
    const graph = new SmallGraph(4);
    const why = whyNotTflite(wireOf(graph.model(graph.add("ZerosLike", ["x"]))));
    expect(why).toContain('the output "y", which does not depend on the values of the inputs');
  });

  it("TF.js layers", () => {
    const { wire } = inspectModel(kerasNet(1), false, false);
    expect(wire.format).toBe("layers-model");
    expect(whyNotTflite(wire)).toContain("TF.js layers, which are no graph");
  });

  it("parts without elements", () => {
    const graph = new SmallGraph(4);
    const split = graph.add("SplitV", ["x", graph.ints([2], 4, 0), graph.ints([], 1)], { num_split: { i: "2" } });
    expect(whyNotTflite(wireOf(graph.model(split)))).toContain("an empty part");
  });

  it("more parts than any model has, before they are listed", () => {
    const graph = new SmallGraph(1_000_000_000);
    const why = whyNotTflite(wireOf(graph.model(graph.add("Unpack", ["x"], { axis: { i: "1" } }))));
    expect(why).toContain("1000000000 parts");
    const square = new SmallGraph(1_000_000, 1_000_000);
    const bounds = [square.ints([], -1), square.ints([], 0)];
    const band = whyNotTflite(wireOf(square.model(square.add("MatrixBandPart", ["x", ...bounds]))));
    expect(band).toContain("bands of 1000000 × 1000000");
  });

  it("not for sizes that are free: the first that the model takes is tried", () => {
    const graph = new SmallGraph(-1, -1, 3);
    const strides = { strides: { list: { i: ["1", "1", "1", "1"] } }, padding: { s: btoa("VALID") } };
    const output = graph.add("Conv2D", ["x", graph.floats([100, 2, 3, 2])], strides);
    const wire = wireOf(graph.model(output));
    expect(whyNotTflite(wire)).toBeUndefined();
    expect(trialShapesOf(wire)).toEqual({ x: [1, 256, 256, 3] });
  });
});
