import { describe, expect, it } from "vitest";
import { matchWeightFiles, type NamedFile } from "../../../../src/model/load/match-files.js";
import { caught } from "../../../fixtures/caught.js";

const plain = (name: string): NamedFile => ({ name, webkitRelativePath: "" });
const inFolder = (path: string): NamedFile => ({ name: path.split("/").at(-1)!, webkitRelativePath: path });
const model = plain("model.json");

describe("finds each path's file", () => {
  interface Case {
    readonly paths: string[];
    readonly modelPath?: string;
    readonly names: string[];
    readonly expected: string[];
  }
  it.each<Case>([
    { paths: ["b.bin", "a.bin"], names: ["a.bin", "model.json", "b.bin"], expected: ["b.bin", "a.bin"] },
    {
      paths: ["./model.weights.bin"],
      names: ["model.weights.bin", "metadata.json"],
      expected: ["model.weights.bin"],
    },
    { paths: ["weights/a.bin"], names: ["a.bin"], expected: ["a.bin"] },
    { paths: ["https://cdn.test/m/a.bin?token=b/c"], names: ["a.bin"], expected: ["a.bin"] },
    {
      paths: ["a.bin"],
      modelPath: "net/model.json",
      names: ["net/old/a.bin", "net/a.bin"],
      expected: ["net/a.bin"],
    },
    {
      paths: ["w/a.bin", "v/a.bin"],
      modelPath: "net/model.json",
      names: ["net/v/a.bin", "net/w/a.bin"],
      expected: ["net/w/a.bin", "net/v/a.bin"],
    },
    {
      paths: ["../a.bin"],
      modelPath: "net/json/model.json",
      names: ["net/a.bin", "net/json/a.bin"],
      expected: ["net/a.bin"],
    },
    { paths: ["a.bin"], modelPath: "net/model.json", names: ["elsewhere/a.bin"], expected: ["elsewhere/a.bin"] },
    { paths: ["a.bin", "a.bin"], names: ["a.bin"], expected: ["a.bin", "a.bin"] },
    { paths: [], names: ["a.bin"], expected: [] },
    { paths: ["a#1?.bin"], names: ["a#1?.bin"], expected: ["a#1?.bin"] },
    { paths: ["my%20net/100%25.bin"], names: ["100%.bin"], expected: ["100%.bin"] },
    { paths: ["50%.bin"], names: ["50%.bin"], expected: ["50%.bin"] },
    {
      paths: ["w\\a.bin"],
      modelPath: "net/model.json",
      names: ["net/v/a.bin", "net/w/a.bin"],
      expected: ["net/w/a.bin"],
    },
    { paths: ["u\u0308.bin"], names: ["\u00fc.bin"], expected: ["\u00fc.bin"] },
  ])("$paths beside $modelPath among $names", ({ paths, modelPath, names, expected }) => {
    const modelFile = modelPath === undefined ? model : inFolder(modelPath);
    const files = [modelFile, ...names.map((name) => (name.includes("/") ? inFolder(name) : plain(name)))];
    const found = matchWeightFiles(paths, modelFile, files);
    expect(found.map((file) => file.webkitRelativePath || file.name)).toEqual(expected);
  });
});

describe("refuses", () => {
  it("missing files, naming them and the files that exist", () => {
    const files = [model, plain("a.bin"), plain("c (1).bin")];
    caught(
      "weights-missing",
      () => matchWeightFiles(["a.bin", "b.bin", "c.bin"], model, files),
      '"b.bin", "c.bin"',
      "c (1).bin",
    );
  });

  it("to choose between files of the same name, or to use one file for two paths", () => {
    const two = [inFolder("x/a.bin"), inFolder("y/a.bin")];
    caught(
      "weights-missing",
      () => matchWeightFiles(["a.bin"], model, [model, ...two]),
      '"y/a.bin"',
      "choose the whole folder",
    );
    caught(
      "weights-missing",
      () => matchWeightFiles(["v/a.bin", "w/a.bin"], model, [model, plain("a.bin")]),
      "w/a.bin",
    );
  });

  it("with a short message, however many files are missing", () => {
    const paths = Array.from({ length: 500 }, (_, i) => `${"x".repeat(200)}${i}.bin`);
    caught("weights-missing", () => matchWeightFiles(paths, model, [model]), "494 more");
  });
});
