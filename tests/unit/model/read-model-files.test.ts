// Reads real Files, such as a drop or a file input provides.
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { LoadProgress } from "../../../src/model/load/load-progress.js";
import { readModelFiles } from "../../../src/model/read-model-files.js";
import { rejected } from "../../fixtures/caught.js";
import { randomNet } from "../../fixtures/random-net.js";

const { weightData, weightSpecs, ...artifacts } = randomNet({ seed: 6 });
const bytes = new Uint8Array(weightData as ArrayBuffer);
const jsonWith = (paths: string[]) =>
  JSON.stringify({ ...artifacts, weightsManifest: [{ paths, weights: weightSpecs }] });
const modelJson = (name = "model.json", paths = ["1.bin", "2.bin"]) => new File([jsonWith(paths)], name);
const first = new File([bytes.slice(0, 100)], "1.bin");
const second = new File([bytes.slice(100)], "2.bin");
const metadata = new File(['{"labels": ["cat", "dog"]}'], "metadata.json");

const read = (files: File[], options: Parameters<typeof readModelFiles>[1] = {}) =>
  readModelFiles(files, options, () => {});

describe("files of a model", () => {
  it.each([true, false])("in any order, with others between them; shared: %s", async (shareWeights) => {
    const picture = new File(["not read"], "cat.jpg");
    const model = await read([second, picture, metadata, first, modelJson()], { shareWeights });
    expect(model).toMatchObject({
      modelTopology: artifacts.modelTopology,
      signature: artifacts.signature,
      weightSpecs,
    });
    expect(model).not.toHaveProperty("weightsManifest");
    expect(new Uint8Array(model.weightData as ArrayBuffer)).toEqual(bytes);
    expect(model.weightData instanceof SharedArrayBuffer).toBe(shareWeights);
  });

  it("may have any name", async () => {
    expect((await read([first, second, modelJson("My Net.JSON")])).weightSpecs).toEqual(weightSpecs);
  });

  it("report progress in bytes, up to fraction 1", async () => {
    const progress: LoadProgress[] = [];
    const json = modelJson();
    await readModelFiles([json, first, second], {}, (step) => progress.push(step));
    const totalBytes = json.size + bytes.length;
    expect(progress.at(-1)).toEqual({ phase: "model", loadedBytes: totalBytes, totalBytes, fraction: 1 });
    expect(progress[0]).toEqual({ phase: "model", loadedBytes: json.size, totalBytes: undefined, fraction: 0 });
  });
});

describe("are refused", () => {
  it.each<[string, File[], string[]]>([
    ["without a model.json", [first, second], ["1.bin", "choose the model.json together with its weight files"]],
    ["of no kind", [new File(["?"], "notes.xyz")], ["notes.xyz", "tensorflowjs_converter"]],
    ["of two models", [modelJson(), modelJson("other.json"), first, second], ["received 2", "other.json"]],
  ])("%s", async (_what, files, words) => {
    await rejected("model-not-found", read(files), ...words);
  });

  it.each<[string, File[], string[]]>([
    [
      "with a damaged model.json beside other JSON",
      [metadata, new File(["{"], "model.json")],
      ["Expected JSON", "model.json"],
    ],
    ["with other JSON alone", [metadata, first], ["modelTopology", "metadata.json", "labels"]],
    ["with too many bytes", [modelJson(), first, new File([bytes], "2.bin")], ["belong to another model.json"]],
  ])("%s", async (_what, files, words) => {
    await rejected("model-malformed", read(files), ...words);
  });

  it("with a weight file missing or too short", async () => {
    await rejected("weights-missing", read([modelJson(), first]), '"2.bin"', "model.json", '"1.bin"');
    const short = new File([bytes.slice(100, -1)], "2.bin");
    await rejected("weights-truncated", read([modelJson(), first, short]), `${bytes.length - 1}`);
  });

  it("once aborted", async () => {
    await rejected("aborted", read([modelJson(), first, second], { signal: AbortSignal.abort() }));
  });
});

describe("weight files that are none", () => {
  const pointer = new File(["version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"], "1.bin");
  const page = new File(["<!doctype html><title>Not found</title>"], "1.bin");
  const packed = new File([gzipSync(bytes.slice(0, 100))], "1.bin");

  it.each([
    [pointer, "Git LFS pointer", "git lfs pull"],
    [page, "an HTML page", "check the address"],
    [packed, "gzip-compressed bytes", "Content-Encoding"],
  ])("are told apart: %#", async (file, ...words) => {
    await rejected("weights-missing", read([modelJson(), file, second]), "1.bin", ...words);
  });
});

it("a model.json that is none is told apart", async () => {
  const pointer = new File(["version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n"], "model.json");
  await rejected("model-unsupported", read([pointer]), "model.json", "Git LFS pointer");
  const config = new File(['{"class_name": "Sequential", "config": {}}'], "model.json");
  await rejected("model-unsupported", read([config]), "has no weights", "model.save");
});

it.each([[[]], [undefined], [[{ paths: ["none.bin"], weights: [] }]]])(
  "a model without weights needs no weight files: %j",
  async (weightsManifest) => {
    const text = JSON.stringify({ modelTopology: { node: [] }, weightsManifest });
    const model = await read([new File([text], "model.json")]);
    expect(model).toMatchObject({ weightSpecs: [], weightData: new ArrayBuffer(0) });
  },
);
