import { describe, expect, it } from "vitest";
import { prepareInputs, type Inputs } from "../../../../src/sharder/inputs/prepare-inputs.js";
import type { ModelInfo } from "../../../../src/model/inspect.js";
import type { TensorSpec } from "../../../../src/protocol/model-on-wire.js";
import type { InputTensor } from "../../../../src/protocol/tensors.js";
import { caught } from "../../../fixtures/caught.js";
import { modelWithInputs } from "../../../fixtures/model-info.js";
import { counting } from "../../../fixtures/tensors.js";

const spec = (name: string, shape: number[] | undefined, dtype: TensorSpec["dtype"] = "float32"): TensorSpec => ({
  name,
  shape,
  dtype,
});
const image = modelWithInputs([spec("image", [-1, 2, 2])]);
const two = modelWithInputs([spec("a", [-1, 3]), spec("b", [-1, 2], "int32")]);
const side = modelWithInputs([spec("a", [-1, 3]), spec("shift", [3])]);
const single = modelWithInputs([spec("a", [1, 3]), spec("b", [1, 2])], "item-by-item");

const float = (shape: number[]): InputTensor => counting("float32", shape);
const refuse = (info: ModelInfo, inputs: unknown, ...words: string[]) =>
  caught("invalid-input", () => prepareInputs(info, inputs as Inputs), ...words);

describe("what is accepted", () => {
  it("one tensor for a single input, or tensors by name", () => {
    const tensor = float([5, 2, 2]);
    for (const inputs of [tensor, { image: tensor }]) {
      const prepared = prepareInputs(image, inputs);
      expect(prepared).toMatchObject({
        itemCount: 5,
        batchedNames: ["image"],
        fixedMode: undefined,
        tensors: { image: tensor },
      });
      // The caller's data is not copied here, but when shards are sent.
      expect(prepared.tensors.image!.data).toBe(tensor.data);
    }
  });

  it("side inputs go with every shard", () => {
    const prepared = prepareInputs(side, { shift: float([3]), a: float([7, 3]) });
    expect(prepared).toMatchObject({ itemCount: 7, batchedNames: ["a"] });
    const fixed = modelWithInputs([spec("a", [-1, 3]), spec("anchors", [1, 9])]);
    expect(prepareInputs(fixed, { a: float([4, 3]), anchors: float([1, 9]) }).batchedNames).toEqual(["a"]);
    const scalar = modelWithInputs([spec("a", [-1, 3]), spec("threshold", [])]);
    expect(prepareInputs(scalar, { a: float([4, 3]), threshold: float([]) }).batchedNames).toEqual(["a"]);
  });

  it("inputs of unknown shape carry items; a scalar there is a side input", () => {
    const unknown = modelWithInputs([spec("x", undefined), spec("keep", undefined)]);
    expect(prepareInputs(unknown, { x: float([4, 3]), keep: float([4]) }).batchedNames).toEqual(["x", "keep"]);
    expect(prepareInputs(unknown, { x: float([4, 3]), keep: float([]) })).toMatchObject({
      itemCount: 4,
      batchedNames: ["x"],
    });
    const scalars = prepareInputs(unknown, { x: float([]), keep: float([]) });
    expect(scalars).toMatchObject({ itemCount: 1, batchedNames: [], fixedMode: "whole" });
  });

  it("a chunk of one item is of the same kind as earlier ones that have shown which inputs go with every item", () => {
    const many = prepareInputs(single, { a: float([4, 3]), b: float([1, 2]) });
    const one = { a: float([1, 3]), b: float([1, 2]) };
    expect(prepareInputs(single, one).shapeClass).not.toBe(many.shapeClass);
    const known = prepareInputs(single, one, new Set(["b"]));
    expect(known).toMatchObject({ shapeClass: many.shapeClass, batchedNames: ["a"], itemCount: 1 });
  });

  it("a model fixed at batch 1 takes many items; an input that is given once serves all", () => {
    expect(prepareInputs(single, { a: float([4, 3]), b: float([4, 2]) })).toMatchObject({
      itemCount: 4,
      batchedNames: ["a", "b"],
      fixedMode: "item-by-item",
    });
    expect(prepareInputs(single, { a: float([1, 3]), b: float([4, 2]) })).toMatchObject({
      itemCount: 4,
      batchedNames: ["b"],
    });
    expect(prepareInputs(single, { a: float([1, 3]), b: float([1, 2]) })).toMatchObject({
      itemCount: 1,
      batchedNames: ["a", "b"],
    });
  });

  it("free sizes other than the batch may be anything; the shape class distinguishes them", () => {
    const free = modelWithInputs([spec("x", [-1, -1, 3])]);
    const classes = [float([1, 5, 3]), float([9, 5, 3]), float([1, 6, 3])].map(
      (x) => prepareInputs(free, x).shapeClass,
    );
    expect(classes[0]).toBe(classes[1]);
    expect(classes[0]).not.toBe(classes[2]);
  });

  it("bytes for float32 and int32 inputs", () => {
    const bytes: InputTensor = {
      dtype: "uint8",
      shape: [2, 2, 2],
      data: new Uint8ClampedArray(8),
      scale: 1 / 255,
      offset: -1,
    };
    expect(prepareInputs(image, bytes).tensors.image).toEqual(bytes);
    const whole: InputTensor = { dtype: "uint8", shape: [1, 2], data: new Uint8Array(2) };
    expect(prepareInputs(two, { a: float([1, 3]), b: whole }).itemCount).toBe(1);
    refuse(modelWithInputs([spec("flags", [-1, 2], "bool")]), whole, "dtype bool", "uint8");
  });

  it("bytes of another scale are of another class, since a shard has one scale", () => {
    const at = (scale?: number, offset?: number) =>
      prepareInputs(image, {
        dtype: "uint8",
        shape: [1, 2, 2],
        data: new Uint8Array(4),
        ...(scale === undefined ? {} : { scale }),
        ...(offset === undefined ? {} : { offset }),
      }).shapeClass;
    expect(new Set([at(), at(2), at(2, 1), at(undefined, 1)]).size).toBe(4);
    expect(at()).toBe(at(1, 0));
  });

  it("strings, views and shared memory", () => {
    expect(prepareInputs(modelWithInputs([spec("text", [-1], "string")]), counting("string", [3])).itemCount).toBe(3);
    const shared = new Float32Array(new SharedArrayBuffer(16));
    expect(prepareInputs(image, { dtype: "float32", shape: [1, 2, 2], data: shared }).itemCount).toBe(1);
  });

  it("keeps only the data of the caller's objects", () => {
    class Wrapped {
      get dtype() {
        return "float32" as const;
      }
      readonly shape = [1, 2, 2];
      readonly data = new Float32Array(4);
      readonly close = (): void => {};
    }
    const wrapped = new Wrapped();
    const { tensors } = prepareInputs(image, { image: wrapped });
    structuredClone(tensors);
    wrapped.shape[0] = 9;
    expect(tensors).toEqual({ image: { dtype: "float32", shape: [1, 2, 2], data: wrapped.data } });
  });
});

