import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inspectOnnx } from "../../../../src/model/onnx/inspect-onnx.js";
import { onnxArtifacts } from "../../../../src/model/onnx/onnx-artifacts.js";
import { externalFiles } from "../../../../src/model/onnx/onnx-files.js";
import { caught } from "../../../fixtures/caught.js";
import { plusOneOnnxFile } from "../../../contract/plus-one-onnx.js";

const bytesOf = (name: string) => new Uint8Array(readFileSync(`tests/fixtures/onnx/${name}`));
const read = (name: string) => inspectOnnx(onnxArtifacts(bytesOf(`${name}.onnx`).buffer), false, {});
const shapes = (tensors: readonly { readonly name: string; readonly shape: readonly number[] | undefined }[]) =>
  Object.fromEntries(tensors.map(({ name, shape }) => [name, shape]));

// What onnx itself says of the same files (tests/fixtures/onnx/make.py).
describe("what an .onnx file says about itself", () => {
  it.each([
    ["mlp", { x: [-1, 8] }, { y: [-1, 4] }, 2, [1]],
    ["conv-groups", { image: [4, 3, 8, 8] }, { scores: [4, 5] }, 3, [1, 2]],
    // Where there is nothing to cut, operations count.
    ["two", { left: [-1, 4], ids: [-1, 3] }, { score: [-1, 4], best: [-1] }, 4, []],
    ["sequence", { x: [-1, -1, 4] }, { y: [-1, 3] }, 2, []],
    // Those in branches and bodies, too.
    ["control", { x: [-1, 2] }, { y: [-1, 2] }, 7, []],
    // Its weights are listed among the inputs.
    ["opset-9", { x: [-1, 8] }, { y: [-1, 4] }, 2, [1]],
  ])("names, shapes and layers: %s", (name, inputs, outputs, layerCount, cuts) => {
    const { info } = read(name);
    expect(shapes(info.inputs)).toEqual(inputs);
    expect(shapes(info.outputs)).toEqual(outputs);
    expect(info).toMatchObject({ format: "onnx", layerCount, cuts: cuts.map((layer) => ({ layer })) });
  });

  it("bytes of the weights", () => {
    expect(read("mlp").info.weightBytes).toBe(4 * (8 * 16 + 16 + 16 * 4 + 4));
    expect(read("float16").info.weightBytes).toBe(2 * 6 * 3);
  });

  it("types of the elements", () => {
    const { wire } = read("types");
    expect(wire.inputs.map(({ name, dtype }) => `${name} ${dtype}`)).toEqual([
      ...["i8", "u8", "i16", "u16", "i32", "u32", "u64"].map((type) => `${type}_in int32`),
      ...["f64_in float32", "b_in bool"],
    ]);
    expect(read("texts").info.inputs).toEqual([{ name: "word", shape: [-1, 2], dtype: "string" }]);
    expect(read("float16").wire).toMatchObject({
      usesFloat16: true,
      inputs: [{ dtype: "float32", element: "float16" }],
    });
    expect(read("mlp").wire).toMatchObject({ usesFloat16: false });
  });

  it("versions and notes", () => {
    const about = { irVersion: 6, opsets: { "ai.onnx": 11 }, producer: "make.py", graphName: "net" };
    expect(read("opset-11").info.userDefinedMetadata).toEqual({ onnx: about });
    const model = bytesOf("external.onnx");
    const data = bytesOf("external.weights");
    const both = new Uint8Array([...model, ...data]).buffer;
    const { info } = inspectOnnx(onnxArtifacts(both, ["external.weights"], [0, model.length]), false, {});
    expect(info.userDefinedMetadata).toMatchObject({ task: "sorting" });
    expect(info.weightBytes).toBe(read("mlp").info.weightBytes);
  });

  it("the files that it needs, each once", () => {
    expect(externalFiles(bytesOf("external.onnx"))).toEqual({ paths: ["external.weights"], leastBytes: [848] });
    expect(externalFiles(bytesOf("mlp.onnx"))).toEqual({ paths: [], leastBytes: [] });
  });

  it("that a file is missing or too short", () => {
    const model = bytesOf("external.onnx");
    caught("weights-missing", () => read("external"), "external.weights");
    const short = new Uint8Array([...model, ...new Uint8Array(10)]).buffer;
    const artifacts = onnxArtifacts(short, ["external.weights"], [0, model.length]);
    caught("weights-truncated", () => inspectOnnx(artifacts, false, {}), "received 10");
    const wrong = { ...artifacts, modelTopology: { dataFiles: [{ path: "w", byteOffset: 5, byteLength: 3 }] } };
    caught("model-malformed", () => inspectOnnx(wrong, false, {}), "dataFiles");
  });

  it("that it returns something else than tensors", () => {
    caught("model-unsupported", () => read("zipmap"), "output_probability", "a sequence", "zipmap");
  });

  it("the same in shared memory", () => {
    const file = bytesOf("two.onnx");
    const shared = new SharedArrayBuffer(file.length);
    new Uint8Array(shared).set(file);
    expect(inspectOnnx(onnxArtifacts(shared), false, {}).info).toEqual(read("two").info);
  });

  it("nothing, if a length leads out of the file", () => {
    const file = plusOneOnnxFile([{ input: "x", output: "y", shape: [-1, 2] }]);
    caught("model-malformed", () => inspectOnnx(onnxArtifacts(file.slice(0, 90).buffer), false, {}), "damaged");
    file[3] = 0x7f;
    caught("model-malformed", () => inspectOnnx(onnxArtifacts(file.buffer), false, {}), "damaged");
  });
});
