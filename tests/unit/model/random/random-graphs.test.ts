// Random graphs over the operations that the optimiser and the lowering know, some of which mix their items. Thousands more: tests/long.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { beforeAll, expect, it } from "vitest";
import { randomGraph } from "../../../fixtures/random-graph.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { checkRandomGraph } from "./check-random-graph.js";

beforeAll(useWasm);

const seeds = Array.from({ length: 100 }, (_, index) => index);

it("give the same whole, in shards and in stages, and optimised", { timeout: 60_000 }, async () => {
  for (const seed of seeds) await checkRandomGraph(seed, seed % 2 === 0 ? "wasm" : "cpu");
});

it("are of many kinds", () => {
  const graphs = seeds.map((seed) => randomGraph(seed));
  expect(graphs.filter(({ isMixed }) => isMixed).length).toBeGreaterThan(15);
  expect(new Set(graphs.flatMap(({ steps }) => steps)).size).toBeGreaterThan(40);
});
