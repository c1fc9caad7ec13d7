import { describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { convertedModels, readConvertedModel } from "../../../fixtures/converted-models.js";
import { dims, graph, node, placeholder } from "../graph-json.js";

const invariance = (artifacts: ModelArtifacts) => inspectModel(artifacts, false).info.isBatchInvariant;
const model = (nodes: Parameters<typeof graph>[0]): ModelArtifacts => ({
  modelTopology: graph(nodes),
  weightSpecs: [],
  weightData: new ArrayBuffer(0),
});

describe("a model that branches or loops on the values of its inputs takes whole batches", () => {
  it("as TensorFlow's converter writes it, with control flow of both versions", () => {
    const branching = convertedModels.filter((name) => invariance(readConvertedModel(name).artifacts) === false);
    expect(branching).toEqual(["branch", "branch-v2", "loop", "loop-v2"]);
  });

  it("except for branches on shapes, and on values that are not inputs", () => {
    const x = placeholder("x", dims(-1, 3));
    const branch = (predicate: string) => [
      node("switch", "Switch", ["x", predicate]),
      node("negative", "Neg", ["switch"]),
      node("y", "Merge", ["negative", "switch:1"]),
    ];
    expect(invariance(model([x, node("any", "Any", ["x"]), ...branch("any")]))).toBe(false);
    expect(
      invariance(model([x, node("shape", "Shape", ["x"]), node("any", "Any", ["shape"]), ...branch("any")])),
    ).toBeUndefined();
    const training = placeholder("training", dims(), "DT_BOOL", "PlaceholderWithDefault");
    expect(
      invariance({
        ...model([x, training, ...branch("training")]),
        signature: { inputs: { x: { name: "x:0" } }, outputs: { y: { name: "y:0" } } },
      }),
    ).toBeUndefined();
  });
});
