// Files that are written of TF.js models, read with our own reader. What they compute: tests/browser/translated.test.ts.
import { describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { readTfliteInterface } from "../../../../src/model/tflite/read-interface.js";
import { OPERATORS } from "../../../../src/model/translate/operators.js";
import { translateGraph } from "../../../../src/model/translate/translate-graph.js";
import { trialShapesOf, whyNotTflite } from "../../../../src/model/translate/why-not-tflite.js";
import { listCases, readCase } from "../../../fixtures/case-files.js";
import { kerasNet } from "../../../fixtures/keras-net.js";
import { readModelFolder } from "../../../fixtures/public-models.js";
import { randomNet } from "../../../fixtures/random-net.js";
import { sampleOf } from "../../../fixtures/sample-of.js";
import { readWholeTflite } from "../../../fixtures/whole-tflite.js";

/** The bytes of the file for one item, and what the model says of itself. `undefined` for one that is refused. */
function write(artifacts: ModelArtifacts) {
  const { info, wire } = inspectModel(artifacts, false, true);
  if (wire.format !== "graph-model" || whyNotTflite(wire) !== undefined) return undefined;
  const file = translateGraph(wire, trialShapesOf(wire)!);
  // What lay there before must not matter.
  const bytes = new Uint8Array(file.byteLength).fill(0xa5);
  file.write(bytes);
  return { info, wire, bytes };
}

function expectWellFormed({ info, bytes }: NonNullable<ReturnType<typeof write>>): void {
  const read = readTfliteInterface(bytes);
  expect(read.inputs.map(({ name, dtype }) => [name, dtype])).toEqual(
    info.inputs.map(({ name, dtype }) => [name, dtype]),
  );
  expect(read.outputs.map(({ name, dtype }) => [name, dtype])).toEqual(
    info.outputs.map(({ name, dtype }) => [name, dtype]),
  );
  for (const [index, { shape }] of info.inputs.entries()) {
    for (const [axis, size] of (shape ?? []).entries()) {
      if (size !== -1) expect(read.inputs[index]!.shape?.[axis]).toBe(size);
    }
  }
  expect(read.computesShapes).toBe(false);
  const { codes, faults } = readWholeTflite(bytes);
  expect(faults).toEqual([]);
  expect(codes).toHaveLength(read.operatorCount);
}

describe("files that are written of TF.js models", () => {
  it.each([
    ["convolutions", randomNet({ seed: 1, residual: true, pooledOutput: true, sideInput: true })],
    ["a fixed batch", randomNet({ seed: 2, batch: 1 })],
    ["whole numbers as inputs", randomNet({ seed: 3, inputDtype: "int32" })],
    ["Keras layers", kerasNet(1)],
    ["weights of eight bits", readModelFolder("tests/fixtures/models/quantised-uint8")],
    ["weights of sixteen bits", readModelFolder("tests/fixtures/models/quantised-float16")],
    ["a Transformer", readModelFolder("tests/fixtures/models/transformer")],
  ])("are well-formed: %s", (_what, artifacts) => {
    const written = write(artifacts);
    expect(written).toBeDefined();
    expectWellFormed(written!);
  });

  it("are well-formed for every kind of operation", () => {
    let writtenCount = 0;
    const names = sampleOf(listCases("tests/cases"), 5);
    for (const name of names) {
      let written: ReturnType<typeof write>;
      try {
        written = write(readCase("tests/cases", name).artifacts);
      } catch {
        // Models that no engine takes.
        continue;
      }
      if (written === undefined) continue;
      writtenCount++;
      expectWellFormed(written);
    }
    expect(writtenCount).toBeGreaterThan(names.length / 3);
  });

  it("clamp within the operator before, and compute nothing that nobody reads", () => {
    const { bytes } = write(randomNet({ seed: 1, depth: 3, residual: true }))!;
    const { codes } = readWholeTflite(bytes);
    expect(codes).toContain(OPERATORS.CONV_2D.code);
    expect(codes).toContain(OPERATORS.ADD.code);
    expect(codes).not.toContain(OPERATORS.RELU.code);
  });
});
