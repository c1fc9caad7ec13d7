import { describe, expect, it } from "vitest";
import { foreignFormatOf, foreignFormatOfBytes, refuseForeign } from "../../../../src/model/load/foreign-formats.js";
import { rejected } from "../../../fixtures/caught.js";
import { readFiles } from "../../../fixtures/read-container.js";

const latin = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const tar = latin("folder/".padEnd(257, "\0") + "ustar\0");
const safetensors = latin(`\x40${"\0".repeat(7)}{"weight":{"dtype":"F32"}}`);

/** The first bytes of a file of each format, and a word of its refusal. */
const HEADS: readonly (readonly [words: string, head: Uint8Array<ArrayBuffer>])[] = [
  ["ONNX Runtime's own format", latin("\x18\0\0\0ORTM\0\0")],
  ["SavedModel", latin("\x08\x01\x12\xf3\x04\x0a\x9b\x02")],
  ["safetensors", safetensors],
  ["GGUF", latin("GGUF\x03\0\0\0")],
  ["PyTorch", latin("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")],
  ["pickle", latin("\x80\x04\x95\x10\0\0\0\0\0\0\0}")],
  ["NumPy", latin("\x93NUMPY\x01\0")],
  ["tar", tar],
  ["gzip", latin("\x1f\x8b\x08\0\0\0\0\0")],
  ["archive of another kind", latin("7z\xbc\xaf\x27\x1c")],
  ["Git LFS", latin("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")],
  ["HTML", latin("\n<!DOCTYPE html><html>")],
];

/** Names of files of each format. */
const NAMES: readonly (readonly [words: string, ...paths: string[]])[] = [
  ["tf_saved_model", "net/saved_model.pb", "net/variables/variables.index"],
  ["tf_frozen_model", "frozen_inference_graph.pb"],
  ["torch.onnx.export", "yolo.pt"],
  ["torch.onnx.export", "resnet.pth"],
  ["TensorFlow Lite", "pose.task"],
  ["ONNX Runtime's own format", "net.ort"],
  ["Core ML", "net.mlpackage/Manifest.bin"],
  ["Core ML", "net.mlmodel"],
  ["Caffe", "net.caffemodel"],
  ["Paddle", "net.pdmodel"],
  ["checkpoint", "model.ckpt.data-00000-of-00001", "model.ckpt.index", "checkpoint"],
  ["pickle", "forest.joblib"],
];

describe("is recognised by its bytes, whatever its name:", () => {
  it.each(HEADS)("%s", async (words, head) => {
    await rejected("model-unsupported", readFiles(new File([head], "download")), words);
    await rejected("model-unsupported", readFiles(new File([head], "model.h5")), words);
  });

  it("is told from JSON and weights", () => {
    const heads = [latin('{"modelTopology": {}'), latin("PK\x03\x04"), new Uint8Array(512), latin("")];
    for (const head of heads) expect(foreignFormatOfBytes(head)).toBeUndefined();
    for (const path of ["model.json", "group1-shard1of2.bin", "metadata.json", "a/b.weights", "model"]) {
      expect(foreignFormatOf([path])).toBeUndefined();
    }
  });
});

it.each(NAMES)("is recognised by its name: %s, %s", async (words, ...paths) => {
  const files = paths.map((path) =>
    Object.defineProperty(new File(["?"], path.split("/").at(-1)!), "webkitRelativePath", { value: path }),
  );
  await rejected("model-unsupported", readFiles(...files), words);
});

it("is refused with what was expected, what it is and what to do", () => {
  const { code, message } = refuseForeign("net.gguf", foreignFormatOf(["net.gguf"])!);
  expect(code).toBe("model-unsupported");
  expect(message).toMatch(
    /^Expected a model\.json, \.tflite, \.onnx, \.keras, \.h5 or zip at net\.gguf, received a GGUF .*: .*\.$/,
  );
});
