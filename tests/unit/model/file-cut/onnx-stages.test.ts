// Every saved .onnx model, cut at every place, written, and read again. What the stages compute is compared in the browser.
import { describe, expect, it } from "vitest";
import { toSend } from "../../../../src/model/compact-weights.js";
import { MODEL, TENSOR } from "../../../../src/model/onnx/fields.js";
import { ProtoMessage } from "../../../../src/model/onnx/proto-message.js";
import { readOnnxGraph } from "../../../../src/model/onnx/read-nodes.js";
import { findWeight } from "../../../../src/model/onnx/stored-weights.js";
import type { OnnxWire } from "../../../../src/protocol/model-on-wire.js";
import { onnxOf, readOnnxModel, savedModels } from "../../../fixtures/file-models.js";

const inLatin = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** The nodes of a model as they are encoded, and the bytes of its constants by name. */
function contentOf({ model, modelBytes, weightData, dataFiles }: OnnxWire) {
  const bytes = model ?? new Uint8Array(weightData, 0, modelBytes);
  const graph = readOnnxGraph(new ProtoMessage(bytes).message(MODEL.graph)!);
  const files = new Map(dataFiles.map((file) => [file.path, file]));
  const constants = [...graph.initializers].map(([name, tensor]): [string, string] => {
    const { byteOffset, byteLength } = findWeight(tensor, files);
    // In the model itself, offsets count from its beginning.
    const isApart = model === undefined || tensor.message(TENSOR.external) !== undefined;
    const found =
      byteOffset === undefined
        ? tensor.bytes
        : new Uint8Array(isApart ? weightData : bytes.buffer, byteOffset, byteLength);
    return [name, inLatin(found)];
  });
  return { nodes: graph.nodes.map(({ message }) => inLatin(message.bytes)), constants: new Map(constants), graph };
}

const CUTTABLE = [
  "conv-groups",
  "conv-single",
  "conv",
  "external",
  "mlp",
  "opset-11",
  "opset-9",
  "opset-newest",
  "branches",
  "constants",
  "quantised",
  "residual",
];

describe("stages of .onnx models", () => {
  it("can be had of those that have places to cut", () => {
    const cuttable = savedModels("onnx").filter((path) => readOnnxModel(path).staged !== undefined);
    expect(cuttable.map((path) => /([^/]*)\.onnx$/.exec(path)![1])).toEqual(expect.arrayContaining(CUTTABLE));
  });

  it.each(savedModels("onnx"))("%s: nodes and constants are in the stages that need them, as they were", (path) => {
    const { staged, wire, info } = readOnnxModel(path);
    if (staged === undefined) {
      expect(info).toMatchObject({ layers: [], cuts: [], optimization: { notDone: [{ what: "cuts" }, {}] } });
      return;
    }
    const whole = contentOf(wire);
    const places = staged.layers.map((_, layer) => layer).slice(1);
    for (const cuts of [[], ...places.map((place) => [place]), places]) {
      const stages = staged.stages(cuts);
      const contents = stages.map((stage) => contentOf(stage.wire));
      // Each node that computes something is in one stage; those that read constants alone may be in several, or were made constants.
      const written = contents.flatMap(({ nodes }) => nodes);
      expect(new Set(written)).toEqual(new Set(whole.nodes.filter((node) => written.includes(node))));
      const absent = whole.graph.nodes.filter(({ message }) => !written.includes(inLatin(message.bytes)));
      expect(absent.filter(({ op }) => op !== "Constant" && op !== "Exp")).toEqual([]);
      for (const [index, { constants, graph }] of contents.entries()) {
        for (const [name, bytes] of constants)
          if (whole.constants.has(name)) expect(bytes, name).toBe(whole.constants.get(name));
        const read = new Set(graph.nodes.flatMap((node) => [...node.inputs, ...node.captures]));
        expect([...constants.keys()].filter((name) => !read.has(name))).toEqual([]);
        const { inputs, outputs } = stages[index]!;
        expect([...graph.inputs.keys()].filter((name) => !constants.has(name))).toEqual(inputs);
        expect([...graph.outputs.keys()]).toEqual(outputs);
      }
    }
  });

  it.each(["residual", "constants", "quantised"])(
    "%s: each is a model that can be read like any other, alone or with its weights only",
    (name) => {
      const { staged } = readOnnxModel(`tests/fixtures/cuts/${name}.onnx`);
      const places = staged!.layers.map((_, layer) => layer).slice(1);
      for (const { wire, inputs, outputs } of staged!.stages(places)) {
        const sent = toSend(wire) as OnnxWire;
        expect(sent.weightData.byteLength).toBe(wire.dataFiles.reduce((sum, { byteLength }) => sum + byteLength, 0));
        for (const { weightData, dataFiles, model } of [wire, sent]) {
          const files = dataFiles.map(
            ({ byteOffset, byteLength }) => new Uint8Array(weightData, byteOffset, byteLength),
          );
          const { info } = onnxOf(
            [model!, ...files],
            dataFiles.map(({ path }) => path),
          );
          expect(info.inputs.map((each) => each.name)).toEqual(inputs);
          expect(info.outputs.map((each) => each.name)).toEqual(outputs);
        }
        expect(contentOf(sent).constants).toEqual(contentOf(wire).constants);
      }
    },
  );

  it("what can't pass between workers unchanged is not cut, and quantised tensors pass as they are stored", () => {
    const stagesOf = (name: string) => {
      const { staged } = readOnnxModel(`tests/fixtures/cuts/${name}.onnx`);
      return staged!.stages(staged!.layers.map((_, layer) => layer).slice(1));
    };
    // Doubles stay where they are.
    expect(stagesOf("constants").map(({ inputs }) => inputs)).toEqual([["x"], ["r1"], ["narrow", "r1"], ["a"]]);
    const quantised = stagesOf("quantised").flatMap(({ wire }) => wire.inputs);
    expect(quantised.map(({ name, element }) => `${name} ${element}`)).toEqual(["x float32", "q1 int8", "q3 int8"]);
    // Sizes that are computed in one layer for another are whole numbers of 64 bits, and small.
    expect(stagesOf("residual")[2]!.inputs).toEqual(["r2", "r1", "target"]);
    // A branch and its condition, a loop.
    expect(stagesOf("branches").map(({ inputs, outputs }) => [inputs, outputs].join(">"))).toEqual([
      "x>h,flag",
      "flag,h>taken",
      "taken>p",
      "p>looped",
      "looped>y",
    ]);
  });
});
