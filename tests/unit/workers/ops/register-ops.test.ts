// The table of own ops against what is registered with TF.js, and one op end to end on every backend of Node.
import "@tensorflow/tfjs-backend-cpu";
import * as tfc from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { ownOp, ownOpNames } from "../../../../src/model/own-ops.js";
import { OWN_EXECUTORS } from "../../../../workers/engines/tfjs/ops/register-ops.js";
import { runOp } from "../../../fixtures/run-op.js";

it("registers exactly the ops that the page counts on", () => {
  expect(Object.keys(OWN_EXECUTORS).sort()).toEqual([...ownOpNames()].sort());
  expect(ownOp("Relu")).toBeUndefined();
});

describe.each(["wasm", "cpu"] as const)("on %s", (backend) => {
  it("an own op runs inside a model and leaves no tensors", async () => {
    const x = { dtype: "float32" as const, shape: [2, 2], data: Float32Array.of(1, -2, 0.5, 3e38) };
    // Oracle: the bits, by another view of the same memory.
    const expected = new Int32Array(x.data.slice().buffer);
    const attr = { T: { type: "DT_FLOAT" }, type: { type: "DT_INT32" } };
    const [y] = await runOp(backend, "Bitcast", [x], attr, ["int32"]);
    expect(y).toEqual({ dtype: "int32", shape: [2, 2], data: expected });
    const { numTensors } = tfc.memory();
    await runOp(backend, "Bitcast", [x], attr, ["int32"]);
    expect(tfc.memory().numTensors).toBe(numTensors);
  });

  it("refuses by name what it can't do", async () => {
    const x = { dtype: "int32" as const, shape: [1], data: Int32Array.of(1) };
    await expect(
      runOp(backend, "Bitcast", [x], { T: { type: "DT_INT64" }, type: { type: "DT_DOUBLE" } }),
    ).rejects.toMatchObject({ code: "model-unsupported", message: expect.stringContaining('"op" (Bitcast)') });
  });
});
