// Every saved .tflite model, cut at every place, written, and read again. What the stages compute is compared in the browser.
import { describe, expect, it } from "vitest";
import { toSend } from "../../../../src/model/compact-weights.js";
import { tfliteArtifacts } from "../../../../src/model/load/read-tflite.js";
import { FlatTable } from "../../../../src/model/tflite/flat-table.js";
import { inspectTflite } from "../../../../src/model/tflite/inspect-tflite.js";
import { BUFFER, MODEL, OPERATION, OPERATOR, SUBGRAPH, TENSOR } from "../../../../src/model/tflite/schema.js";
import type { TfliteWire } from "../../../../src/protocol/model-on-wire.js";
import { readTfliteModel, savedModels, stageBytes } from "../../../fixtures/file-models.js";
import { TfliteMaker } from "../../../fixtures/made-tflite.js";

/** The operators of a file as texts, and the bytes of the constants that they read, by the names of the tensors. */
function contentOf(bytes: Uint8Array<ArrayBuffer>) {
  const model = FlatTable.rootOf(bytes);
  const subgraph = model.tableAt(MODEL.subgraphs, 0);
  const constants = new Map<string, string>();
  const operators = Array.from({ length: subgraph.lengthOf(SUBGRAPH.operators, 4) }, (_, place) => {
    const operator = subgraph.tableAt(SUBGRAPH.operators, place);
    const kind = model.tableAt(MODEL.operations, operator.uint32(OPERATOR.operation));
    const [inputs, outputs] = [OPERATOR.inputs, OPERATOR.outputs].map(
      (field) => operator.int32s(field, 100)?.values ?? [],
    );
    for (const index of inputs!.filter((each) => each >= 0)) {
      const tensor = subgraph.tableAt(SUBGRAPH.tensors, index);
      const data = model.tableAt(MODEL.buffers, tensor.uint32(TENSOR.buffer)).placeOf(BUFFER.data, 1);
      if (data === undefined) continue;
      constants.set(
        `${tensor.text(TENSOR.name)} ${index}`,
        Buffer.from(bytes.slice(data.start, data.end)).toString("latin1"),
      );
      // In the stages, constants begin at multiples of 16, as TensorFlow Lite asks for it.
      expect((data.start + 4) % 4).toBe(0);
    }
    const options = operator.table(OPERATOR.options);
    const [extent] = options?.extents ?? [];
    const bytesOf =
      extent === undefined ? "" : Buffer.from(bytes.slice(extent.start + 4, extent.end)).toString("latin1");
    return `${kind.int8(OPERATION.code)} ${inputs!.join()} ${outputs!.join()} ${bytesOf}`;
  });
  return { operators, constants };
}

const CUTTABLE = ["conv-groups", "conv-single", "conv", "dense", "float16", "int8", "uint8", "unsigned"];

describe("stages of .tflite models", () => {
  it("can be had of those that have places to cut", () => {
    const cuttable = savedModels("tflite").filter((path) => readTfliteModel(path).staged !== undefined);
    expect(cuttable.map((path) => /([^/]*)\.tflite$/.exec(path)![1])).toEqual(expect.arrayContaining(CUTTABLE));
  });

  it.each(savedModels("tflite"))(
    "%s: operations and constants are in the stages that need them, as they were",
    (path) => {
      const { staged, wire, info } = readTfliteModel(path);
      if (staged === undefined) {
        expect(info).toMatchObject({ layers: [], cuts: [], optimization: { notDone: [{ what: "cuts" }, {}] } });
        return;
      }
      const whole = contentOf(new Uint8Array(wire.weightData as ArrayBuffer));
      const places = staged.layers.map((_, layer) => layer).slice(1);
      for (const cuts of [[], ...places.map((place) => [place]), places]) {
        const stages = staged.stages(cuts);
        const contents = stages.map((stage) => contentOf(stageBytes(stage.wire)));
        expect(new Set(contents.flatMap(({ operators }) => operators))).toEqual(new Set(whole.operators));
        for (const { operators, constants } of contents) {
          expect(operators).toEqual(whole.operators.filter((each) => operators.includes(each)));
          for (const [name, bytes] of constants) expect(bytes, name).toBe(whole.constants.get(name));
        }
        const names = new Set(contents.flatMap(({ constants }) => [...constants.keys()]));
        expect(names).toEqual(new Set(whole.constants.keys()));
        for (const [index, { wire: stage, inputs, outputs }] of stages.entries()) {
          const { info: read } = inspectTflite(tfliteArtifacts(stageBytes(stage).buffer), false, {});
          expect([read.inputs.length, read.outputs.length]).toEqual([inputs.length, outputs.length]);
          expect(read.inputs.map(({ shape }) => shape)).toEqual(stage.inputs.map(({ shape }) => shape));
          // Less of the weights than the whole has, if there are others.
          const sent = toSend(stage) as TfliteWire;
          expect(Buffer.compare(stageBytes(sent), stageBytes(stage))).toBe(0);
          if (index > 0) expect(contents[index]!.constants.size).toBeLessThan(whole.constants.size);
        }
      }
    },
  );

  it("where a size is free, a call's is written into the stage's file", () => {
    const { staged } = readTfliteModel("tests/fixtures/tflite/conv.tflite");
    for (const { wire } of staged!.stages([1, 2])) {
      const view = new DataView(stageBytes(wire).buffer);
      for (const { shape, shapeOffsets } of wire.inputs) {
        expect(shape![0]).toBe(-1);
        const [stated, signature] = shapeOffsets!.map((offset) =>
          shape!.map((_, axis) => view.getInt32(offset + 4 * axis, true)),
        );
        expect(stated).toEqual([1, ...shape!.slice(1)]);
        expect(signature).toEqual(shape);
      }
    }
  });

  it("a signature of another subgraph than the first is cut, but not where its operations run others, which are known by number", () => {
    const [CONV, IF] = [3, 118];
    const cutsOf = (kinds: readonly number[], signature: string): number => {
      const maker = new TfliteMaker();
      const [name, shape] = [maker.text("t"), maker.ints([1, 2])];
      const tensors = Array.from({ length: 4 }, () => maker.tensor(name, shape));
      const subgraph = (middle: number) => {
        const operators = [0, middle, 0].map((kind, place) =>
          maker.operator(kind, maker.ints([place]), maker.ints([place + 1])),
        );
        return { tensors, operators, inputs: [0], outputs: [3] };
      };
      const subgraphs = [subgraph(1), subgraph(1), subgraph(0)];
      const file = maker.finish({ kinds, subgraphs, signatures: ["first", "second", "third"] });
      return inspectTflite(tfliteArtifacts(file.buffer), false, {}, signature).info.cuts.length;
    };
    // What IF makes can't cross, so it stays with the convolution behind it.
    expect(cutsOf([CONV, IF], "first")).toBe(1);
    expect(cutsOf([CONV, IF], "second")).toBe(0);
    // It runs others itself, whatever the rest of the file does.
    expect(cutsOf([CONV, IF], "third")).toBe(2);
    expect(cutsOf([CONV, CONV], "second")).toBe(2);
  });
});
