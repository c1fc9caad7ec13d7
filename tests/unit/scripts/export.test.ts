// `npm run export`: the bundled model for other engines computes what it computes in TF.js.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModelFolder } from "../../fixtures/public-models.js";
import { readSavedModel } from "../../fixtures/read-saved-model.js";
import { pictureItems, runGraph } from "../../fixtures/tfjs-graph.js";
import { readWholeTflite } from "../../fixtures/whole-tflite.js";

const folder = mkdtempSync(join(tmpdir(), "export-"));
const shape = [2, 19, 19, 3];
const items = pictureItems(2, 19);
let expected: Awaited<ReturnType<typeof runGraph>>;

function run(...args: string[]): { status: number; text: string } {
  try {
    const text = execFileSync(process.execPath, ["scripts/export.mjs", ...args], { encoding: "utf8", stdio: "pipe" });
    return { status: 0, text };
  } catch (thrown) {
    const { status, stderr } = thrown as { status: number; stderr: string };
    return { status, text: stderr };
  }
}

/** The largest difference; NaN where there is one. */
function difference(found: ArrayLike<number>): number {
  expect(found.length).toBe(expected.data.length);
  return expected.data.reduce((worst, value, index) => Math.max(worst, Math.abs(found[index]! - value)), 0);
}

beforeAll(async () => {
  expected = await runGraph(readModelFolder("public/models/upscale-x2"), items, shape);
  const formats = ["--onnx", folder, "--saved-model", folder, "--tflite", folder];
  expect(run(...formats, "--batch", "2", "--size", "19")).toMatchObject({ status: 0 });
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("the bundled model, exported", () => {
  it("as .onnx, in ONNX Runtime", async () => {
    env.wasm.numThreads = 1;
    const session = await InferenceSession.create(readFileSync(join(folder, "model.onnx")));
    expect([session.inputNames, session.outputNames]).toEqual([["image"], ["upscaled"]]);
    const { upscaled } = await session.run({ image: new Tensor("float32", items, shape) });
    expect(upscaled!.dims).toEqual([2, 38, 38, 3]);
    expect(difference(upscaled!.data as Float32Array)).toBeLessThan(1e-5);
    await session.release();
  });

  it("as a SavedModel, read back", async () => {
    const artifacts = readSavedModel(readFileSync(join(folder, "saved_model.pb")));
    const found = await runGraph(artifacts, items, shape);
    expect(found.shape).toEqual([2, 38, 38, 3]);
    expect(difference(found.data)).toBeLessThan(1e-5);
    const signature = artifacts.signature as { inputs: Record<string, unknown> };
    expect(signature.inputs["image"]).toMatchObject({
      name: "image:0",
      tensorShape: { dim: [{ size: "-1" }, { size: "-1" }, { size: "-1" }, { size: "3" }] },
    });
  });

  it("as .tflite, as LiteRT's workers get it", () => {
    const whole = readWholeTflite(readFileSync(join(folder, "model.tflite")));
    expect(whole.faults).toEqual([]);
    expect(whole.codes.length).toBeGreaterThan(10);
  });
});

describe("what can't be written is refused", () => {
  it.each([
    [[], "received none of them"],
    [["--onxx", folder], "Unknown option '--onxx'"],
    [["--tflite", folder, "--batch", "0"], "Expected --batch from 1 to 4096, received 0."],
    [["--tflite", folder, "--size", "many"], "Expected --size from 1 to 4096, received many."],
  ])("%j", (args, reason) => {
    const { status, text } = run(...args);
    expect(status).toBe(2);
    expect(text).toContain(reason);
  });
});