describe("what is refused, and with which message", () => {
  it("items without elements, and a scale for bytes that stay whole numbers", () => {
    refuse(modelWithInputs([spec("x", [-1, -1])]), float([3, 0]), "items with at least one element", "[3,0]");
    const bytes = { dtype: "uint8", shape: [1, 2], data: new Uint8Array(2) };
    refuse(modelWithInputs([spec("x", [-1, 2], "int32")]), { ...bytes, scale: 2 }, "unscaled bytes");
    expect(
      prepareInputs(modelWithInputs([spec("x", [-1, 2], "int32")]), { x: { ...bytes, scale: 1 } as InputTensor })
        .itemCount,
    ).toBe(1);
  });

  it.each([
    [
      [4, 2, 3],
      ["[-1,2,2]", "[4,2,3]", "resize or reshape"],
    ],
    [
      [2, 2],
      ["[-1,2,2]", "[2,2]", "add the batch as axis 0"],
    ],
    [
      [1, 4, 2, 2],
      ["[-1,2,2]", "[1,4,2,2]", "resize or reshape"],
    ],
    [[], ["[-1,2,2]", "[]"]],
  ])("the shape %j", (shape, words) => {
    refuse(image, float(shape), '"image"', ...words);
  });

  it("an empty batch", () => {
    refuse(image, float([0, 2, 2]), "at least one item", "an empty batch");
    refuse(single, { a: float([0, 3]), b: float([0, 2]) }, "at least one item");
  });

  it("differing numbers of items", () => {
    refuse(two, { a: float([4, 3]), b: counting("int32", [5, 2]) }, '"a"', "(5)", "received 4", "the same number");
    refuse(single, { a: float([2, 3]), b: float([3, 2]) }, '"a"', "(3)", "received 2");
    refuse(single, { a: float([1, 3]), b: float([0, 2]) }, '"b"');
  });

  it("a side input of another size", () => {
    refuse(side, { a: float([4, 3]), shift: float([4]) }, '"shift"', "[3]", "[4]");
    refuse(side, { a: float([4, 3]), shift: float([4, 3]) }, '"shift"', "[4,3]");
  });

  it.each([
    [{ ...float([1, 2, 2]), dtype: "int32" }, ["dtype float32", "int32"]],
    [{ ...float([1, 2, 2]), dtype: "float64" }, ["dtype float32", "float64"]],
    [{ ...float([1, 2, 2]), dtype: "constructor" }, ["dtype float32", "constructor"]],
    [{ shape: [1, 2, 2], data: new Float32Array(4) }, ["dtype float32", "undefined"]],
    [{ dtype: "float32", shape: [1, 2, 2], data: new Float64Array(4) }, ["Float32Array", "Float64Array"]],
    [{ dtype: "float32", shape: [1, 2, 2], data: [1, 2, 3, 4] }, ["Float32Array", "Array"]],
    [{ dtype: "float32", shape: [1, 2, 2], data: null }, ["Float32Array", "null"]],
    [{ dtype: "float32", shape: [1, 2, 2], data: () => 1 }, ["Float32Array", "a TF.js tensor"]],
    [{ dtype: "uint8", shape: [1, 2, 2], data: new Int8Array(4) }, ["Uint8Array or Uint8ClampedArray", "Int8Array"]],
    [{ dtype: "uint8", shape: [1, 2, 2], data: new Uint8Array(4), scale: NaN }, ["scale", "NaN"]],
    [{ dtype: "uint8", shape: [1, 2, 2], data: new Uint8Array(4), offset: "1" }, ["offset", "1"]],
    [{ dtype: "float32", shape: [1, 2, 2], data: new Float32Array(5) }, ["4 elements", "5"]],
    [{ dtype: "float32", shape: [2, 2, 2], data: new Float32Array(4) }, ["8 elements", "4"]],
    [{ dtype: "float32", shape: [-1, 2, -2], data: new Float32Array(4) }, ["whole numbers", "[-1,2,-2]"]],
    [{ dtype: "float32", shape: [1.5, 2, 2], data: new Float32Array(6) }, ["whole numbers"]],
    [{ dtype: "float32", shape: [NaN, 2, 2], data: new Float32Array(4) }, ["whole numbers"]],
    [{ dtype: "float32", shape: ["1", 2, 2], data: new Float32Array(4) }, ["whole numbers"]],
    [{ dtype: "float32", shape: Array(3), data: new Float32Array(4) }, ["whole numbers"]],
  ])("a malformed tensor: %#", (tensor, words) => {
    refuse(image, tensor, '"image"', ...words);
    refuse(image, { image: tensor }, '"image"', ...words);
  });

  it("values that are not strings", () => {
    refuse(
      modelWithInputs([spec("text", [-1], "string")]),
      { dtype: "string", shape: [2], data: ["a", 5] },
      '"text"',
      "5",
    );
  });

  it("a buffer that was transferred before", () => {
    const tensor = float([1, 2, 2]);
    structuredClone(tensor, { transfer: [(tensor.data as Float32Array).buffer] });
    refuse(image, tensor, "4 elements", "received 0");
  });

  it.each([undefined, null, 5, "image", true, Symbol("s"), () => 1])("no tensors at all: %s", (inputs) => {
    refuse(image, inputs, '"image"', "pass { dtype, shape, data }");
  });

  it.each([[new Float32Array(100_000)], [[1, 2, 3]], [[float([1, 2, 2])]], [new ArrayBuffer(8)]])(
    "data without a shape: %#",
    (inputs) => {
      refuse(image, inputs, '"image"');
    },
  );

  it("a missing, an unknown and an undefined input", () => {
    refuse(two, { a: float([1, 3]) }, '"b"', "received tensors for a", '"a", "b"');
    refuse(two, {}, '"a"', "nothing");
    refuse(image, { image: float([1, 2, 2]), mask: float([1]) }, '"image"', '"mask"');
    refuse(image, { image: undefined }, '"image"');
    refuse(image, { image: null }, '"image"', "wrap the data");
    refuse(image, { image: 5 }, '"image"', "5");
    refuse(image, { image: 5n }, '"image"', "5");
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    refuse(image, { image: cyclic }, '"image"', "a bare Object");
    refuse(image, { image: Object.create(null) as object }, '"image"', "a bare object");
    refuse(image, { image: new Float32Array(4) }, '"image"', "a bare Float32Array");
    refuse(image, { image: float([1, 2, 2]), toString: float([1]) }, '"toString"');
    refuse(image, { image: float([1, 2, 2]), constructor: float([1]) }, '"constructor"');
    const odd = modelWithInputs([spec("constructor", [-1, 1]), spec("x", [-1, 1])]);
    refuse(odd, { x: float([1, 1]) }, '"constructor"', "received tensors for x");
    expect(prepareInputs(odd, { x: float([1, 1]), constructor: float([1, 1]) } as never).itemCount).toBe(1);
  });

  it("a single tensor for a model of several inputs", () => {
    refuse(two, float([1, 3]), '"a", "b"', "a single tensor", "by name");
  });
});
