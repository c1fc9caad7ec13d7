import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readTfliteInterface } from "../../../../src/model/tflite/read-interface.js";
import { caught } from "../../../fixtures/caught.js";
import { plusOneFile } from "../../../contract/plus-one-tflite.js";

const read = (name: string, signature?: string) =>
  readTfliteInterface(new Uint8Array(readFileSync(`tests/fixtures/tflite/${name}.tflite`)), signature);
const shapes = (tensors: readonly { readonly name: string; readonly shape: readonly number[] | undefined }[]) =>
  Object.fromEntries(tensors.map(({ name, shape }) => [name, shape]));

// What TensorFlow's interpreter says of the same files (tests/fixtures/tflite/make.py).
describe("what a .tflite file says about itself", () => {
  it.each([
    ["dense", { x: [-1, 8] }, { output_0: [-1, 4] }, 3],
    ["conv-groups", { image: [4, 8, 8, 3] }, { output_0: [4, 5] }, 5],
    ["two", { left: [-1, 4], right: [-1, 3] }, { best: [-1], score: [-1, 2] }, 4],
  ])("names and shapes of the signature, and operators: %s", (name, inputs, outputs, operatorCount) => {
    const found = read(name);
    expect(shapes(found.inputs)).toEqual(inputs);
    expect(shapes(found.outputs)).toEqual(outputs);
    expect(found.signature).toBe("serving_default");
    expect(found.operatorCount).toBe(operatorCount);
  });

  it("bytes of the weights", () => {
    // 8 × 16 + 16 + 16 × 4 + 4 floats, and less than a hundred bytes of what converters note.
    const floats = 4 * (8 * 16 + 16 + 16 * 4 + 4);
    expect(read("dense").weightBytes).toBeGreaterThanOrEqual(floats);
    expect(read("dense").weightBytes).toBeLessThan(floats + 100);
    expect(read("float16").weightBytes).toBeLessThan(floats);
  });

  it("what quantised elements mean", () => {
    const [image] = read("int8").inputs;
    expect(image).toMatchObject({ dtype: "float32", element: "int8", shape: [1, 8, 8, 3] });
    expect(image?.quantization?.zeroPoint).toBe(-128);
    expect(image?.quantization?.scale).toBeCloseTo(1 / 255, 4);
    expect(read("uint8").outputs[0]).toMatchObject({
      element: "uint8",
      quantization: { scale: 1 / 256, zeroPoint: 0 },
    });
    expect(read("two").outputs.find(({ name }) => name === "best")).toMatchObject({ dtype: "int32", element: "int32" });
  });

  it("the signature that is asked for, or else the first", () => {
    expect(read("signatures")).toMatchObject({ signature: "decode", signatures: ["decode", "encode"] });
    expect(shapes(read("signatures", "encode").inputs)).toEqual({ text: [-1, 4] });
    caught("invalid-options", () => read("signatures", "translate"), '"decode", "encode"', "translate");
    caught("invalid-options", () => read("unsigned", "encode"), "no signatures");
  });

  it("names of tensors where there is no signature", () => {
    const found = read("unsigned");
    expect(found.signature).toBeUndefined();
    expect(shapes(found.inputs)).toEqual({ "serving_default_x:0": [-1, 8] });
    expect(found.inputs[0]?.tensorName).toBe("0");
  });

  it("where free sizes are in the file", () => {
    const bytes = plusOneFile([{ input: "x", output: "y", shape: [-1, 2] }]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [x] = readTfliteInterface(bytes).inputs;
    expect(x?.shapeOffsets?.map((place) => view.getInt32(place, true))).toEqual([1, -1]);
    expect(x?.shapeOffsets?.map((place) => view.getInt32(place + 4, true))).toEqual([2, 2]);
    expect(read("conv-groups").inputs[0]?.shapeOffsets).toBeUndefined();
  });

  it("that it needs TensorFlow itself", () => {
    const file = plusOneFile([{ input: "x", output: "y", shape: [-1, 2] }], "FlexErf");
    caught("model-unsupported", () => readTfliteInterface(file), "TensorFlow (Erf)", "SELECT_TF_OPS");
  });

  it("that sizes are computed inside of it, which only the batch may depend on", () => {
    expect(read("conv").computesShapes).toBe(false);
    expect(read("any-size").computesShapes).toBe(false);
    expect(read("reshaped").computesShapes).toBe(true);
    expect(read("reshaped").outputs[0]?.shapeOffsets).toHaveLength(2);
    caught("model-unsupported", () => read("any-size-computed"), '"output_0" of shape [-1, -1, -1, -1]', "fixed sizes");
  });

  it("that sizes depend on values: then none of its outputs may be free", () => {
    caught("model-unsupported", () => read("tiled"), "depend on values", '"y" of shape [-1, -1]');
    caught("model-unsupported", () => read("masked"), "depend on values", '"y" of shape [-1, 3]');
    expect(read("squared").computesShapes).toBe(true);
  });

  it("the same in shared memory", () => {
    const file = readFileSync("tests/fixtures/tflite/two.tflite");
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    expect(readTfliteInterface(shared)).toEqual(read("two"));
  });

  it("nothing, if a reference or a list leads out of the file", () => {
    const file = new Uint8Array(readFileSync("tests/fixtures/tflite/dense.tflite"));
    caught("model-malformed", () => readTfliteInterface(file.slice(0, 1200)), "of 1200", "damaged");
    const long = plusOneFile([{ input: "x", output: "y", shape: [-1, 2] }]);
    const view = new DataView(long.buffer, long.byteOffset, long.byteLength);
    // The length of a list is in front of it.
    const place = readTfliteInterface(long).inputs[0]!.shapeOffsets![0]! - 4;
    view.setUint32(place, 0xff_ff_ff_ff, true);
    caught("model-malformed", () => readTfliteInterface(long), `of ${long.length}`);
    view.setUint32(place, 17, true);
    caught("model-malformed", () => readTfliteInterface(long), "a list of 17");
  });
});
