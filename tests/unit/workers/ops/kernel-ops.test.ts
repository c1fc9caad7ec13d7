// Every op that is composed of TF.js's kernels against TensorFlow's own results. Fixture: tests/fixtures/kernel-ops/make.py.
import "@tensorflow/tfjs-backend-cpu";
import type { GraphNode } from "@tensorflow/tfjs-converter";
import { memory, ready, setBackend, tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { KERNEL_EXECUTORS } from "../../../../workers/engines/tfjs/ops/kernel-ops.js";

interface Json {
  readonly dtype: "float32" | "int32" | "bool" | "string";
  readonly shape: number[];
  readonly data: (number | string)[];
}

interface OpCase {
  readonly op: string;
  readonly inputs: Json[];
  readonly attr: Record<string, unknown>;
  readonly outputs: Json[];
}

const cases: OpCase[] = JSON.parse(readFileSync("tests/fixtures/kernel-ops/kernel-ops.json", "utf8"));
const SPECIAL: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, "-inf": -Infinity };

function numbersOf({ data }: Json): number[] {
  return data.map((value) => (typeof value === "string" ? SPECIAL[value]! : value));
}

function upload(json: Json): TfTensor {
  return tensor(json.dtype === "string" ? json.data.map(String) : numbersOf(json), json.shape, json.dtype);
}

/** Relative to the largest value; infinite for another dtype or shape. */
async function difference(received: TfTensor, expected: Json): Promise<number> {
  if (received.dtype !== expected.dtype || received.shape.join() !== expected.shape.join()) return Infinity;
  const wanted = numbersOf(expected);
  const scale = wanted.filter(Number.isFinite).reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-30);
  const values = Array.from(await received.data(), Number);
  return values.reduce((worst, value, index) => {
    const other = wanted[index]!;
    if (Object.is(value, other) || value === other) return worst;
    return Math.max(
      worst,
      Number.isFinite(value) && Number.isFinite(other) ? Math.abs(value - other) / scale : Infinity,
    );
  }, 0);
}

it("has a case for every op, but for TF.js's fused ones and ours", () => {
  const known = new Set(cases.map(({ op }) => op));
  const without = Object.keys(KERNEL_EXECUTORS).filter((op) => !known.has(op));
  expect(without.filter((op) => !/^_|^Fused|V2$|^Batch(MatrixBandPart)$/.test(op))).toEqual([]);
});

describe.each(["wasm", "cpu"] as const)("on %s", (backend) => {
  beforeAll(async () => {
    await (backend === "wasm" ? useWasm() : setBackend("cpu"));
    await ready();
  });

  it.each(cases.map((each, index): [string, OpCase] => [`${each.op} (${index})`, each]))("%s", async (_, each) => {
    const inputs = each.inputs.map(upload);
    const { numTensors } = memory();
    // TF.js hands its own node on, beside what its types show.
    const graphNode = { inputs, attrs: {}, node: { name: "op", rawAttrs: each.attr } } as GraphNode;
    const results = [await KERNEL_EXECUTORS[each.op]!(graphNode)].flat();
    for (const [index, expected] of each.outputs.entries()) {
      expect(await difference(results[index]!, expected)).toBeLessThanOrEqual(2e-5);
    }
    for (const result of results) result.dispose();
    expect(memory().numTensors).toBe(numTensors);
  });
});
