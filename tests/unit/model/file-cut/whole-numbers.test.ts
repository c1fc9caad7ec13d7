// Whole numbers of 64 bits travel as 32 bits: only those cross a cut that fit, whatever the file and the caller give.
import { describe, expect, it } from "vitest";
import { tfliteArtifacts } from "../../../../src/model/load/read-tflite.js";
import { TENSOR } from "../../../../src/model/onnx/fields.js";
import { inspectTflite } from "../../../../src/model/tflite/inspect-tflite.js";
import { onnxOf } from "../../../fixtures/file-models.js";
import { madeOnnx, madeTensor, type MadeNode } from "../../../fixtures/made-onnx.js";
import { TfliteMaker } from "../../../fixtures/made-tflite.js";

const [FLOAT, INT64] = [1, 7];
const raw = (...values: readonly number[]): Uint8Array =>
  new Uint8Array(new BigInt64Array(values.map((value) => BigInt(value))).buffer);

/** Values as a packed list of the encoding: seven bits to a byte, the lowest first. */
function packed(...values: readonly number[]): Uint8Array {
  const bytes = values.flatMap((value) => {
    const groups: number[] = [];
    for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
      groups.push(Number(rest & 0x7fn) + (rest < 0x80n ? 0 : 0x80));
      if (rest < 0x80n) return groups;
    }
  });
  return Uint8Array.from(bytes);
}

const constant = (bytes: Uint8Array): Uint8Array => madeTensor("c", INT64, bytes);
const listed = (bytes: Uint8Array): Uint8Array => madeTensor("c", INT64, bytes, TENSOR.int64s);
const node = (op: string, inputs: readonly string[], value?: Uint8Array): MadeNode => {
  return { op, inputs, outputs: ["m"], ...(value === undefined ? {} : { value }) };
};

const TWO_31 = 2 ** 31;
const ONNX: readonly [name: string, crosses: boolean, node: MadeNode, constant?: Uint8Array][] = [
  ["the larger of an input and 5", true, node("Max", ["ids", "c"]), constant(raw(5))],
  ["the larger of an input and 2^31 - 1", true, node("Max", ["ids", "c"]), constant(raw(TWO_31 - 1, -TWO_31))],
  ["the larger of an input and 2^31", false, node("Max", ["ids", "c"]), constant(raw(0, TWO_31))],
  ["the larger of an input and 2^40", false, node("Max", ["ids", "c"]), constant(raw(2 ** 40))],
  ["the smaller of an input and -2^31 - 1", false, node("Min", ["ids", "c"]), constant(raw(-TWO_31 - 1))],
  ["the larger of an input and a listed -1", true, node("Max", ["ids", "c"]), listed(packed(-1, 300))],
  ["the larger of an input and a listed 2^31", false, node("Max", ["ids", "c"]), listed(packed(-1, TWO_31))],
  ["the smaller of an input and a listed -2^40", false, node("Min", ["ids", "c"]), listed(packed(-(2 ** 40)))],
  ["an input plus 1", false, node("Add", ["ids", "c"]), constant(raw(1))],
  ["an input times 2", false, node("Mul", ["ids", "c"]), constant(raw(2))],
  ["the product of an input's numbers", false, node("ReduceProd", ["ids"])],
  ["the sum of an input's numbers", false, node("ReduceSum", ["ids"])],
  ["sizes times 2", true, node("Mul", ["sizes", "c"]), constant(raw(2))],
  ["sizes times 2^30", false, node("Mul", ["sizes", "c"]), constant(raw(2 ** 30))],
  ["the product of sizes", true, node("ReduceProd", ["sizes"])],
  ["an input up to its end, which is 2^62", true, node("Slice", ["ids", "zero", "c"]), constant(raw(2 ** 62))],
  ["7 as often as sizes say", true, node("ConstantOfShape", ["sizes"], madeTensor("v", INT64, raw(7)))],
  ["2^40 as often as sizes say", false, node("ConstantOfShape", ["sizes"], madeTensor("v", INT64, raw(2 ** 40)))],
];

