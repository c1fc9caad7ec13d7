import { describe, expect, it } from "vitest";
import { matchWeightFiles, type NamedFile } from "../../../../src/model/load/match-files.js";
import { caught } from "../../../fixtures/caught.js";

const plain = (name: string): NamedFile => ({ name, webkitRelativePath: "" });
const inFolder = (path: string): NamedFile => ({ name: path.split("/").at(-1)!, webkitRelativePath: path });
const model = plain("model.json");

describe("finds each path's file", () => {
  it.each<[string[], NamedFile, string[], string[]]>([
    [["b.bin", "a.bin"], model, ["a.bin", "model.json", "b.bin"], ["b.bin", "a.bin"]],
    [["./model.weights.bin"], model, ["model.weights.bin", "metadata.json"], ["model.weights.bin"]],
    [["weights/a.bin"], model, ["a.bin"], ["a.bin"]],
    [["https://cdn.test/m/a.bin?token=b/c"], model, ["a.bin"], ["a.bin"]],
    [["a.bin"], inFolder("net/model.json"), ["net/old/a.bin", "net/a.bin"], ["net/a.bin"]],
    [
      ["w/a.bin", "v/a.bin"],
      inFolder("net/model.json"),
      ["net/v/a.bin", "net/w/a.bin"],
      ["net/w/a.bin", "net/v/a.bin"],
    ],
    [["../a.bin"], inFolder("net/json/model.json"), ["net/a.bin", "net/json/a.bin"], ["net/a.bin"]],
    [["a.bin"], inFolder("net/model.json"), ["elsewhere/a.bin"], ["elsewhere/a.bin"]],
    [["a.bin", "a.bin"], model, ["a.bin"], ["a.bin", "a.bin"]],
    [[], model, ["a.bin"], []],
  ])("%j beside %j among %j", (paths, modelFile, names, expected) => {
    const files = [modelFile, ...names.map((name) => (name.includes("/") ? inFolder(name) : plain(name)))];
    const found = matchWeightFiles(paths, modelFile, files);
    expect(found.map((file) => file.webkitRelativePath || file.name)).toEqual(expected);
  });
});

describe("refuses", () => {
  it("what is not there, naming it and what is", () => {
    const files = [model, plain("a.bin"), plain("c (1).bin")];
    caught(
      "weights-missing",
      () => matchWeightFiles(["a.bin", "b.bin", "c.bin"], model, files),
      '"b.bin", "c.bin"',
      "c (1).bin",
    );
  });

  it("to guess between files of one name, or to use one for two paths", () => {
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

  it("in few words, however many are missing", () => {
    const paths = Array.from({ length: 500 }, (_, i) => `${"x".repeat(200)}${i}.bin`);
    caught("weights-missing", () => matchWeightFiles(paths, model, [model]), "494 more");
  });
});
