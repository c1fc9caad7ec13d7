// Files of a few MB that a careless reader would make gigabytes of, or compare each part of with each other. They are refused, or not cut,
// while a page waits.
import { describe, expect, it } from "vitest";
import { caught } from "../../../fixtures/caught.js";
import { onnxOf } from "../../../fixtures/file-models.js";
import { madeOnnx, madeTensor, type MadeNode } from "../../../fixtures/made-onnx.js";
import { TfliteMaker } from "../../../fixtures/made-tflite.js";
import { tfliteArtifacts } from "../../../../src/model/load/read-tflite.js";
import { inspectTflite } from "../../../../src/model/tflite/inspect-tflite.js";
import type { ModelInfo } from "../../../../src/model/inspect.js";

/** What a page may take for a file, ms of computing: the machine may be busy with other things. */
const LIMIT_MS = 8_000;
const MOST_BYTES = 12_000_000;
const CONV = 3;
const UNIQUE = 103;
const same = (value: number, count: number): number[] => Array.from({ length: count }, () => value);
const countUp = <T>(count: number, map: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => map(i));

function withinLimit<T>(run: () => T): T {
  const start = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(LIMIT_MS);
  return result;
}

const openTflite = (bytes: Uint8Array<ArrayBuffer>): ModelInfo => {
  expect(bytes.length).toBeGreaterThan(500_000);
  expect(bytes.length).toBeLessThan(MOST_BYTES);
  return inspectTflite(tfliteArtifacts(bytes.buffer), false, {}).info;
};

const whyWhole = ({ cuts, optimization }: ModelInfo): string | undefined => {
  expect(cuts).toEqual([]);
  return optimization.notDone.find(({ what }) => what === "cuts")?.reason;
};

describe(".tflite files", () => {
  it("400,000 tensors that share a name of 10 kB, of which one operation has one", () => {
    const maker = new TfliteMaker();
    const shared = maker.tensor(maker.text("n".repeat(9_999)), maker.ints([1, 2]));
    const operators = [maker.operator(0, maker.ints([0]), maker.ints([1]))];
    const tensors = same(shared, 400_000);
    const file = maker.finish({ kinds: [CONV], subgraphs: [{ tensors, operators, inputs: [0], outputs: [1] }] });
    expect(whyWhole(withinLimit(() => openTflite(file)))).toMatch(/no place where a cut/);
  });

  it("20,000 operations whose results have such a name", () => {
    const maker = new TfliteMaker();
    const shared = maker.tensor(maker.text("n".repeat(9_999)), maker.ints([1, 2]));
    const operators = countUp(20_000, (index) => maker.operator(0, maker.ints([index]), maker.ints([index + 1])));
    const tensors = same(shared, 20_001);
    const file = maker.finish({ kinds: [CONV], subgraphs: [{ tensors, operators, inputs: [0], outputs: [20_000] }] });
    expect(whyWhole(withinLimit(() => openTflite(file)))).toMatch(/names/);
  });

  it("260,000 tensors that share a shape of 16 sizes", () => {
    const maker = new TfliteMaker();
    const shared = maker.tensor(maker.text("t"), maker.ints(same(1, 16)));
    const operators = [maker.operator(0, maker.ints([0]), maker.ints([1]))];
    const tensors = same(shared, 260_000);
    const file = maker.finish({ kinds: [CONV], subgraphs: [{ tensors, operators, inputs: [0], outputs: [1] }] });
    expect(whyWhole(withinLimit(() => openTflite(file)))).toMatch(/sizes/);
  });

  it.each([
    ["of sizes that depend on values", UNIQUE],
    ["of fixed sizes", CONV],
  ])("300,000 operations %s that share a list of 10,000 operands", (_, number) => {
    const maker = new TfliteMaker();
    const shared = maker.tensor(maker.text("t"), maker.ints([1, 2]));
    const operators = same(maker.operator(0, maker.ints(same(0, 10_000)), maker.ints([1])), 300_000);
    const file = maker.finish({
      kinds: [number],
      subgraphs: [{ tensors: [shared, shared], operators, inputs: [0], outputs: [1] }],
    });
    withinLimit(() => caught("model-malformed", () => openTflite(file), "at most 5000000 operands"));
  });
});

describe(".onnx files", () => {
  const openOnnx = (bytes: Uint8Array): ModelInfo => {
    expect(bytes.length).toBeLessThan(MOST_BYTES);
    return onnxOf([bytes], []).info;
  };
  const weights = madeTensor("w", 1, new Uint8Array(16));

  it("a chain of 20,000 operations on a constant", () => {
    const chain = countUp(20_000, (index): MadeNode => {
      return { op: "Identity", inputs: [index === 0 ? "w" : `c${index - 1}`], outputs: [`c${index}`] };
    });
    const nodes = [...chain, { op: "MatMul", inputs: ["x", "c19999"], outputs: ["y"] }];
    const file = madeOnnx({ nodes, constants: [weights], inputs: { x: 1 }, outputs: { y: 1 } });
    expect(whyWhole(withinLimit(() => openOnnx(file)))).toMatch(/copies of too many/);
  });

  it("3,000 operations, each of which reads the copy of one that reads 3,000 constants", () => {
    const constants = countUp(3_000, (index) => madeTensor(`w${index}`, 1, new Uint8Array(16)));
    const sum = { op: "Sum", inputs: countUp(3_000, (index) => `w${index}`), outputs: ["s"] };
    const readers = countUp(3_000, (index): MadeNode => {
      return { op: "MatMul", inputs: [index === 0 ? "x" : `h${index - 1}`, "s"], outputs: [`h${index}`] };
    });
    const file = madeOnnx({ nodes: [sum, ...readers], constants, inputs: { x: 1 }, outputs: { h2999: 1 } });
    expect(whyWhole(withinLimit(() => openOnnx(file)))).toMatch(/copies of too many/);
  });

  it("a chain of 100 is cut, and each stage that needs it has a copy", () => {
    const chain = countUp(100, (index): MadeNode => {
      return { op: "Identity", inputs: [index === 0 ? "w" : `c${index - 1}`], outputs: [`c${index}`] };
    });
    const readers = countUp(50, (index): MadeNode => {
      return { op: "MatMul", inputs: [index === 0 ? "x" : `h${index - 1}`, "c99"], outputs: [`h${index}`] };
    });
    const file = madeOnnx({
      nodes: [...chain, ...readers],
      constants: [weights],
      inputs: { x: 1 },
      outputs: { h49: 1 },
    });
    expect(openOnnx(file).layers.length).toBe(50);
  });

  it("one Concat of 50,000 others", () => {
    const nodes = countUp(50_000, (index): MadeNode => ({ op: "Neg", inputs: ["x"], outputs: [`n${index}`] }));
    const all = { op: "Concat", inputs: nodes.map(({ outputs: [name] }) => name!), outputs: ["y"] };
    const file = madeOnnx({ nodes: [...nodes, all], constants: [weights], inputs: { x: 1 }, outputs: { y: 1 } });
    expect(whyWhole(withinLimit(() => openOnnx(file)))).toMatch(/no place where a cut/);
  });

  it("an Add of 60,000 outputs of one other", () => {
    const names = countUp(60_000, (index) => `n${index}`);
    const nodes = [
      { op: "Split", inputs: ["x"], outputs: names },
      { op: "Add", inputs: names, outputs: ["y"] },
    ];
    const file = madeOnnx({ nodes, constants: [weights], inputs: { x: 1 }, outputs: { y: 1 } });
    expect(whyWhole(withinLimit(() => openOnnx(file)))).toMatch(/no place where a cut/);
  });
});
