// Small models against what TensorFlow and Keras compute for them, whole and in stages, optimised and as they came.
// SHARDER_CASES=DIR runs the cases of another folder, SHARDER_CASES_ONLY=REGEXP some of them; each verdict is printed.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { beforeAll, expect, it } from "vitest";
import { listCases, readCase } from "../../fixtures/case-files.js";
import { useWasm } from "../../fixtures/wasm-in-node.js";
import { runCase } from "./run-case.js";

beforeAll(useWasm);

const folder = process.env["SHARDER_CASES"] ?? "tests/cases";
const names = listCases(folder, new RegExp(process.env["SHARDER_CASES_ONLY"] ?? "."));

it.each(names)("%s", { timeout: 60_000 }, async (name) => {
  const modelCase = readCase(folder, name);
  const failures: string[] = [];
  for (const backend of ["wasm", "cpu"] as const) {
    for (const optimize of [true, false]) {
      const { verdict, detail } = await runCase(modelCase, backend, optimize);
      const isHonest = verdict === "refused" && modelCase.refused?.test(detail) === true;
      if (verdict !== "right" && !isHonest)
        failures.push(`${verdict} on ${backend}${optimize ? "" : " as it came"}: ${detail}`);
    }
  }
  expect(failures.join("\n")).toBe("");
});
