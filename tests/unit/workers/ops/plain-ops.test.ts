// Every op in plain code against TensorFlow's own results, as pure functions. Fixture: tests/fixtures/plain-ops/make.py.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ownOp, ownOpNames } from "../../../../src/model/own-ops.js";
import { moveInPlain } from "../../../../src/model/plain/move-in-plain.js";
import { outputDtype } from "../../../../src/model/cut/output-dtype.js";
import { PlainNode } from "../../../../workers/engines/tfjs/ops/plain-node.js";
import type { PlainTensor } from "../../../../workers/engines/tfjs/ops/plain-tensor.js";
import { PLAIN_OPS } from "../../../../workers/engines/tfjs/ops/register-ops.js";

interface Json {
  readonly dtype: PlainTensor["dtype"];
  readonly shape: number[];
  readonly data: (number | string)[];
}

interface OpCase {
  readonly op: string;
  readonly inputs: Json[];
  readonly attr: Record<string, unknown>;
  readonly outputs: Json[];
}

const cases: OpCase[] = JSON.parse(readFileSync("tests/fixtures/plain-ops/plain-ops.json", "utf8"));

const SPECIAL: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, "-inf": -Infinity };

function tensorOf({ dtype, shape, data }: Json): PlainTensor {
  if (dtype === "string") return { dtype, shape, data: data.map(String) };
  const numbers = data.map((value) => (typeof value === "string" ? SPECIAL[value]! : value));
  if (dtype === "int32") return { dtype, shape, data: Int32Array.from(numbers) };
  return dtype === "bool"
    ? { dtype, shape, data: Uint8Array.from(numbers) }
    : { dtype, shape, data: Float32Array.from(numbers) };
}

/** Relative to the largest value; 0 for equal integers and texts. */
function difference(received: PlainTensor, expected: PlainTensor): number {
  if (received.dtype !== expected.dtype || received.shape.join() !== expected.shape.join()) return Infinity;
  if (received.data.length !== expected.data.length) return Infinity;
  if (received.dtype === "string") return Number(received.data.join("\u0100") !== expected.data.join("\u0100"));
  const finite = Array.from<number | string>(expected.data).map(Number).filter(Number.isFinite);
  const scale = finite.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-30);
  let worst = 0;
  for (const [index, value] of received.data.entries()) {
    const other = Number(expected.data[index]);
    if (Object.is(value, other) || value === other) continue;
    worst = Math.max(
      worst,
      Number.isFinite(value) && Number.isFinite(other) ? Math.abs(value - other) / scale : Infinity,
    );
  }
  return worst;
}

const byOp = new Map<string, OpCase[]>();
for (const each of cases) byOp.set(each.op, [...(byOp.get(each.op) ?? []), each]);

it.each([...byOp])("%s", (_, calls) => {
  const failures = calls.flatMap(({ op, inputs, attr, outputs }) => {
    const [node] = moveInPlain({
      nodes: [{ name: "op", op, input: [], attr }],
      weights: new Map(),
      inputs: [],
      outputs: [],
      library: undefined,
      versions: undefined,
      initializer: undefined,
    }).nodes;
    const run = PLAIN_OPS[node!.op]!;
    let received: readonly PlainTensor[];
    try {
      const result = run(new PlainNode(node!.op, "op", inputs.map(tensorOf), node!.attr));
      received = "dtype" in result ? [result] : result;
    } catch (thrown) {
      return `${String(thrown)} ${JSON.stringify(inputs)} ${JSON.stringify(attr)}`;
    }
    return outputs.flatMap((output, index) => {
      const expected = tensorOf(output);
      const given = received[index];
      const isRight = given !== undefined && difference(given, expected) <= 1e-5;
      const dtype = outputDtype(node!, index);
      const isKnown = expected.dtype === "complex64" || dtype === expected.dtype;
      if (isRight && isKnown) return [];
      return `output ${index} (${dtype}) of ${JSON.stringify(inputs)} ${JSON.stringify(attr)}: ${JSON.stringify({ ...given, data: [...(given?.data ?? [])] })}, expected ${JSON.stringify(output)}`;
    });
  });
  expect(failures.join("\n")).toBe("");
});

it("leaves no op without a case", () => {
  const run = new Set([...byOp.keys()].flatMap((op) => [op, `_Plain${op}`]));
  const isShared = (op: string): boolean => !op.startsWith("_") || op.startsWith("_Plain");
  const without = ownOpNames().filter((op) => ownOp(op)!.isAsync && isShared(op) && !run.has(op));
  // TensorFlow calls it ReverseV2.
  expect(without).toEqual(["_PlainReverse"]);
});
