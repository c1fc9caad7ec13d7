import { describe, expect, it } from "vitest";
import { echoNet } from "../../../fixtures/echo-net.js";
import { makeZip, type ZipOptions } from "../../../fixtures/make-zip.js";
import { modelFiles } from "../../../fixtures/model-files.js";
import { rejected } from "../../../fixtures/caught.js";
import { kerasFile, readContainer, readFiles } from "../../../fixtures/read-container.js";

const MODEL = echoNet([-1, 1, 1, 3], "float32", [1, 2]);
const PARTS = Object.fromEntries(modelFiles(MODEL, 3).map(({ name, buffer }) => [name, new Uint8Array(buffer)]));

const zipFile = (files: Readonly<Record<string, Uint8Array>>, options?: ZipOptions, name = "net.zip"): File =>
  new File([makeZip(files, options)], name);
const inFolder = (folder: string, files: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(files).map(([path, bytes]) => [folder + path, bytes]));
const bytesOf = async (file: File): Promise<Uint8Array> => new Uint8Array(await file.arrayBuffer());
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

describe("a zip gives the model in it:", () => {
  const rest = {
    "__MACOSX/._model.json": text("?"),
    ".DS_Store": text("?"),
    "metadata.json": text("{}"),
    "folder/": text(""),
  };

  it.each<[string, Record<string, Uint8Array>, ZipOptions]>([
    ["stored", PARTS, {}],
    ["deflated", PARTS, { deflate: true }],
    ["of 64-bit sizes", PARTS, { isWide: true }],
    ["in folders", inFolder("a/b c/ü#1/", PARTS), { deflate: true }],
    ["by Windows' separators", inFolder("a\\", PARTS), {}],
    ["among other files", { ...rest, ...inFolder("net/", PARTS), "net/picture.png": text("?") }, { deflate: true }],
  ])("%s", async (_what, files, options) => {
    const { weightSpecs, weightData } = await readFiles(zipFile(files, options));
    expect(weightSpecs).toEqual(MODEL.weightSpecs);
    expect(new Uint8Array(weightData as ArrayBuffer)).toEqual(new Uint8Array(MODEL.weightData as ArrayBuffer));
  });

  it("with a comment", async () => {
    const zip = makeZip(PARTS);
    zip[zip.length - 2] = 4;
    const { weightSpecs } = await readFiles(new File([zip, "note"], "net.zip"));
    expect(weightSpecs).toEqual(MODEL.weightSpecs);
  });

  it("as another zip, or as a Keras file", async () => {
    const inner = makeZip(PARTS, { deflate: true });
    expect((await readFiles(zipFile({ "net.zip": inner }))).weightSpecs).toEqual(MODEL.weightSpecs);
    for (const name of ["keras3.keras", "keras2.h5"]) {
      const expected = await readFiles(kerasFile(name));
      const received = await readFiles(
        zipFile({ [`models/${name}`]: await bytesOf(kerasFile(name)) }, { deflate: true }),
      );
      expect(received).toEqual(expected);
    }
  });

  it("unpacked by hand: the files of a .keras file", async () => {
    const result = await readContainer({ kind: "archive", name: "m", archive: kerasFile("lookup.keras") });
    const files = result.kind === "files" ? result.files : [];
    const inFolders = files.map(({ path, blob }) =>
      Object.defineProperty(new File([blob], path.split("/").at(-1)!), "webkitRelativePath", { value: `m/${path}` }),
    );
    expect(await readFiles(...inFolders)).toEqual(await readFiles(kerasFile("lookup.keras")));
  });
});

describe("is refused:", () => {
  const zeros = new Uint8Array(20_000_000);

  it.each<[string, Record<string, Uint8Array>, ZipOptions, string[]]>([
    ["an encrypted zip", PARTS, { claim: { flags: 1 } }, ["an encrypted zip", "unpack it"]],
    ["an unknown method", PARTS, { claim: { method: 93 } }, ["method 93"]],
    ["a PyTorch file", { "archive/data.pkl": text("?"), "archive/data/0": text("?") }, {}, ["PyTorch", "ONNX"]],
    ["a SavedModel", { "m/saved_model.pb": text("?") }, {}, ["SavedModel", "--input_format=tf_saved_model"]],
  ])("%s", async (_what, files, options, words) => {
    await rejected("model-unsupported", readFiles(zipFile(files, options)), ...words);
  });

  it.each<[string, Record<string, Uint8Array>, ZipOptions, string]>([
    ["a bomb", { "model.json": zeros }, { deflate: true }, "a claim of 20000000 bytes"],
    ["a bomb that hides its size", { "model.json": zeros }, { deflate: true, claim: { byteLength: 100 } }, "more"],
    [
      "a bomb of overlapping files",
      { "model.json": new Uint8Array(200_000) },
      { deflate: true, copies: 9_000 },
      "a claim of",
    ],
    ["too many files", PARTS, { copies: 5_000 }, "20000 files"],
    ["a wrong checksum", PARTS, { claim: { crc: 7 } }, "checksum"],
    ["a wrong size", PARTS, { claim: { byteLength: 7 } }, "7 bytes"],
  ])("%s", async (_what, files, options, words) => {
    await rejected("model-malformed", readFiles(zipFile(files, options)), words);
  });

  it("a zip without a model", async () => {
    await rejected("model-not-found", readFiles(zipFile({ "a.txt": text("?") })), "net.zip", "model.json");
  });

  it("zips in zips in zips", async () => {
    let bytes = makeZip(PARTS);
    for (let depth = 0; depth < 3; depth++) bytes = makeZip({ "deeper.zip": bytes });
    await rejected("model-not-found", readFiles(new File([bytes], "net.zip")), "deeper.zip");
  });

  it.each([10, 100, 1_000])("a zip that ends %i bytes early", async (missing) => {
    const zip = makeZip(PARTS);
    await rejected("model-malformed", readFiles(new File([zip.slice(0, -missing)], "net.zip")), "net.zip");
  });
});