describe(".onnx", () => {
  it.each(ONNX)("%s: crosses is %s", (_, crosses, made, given) => {
    // Where `m` crosses, there is one more place to cut: in front of the third product.
    const nodes = [
      { op: "MatMul", inputs: ["x", "w"], outputs: ["h0"] },
      { op: "MatMul", inputs: ["h0", "w"], outputs: ["h"] },
      { op: "Shape", inputs: ["x"], outputs: ["sizes"] },
      made,
      { op: "MatMul", inputs: ["h", "w"], outputs: ["h2"] },
      { op: "Cast", inputs: ["m"], outputs: ["f"] },
      { op: "MatMul", inputs: ["h2", "w"], outputs: ["h3"] },
      { op: "MatMul", inputs: ["h3", "f"], outputs: ["y"] },
    ];
    const constants = [madeTensor("w", FLOAT, new Uint8Array(16)), madeTensor("zero", INT64, raw(0))];
    if (given !== undefined) constants.push(given);
    const file = madeOnnx({ nodes, constants, inputs: { x: FLOAT, ids: INT64 }, outputs: { y: FLOAT } });
    const { staged } = onnxOf([file], []);
    const crossing = staged!
      .stages(staged!.layers.map((_layer, index) => index).slice(1))
      .flatMap(({ inputs }) => inputs);
    expect(crossing.includes("m")).toBe(crosses);
  });
});

const WIDE = 4;
const [ADD, CONV, RESHAPE, MUL, MAXIMUM, SHAPE] = [0, 3, 22, 18, 55, 77];
const TFLITE: readonly [name: string, crosses: boolean, kind: number, inputs: readonly number[], constant: number][] = [
  ["the larger of an input and 5", true, MAXIMUM, [1, 2], 5],
  ["the larger of an input and -2^31", true, MAXIMUM, [1, 2], -TWO_31],
  ["the larger of an input and 2^31", false, MAXIMUM, [1, 2], TWO_31],
  ["an input plus 1", false, ADD, [1, 2], 1],
  ["an input times 2", false, MUL, [1, 2], 2],
  ["sizes times 2", true, MUL, [7, 2], 2],
  ["sizes times 2^30", false, MUL, [7, 2], 2 ** 30],
  ["an input in another shape", true, RESHAPE, [1, 2], 2 ** 40],
];

describe(".tflite", () => {
  it.each(TFLITE)("%s: crosses is %s", (_, crosses, kind, read, value) => {
    const maker = new TfliteMaker();
    const [name, shape] = [maker.text("t"), maker.ints([1, 2])];
    const [float, wide] = [maker.tensor(name, shape), maker.tensor(name, shape, WIDE)];
    // x, ids, the constant, h, m, h2, y, sizes.
    const tensors = [float, wide, maker.tensor(name, shape, WIDE, 1), float, wide, float, float, wide];
    const kinds = [CONV, kind, SHAPE];
    const operator = (kindAt: number, inputs: readonly number[], output: number): number =>
      maker.operator(kindAt, maker.ints(inputs), maker.ints([output]));
    const operators = [
      operator(0, [0], 3),
      operator(2, [0], 7),
      operator(1, read, 4),
      operator(0, [3], 5),
      operator(0, [5, 4], 6),
    ];
    const file = maker.finish({
      kinds,
      subgraphs: [{ tensors, operators, inputs: [0, 1], outputs: [6] }],
      constants: [raw(value)],
    });
    const { staged, info } = inspectTflite(tfliteArtifacts(file.buffer), false, {});
    const places = info.layers.map((_layer, index) => index).slice(1);
    const crossing = staged?.stages(places).flatMap(({ inputs }) => inputs) ?? [];
    expect(crossing.includes("t4")).toBe(crosses);
  });
});
