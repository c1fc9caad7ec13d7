// Ops in plain code inside models, on the backends that run in Node, whatever these lack. No run leaves a tensor.
// Values of one op: plain-ops.test.ts. Values of chains: TensorFlow 2.19, each with its expression.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { memory } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { runNodes, type OpNode } from "../../../fixtures/run-op.js";

const type = (name: string): object => ({ type: name });
const node = (name: string, op: string, input: string[], attr: Record<string, unknown> = {}): OpNode => ({
  name,
  op,
  input,
  attr,
});
const numbers = (shape: number[], data: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(data),
});
const wholes = (shape: number[], data: number[]): Tensor => ({ dtype: "int32", shape, data: Int32Array.from(data) });
const texts = (shape: number[], data: string[]): Tensor => ({ dtype: "string", shape, data });

describe.each(["wasm", "cpu"] as const)("on %s", (backend) => {
  /** Run twice; the second run may not leave more tensors than there were. */
  async function run(
    ...[nodes, inputs, outputs, more]: Parameters<typeof runNodes> extends [unknown, ...infer Rest] ? Rest : never
  ) {
    await runNodes(backend, nodes, inputs, outputs, more);
    const before = memory().numTensors;
    const results = await runNodes(backend, nodes, inputs, outputs, more);
    expect(memory().numTensors).toBe(before);
    return results;
  }

  it("complex numbers pass from op to op, and keep their values through changes of shape", async () => {
    const COMPLEX = type("DT_COMPLEX64");
    const [real, size] = await run(
      [
        node("c", "Cast", ["x0"], { SrcT: type("DT_FLOAT"), DstT: COMPLEX }),
        node("f", "FFT", ["c"], { Tcomplex: COMPLEX }),
        node("t", "Transpose", ["f", "order"], { T: COMPLEX }),
        node("r", "Reshape", ["t", "flat"], { T: COMPLEX }),
        node("same", "Identity", ["r"], { T: COMPLEX }),
        node("square", "Mul", ["same", "r"], { T: COMPLEX }),
        node("y", "Real", ["square"], { T: COMPLEX, Tout: type("DT_FLOAT") }),
        node("abs", "ComplexAbs", ["r"], { T: COMPLEX, Tout: type("DT_FLOAT") }),
      ],
      [numbers([2, 3], [1, 2, 4, 0, 3, -1])],
      { y: "float32", abs: "float32" },
      { constants: { order: [1, 0], flat: [6] } },
    );
    // f = tf.reshape(tf.transpose(tf.signal.fft(tf.cast([[1, 2, 4], [0, 3, -1]], tf.complex64))), [6]); tf.math.real(f * f), tf.abs(f)
    const expected = [49, 4, 1, -11, 1, -11];
    expect(real!.data.length).toBe(6);
    for (const [index, value] of expected.entries()) expect(real!.data[index]).toBeCloseTo(value, 4);
    for (const [index, value] of [7, 2, 2.645751, 3.605551, 2.645751, 3.605551].entries())
      expect(size!.data[index]).toBeCloseTo(value, 4);
  });

  it("strings move, compare and change case, with their bytes", async () => {
    const STRING = { T: type("DT_STRING") };
    const [moved, equal, joined] = await run(
      [
        node("low", "StringLower", ["x0"], { encoding: { s: btoa("utf-8") } }),
        node("turned", "Transpose", ["low", "order"], STRING),
        node("flat", "Reshape", ["turned", "shape"], STRING),
        node("is", "Equal", ["flat", "x1"], STRING),
        node("both", "AddV2", ["flat", "x1"], STRING),
      ],
      [texts([2, 2], ["ÄB", "漢", "c", ""]), texts([], ["c"])],
      { flat: "string", is: "bool", both: "string" },
      { constants: { order: [1, 0], shape: [-1] } },
    );
    expect(moved).toEqual(texts([4], ["äb", "c", "漢", ""]));
    expect([...equal!.data]).toEqual([0, 1, 0, 0]);
    expect(joined).toEqual(texts([4], ["äbc", "cc", "漢c", "c"]));
  });

  const TABLE = [
    node("table", "HashTableV2", [], { key_dtype: type("DT_INT64"), value_dtype: type("DT_INT64") }),
    node("fill", "LookupTableImportV2", ["handle", "keys", "values"], {
      Tin: type("DT_INT64"),
      Tout: type("DT_INT64"),
    }),
    node("handle", "Identity", ["table"], { T: type("DT_RESOURCE") }),
  ];
  const TYPED = { Tin: type("DT_INT64"), Tout: type("DT_INT64") };
  const constants = { keys: [7, -1, 3], values: [70, -10, 30], fallback: 99 };
  const keysAndValues = ["keys", "values"].map((name) => ({ name, op: "Const", attr: { dtype: type("DT_INT64") } }));

  it("a look-up in a table that an initializer fills keeps the shape of its keys", async () => {
    const [found, size] = await run(
      [
        node("captured", "Placeholder", [], { dtype: type("DT_RESOURCE"), shape: { shape: {} } }),
        node("find", "LookupTableFindV2", ["captured", "x0", "fallback"], TYPED),
        node("size", "LookupTableSizeV2", ["captured"]),
      ],
      [wholes([2, 1, 2], [3, 4, 7, -1])],
      { find: "int32", size: "int32" },
      {
        constants,
        modelInitializer: { node: [...keysAndValues, ...TABLE] },
        initializerSignature: { outputs: { t: { name: "handle:0", resourceId: 5 } } },
        signature: { captured: { name: "captured:0", dtype: "DT_RESOURCE", resourceId: 5 } },
      },
    );
    expect(found).toEqual(wholes([2, 1, 2], [30, 99, 70, -10]));
    expect(size).toEqual(wholes([], [3]));
  });

  it("a look-up in a table of the graph itself is the same", async () => {
    const [found] = await run(
      [TABLE[0]!, TABLE[2]!, node("find", "LookupTableFindV2", ["handle", "x0", "fallback"], TYPED)],
      [wholes([1, 2], [7, 8])],
      { find: "int32" },
      { constants, modelInitializer: { node: [...keysAndValues, ...TABLE] } },
    );
    expect(found).toEqual(wholes([1, 2], [70, 99]));
  });

  it("functions take the output that they name", async () => {
    const FLOAT = { T: type("DT_FLOAT") };
    const arg = (name: string): object => ({ name, type: "DT_FLOAT" });
    const branch = (name: string, reference: string): object => ({
      signature: { name, inputArg: [arg("x")], outputArg: [{ name: "out", type: "DT_INT32" }] },
      nodeDef: [
        node("u", "UniqueWithCounts", ["x"], { ...FLOAT, out_idx: type("DT_INT32") }),
        node("o", "Identity", [reference], { T: type("DT_INT32") }),
      ],
      ret: { out: "o:output:0" },
    });
    const [counts] = await run(
      [
        node("y", "StatelessIf", ["x1", "x0"], {
          Tcond: type("DT_BOOL"),
          Tin: { list: { type: ["DT_FLOAT"] } },
          Tout: { list: { type: ["DT_INT32"] } },
          then_branch: { func: { name: "counts" } },
          else_branch: { func: { name: "ids" } },
        }),
      ],
      [numbers([4], [5, 6, 5, 5]), { dtype: "bool", shape: [], data: Uint8Array.of(1) }],
      { y: "int32" },
      { library: { function: [branch("counts", "u:count:0"), branch("ids", "u:idx:0")] } },
    );
    expect(counts).toEqual(wholes([2], [3, 1]));
  });
});
