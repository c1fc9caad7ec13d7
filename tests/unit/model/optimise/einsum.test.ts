// Oracle: TF.js's own einsum on its CPU backend. Its WASM backend has none.
import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { parseEquation } from "../../../../src/model/optimise/einsum-equation.js";
import { GraphModel } from "../../../fixtures/graph-model.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { compareOptimised, runOriginal } from "./compare-optimised.js";

beforeAll(useWasm);

const SIZES: Readonly<Record<string, number>> = { a: 2, b: 3, c: 4, d: 5, e: 2, f: 3 };

/** A model whose file states only the sizes of weights. Other operands come out of an operation, so their sizes are not stated. */
function einsumModel(equation: string, areWeights: readonly boolean[]): ModelArtifacts {
  const model = new GraphModel();
  const operands = equation
    .split("->")[0]!
    .split(",")
    .map((labels, index) => {
      const shape = labels.split("").map((label) => SIZES[label]!);
      if (areWeights[index]) return model.weight(shape);
      // The input of a model must leave axis 0 free or fix it at 1.
      return model.node("Reshape", [model.input(`x${index}`, [1, ...shape]), model.integers(shape)]);
    });
  const sum = model.einsum(equation, ...operands);
  return model.artifacts(model.node("AddV2", [sum, model.scalar(0.5)]));
}

async function check(equation: string, areWeights: readonly boolean[]): Promise<void> {
  const artifacts = einsumModel(equation, areWeights);
  await setBackend("cpu");
  const expected = await runOriginal(artifacts, 1);
  for (const backend of ["cpu", "wasm"]) {
    await setBackend(backend);
    const { difference, report, ops } = await compareOptimised(artifacts, 1, 64, expected);
    expect(difference, `${equation} on ${backend}`).toBeLessThanOrEqual(1e-5);
    expect(report.done["einsums-lowered"], equation).toBe(1);
    expect(ops).not.toContain("Einsum");
  }
}

describe("an einsum as a matrix product", () => {
  it.each<[equation: string, areWeights: boolean[]]>([
    // Keras's attention: projection to heads, scores, values, projection from heads.
    ["abc,cde->abde", [false, true]],
    ["aecd,abcd->acbe", [false, false]],
    ["acbe,aecd->abcd", [false, false]],
    ["abcd,cde->abe", [false, true]],
    ["ab,bc->ac", [false, false]],
    ["ab,b->a", [false, true]],
    ["ab,ab->a", [false, false]],
    ["ab,ab->ab", [false, false]],
    ["a,b->ab", [false, false]],
    ["ab,cb->ca", [false, true]],
    ["abcd,acde->aebc", [false, false]],
    ["abc->cab", [false]],
    ["abc->b", [false]],
    ["abc,bd->ad", [false, true]],
  ])("%s (%s)", async (equation, areWeights) => {
    await check(equation, areWeights);
  });

  it("of any two tensors", { timeout: 60_000 }, async () => {
    let count = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const shuffled = (labels: string[]) =>
        labels
          .map((label) => ({ label, key: random() }))
          .toSorted((x, y) => x.key - y.key)
          .map(({ label }) => label)
          .join("");
      const roles = "abcdef"
        .split("")
        .slice(0, 3 + Math.floor(3 * random()))
        .map((label) => ({ label, role: Math.floor(4 * random()) }));
      const of = (...wanted: number[]) => roles.filter(({ role }) => wanted.includes(role)).map(({ label }) => label);
      // 0: batch, 1: contracted, 2: left, 3: right.
      const operands = [shuffled(of(0, 1, 2)), shuffled(of(0, 1, 3))];
      if (operands.some((labels) => labels.length === 0 || labels.length > 4)) continue;
      const equation = `${operands.join()}->${shuffled(of(0, 2, 3))}`;
      const areWeights = [false, random() < 0.5];
      const artifacts = einsumModel(equation, areWeights);
      await setBackend("cpu");
      const { report } = await compareOptimised(artifacts, 1);
      if (report.done["einsums-lowered"] === 0) {
        expect(report.notDone[0]).toMatchObject({ reason: "too many of its sizes are unknown before the run" });
        continue;
      }
      await check(equation, areWeights);
      count++;
    }
    expect(count).toBeGreaterThan(20);
  });

  it("reads, during the run, sizes that the file leaves free", async () => {
    const model = new GraphModel();
    const x = model.input("x", [-1, 3, 4]);
    const artifacts = model.artifacts(model.einsum("abc,cde->abde", x, model.weight([4, 5, 2])));
    await setBackend("cpu");
    for (const itemCount of [1, 3]) {
      expect((await compareOptimised(artifacts, itemCount)).difference).toBeLessThanOrEqual(1e-5);
    }
  });

  it("fuses the bias of attention heads", async () => {
    const model = new GraphModel();
    const heads = model.einsum("abc,cde->abde", model.input("x", [-1, 3, 4]), model.weight([4, 5, 2]));
    const biased = model.node("AddV2", [heads, model.weight([5, 2])]);
    await setBackend("cpu");
    const { difference, ops } = await compareOptimised(model.artifacts(biased), 1);
    expect(difference).toBeLessThanOrEqual(1e-5);
    expect(ops).toContain("_FusedMatMul");
    expect(ops).not.toContain("AddV2");
  });
});

describe("an einsum that is not rewritten reports why", () => {
  it.each([
    ["...b,bc->...c", "ellipsis"],
    ["aa,ab->b", "twice"],
    ["ab,bc", "does not name its output"],
    ["ab,bc->ad", "only in its output"],
  ])("%s: %s", (equation, reason) => {
    expect(parseEquation(equation)).toContain(reason);
  });

  it("three operands", () => {
    const { info } = inspectModel(einsumModel("ab,bc,cd->ad", [false, true, true]), false, true);
    expect(info.optimization.notDone[0]!.reason).toContain("3 operands");
  });
});
