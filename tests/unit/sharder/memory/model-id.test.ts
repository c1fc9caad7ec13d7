import { expect, it } from "vitest";
import type { WireModel } from "../../../../src/protocol/model-on-wire.js";
import { identifyModel } from "../../../../src/sharder/memory/model-id.js";

const BYTES = 10_000;

function wireOf(change: (bytes: Uint8Array) => void = () => {}, weightBytes = BYTES): WireModel {
  const bytes = Uint8Array.from({ length: weightBytes }, (_, index) => index % 251);
  change(bytes);
  return {
    format: "graph-model",
    needsAsync: false,
    inputs: [],
    outputs: [],
    artifacts: { modelTopology: { node: [{ name: "a", op: "Placeholder" }] } },
    weights: {},
    weightData: bytes.buffer,
  };
}

it("tells models apart by topology, by the length of their weights, and by both ends of them", async () => {
  const id = await identifyModel(wireOf());
  expect(await identifyModel(wireOf())).toBe(id);
  const renamed = { ...wireOf(), artifacts: { modelTopology: { node: [{ name: "b", op: "Placeholder" }] } } };
  const others = [
    wireOf((bytes) => (bytes[0] = 1)),
    wireOf((bytes) => (bytes[BYTES - 1] = 0)),
    wireOf(() => {}, BYTES + 251),
    wireOf(() => {}, 1500),
    wireOf(() => {}, 0),
    renamed,
  ];
  const ids = await Promise.all(others.map(identifyModel));
  expect(new Set([id, ...ids]).size).toBe(others.length + 1);
});

it("reads only the ends of the weights", async () => {
  expect(await identifyModel(wireOf((bytes) => (bytes[BYTES / 2] = 255)))).toBe(await identifyModel(wireOf()));
});
