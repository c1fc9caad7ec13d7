import { expect, it } from "vitest";
import { elementCountOf, transferablesOf, type InputTensor } from "../../../src/protocol/tensors.js";

it("elementCountOf: a scalar has one element, an empty axis none", () => {
  expect([[], [0], [3, 0, 2], [2, 3, 4]].map(elementCountOf)).toEqual([1, 0, 0, 24]);
});

it("transferablesOf lists each buffer once, no strings and nothing that is shared", () => {
  const buffer = new ArrayBuffer(16);
  const tensors: InputTensor[] = [
    { dtype: "float32", shape: [2], data: new Float32Array(buffer, 0, 2) },
    { dtype: "int32", shape: [2], data: new Int32Array(buffer, 8, 2) },
    { dtype: "uint8", shape: [1], data: new Uint8Array([1]) },
    { dtype: "string", shape: [1], data: ["a"] },
    { dtype: "bool", shape: [2], data: new Uint8Array(new SharedArrayBuffer(2)) },
  ];
  const transferables = transferablesOf(tensors);
  expect(transferables).toEqual([buffer, tensors[2]!.data.length ? (tensors[2]!.data as Uint8Array).buffer : null]);
  // What structured clone itself makes of the list is the last word.
  const clones = structuredClone(tensors, { transfer: transferables });
  expect(clones.map(({ dtype, shape, data }) => [dtype, shape, [...data]])).toEqual([
    ["float32", [2], [0, 0]],
    ["int32", [2], [0, 0]],
    ["uint8", [1], [1]],
    ["string", [1], ["a"]],
    ["bool", [2], [0, 0]],
  ]);
  expect(buffer.byteLength).toBe(0);
});

it("transferablesOf: nothing of nothing", () => {
  expect(transferablesOf([])).toEqual([]);
});
