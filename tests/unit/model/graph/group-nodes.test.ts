import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condense, groupNodes } from "../../../../src/model/graph/group-nodes.js";

/** Edges go from a lower to a higher index, so that there are no cycles. */
const graphs = fc.integer({ min: 1, max: 12 }).chain((count) => {
  const pair = fc.tuple(fc.nat(count - 1), fc.nat(count - 1));
  return fc.record({
    count: fc.constant(count),
    edges: fc.array(pair, { maxLength: 20 }).map((list) => list.filter(([from, to]) => from < to)),
    bonds: fc.array(pair, { maxLength: 6 }),
  });
});

describe("nodes that must stay together", () => {
  it("are in one group exactly if each reaches the other over edges and bonds", () => {
    fc.assert(
      fc.property(graphs, ({ count, edges, bonds }) => {
        const sources = Array.from({ length: count }, (_, to) =>
          edges.filter((edge) => edge[1] === to).map(([from]) => from),
        );
        const { groupOf, groupCount } = groupNodes(sources, bonds);
        const together = bruteForce(count, edges, bonds);
        for (let a = 0; a < count; a++) {
          for (let b = 0; b < count; b++) expect(groupOf[a] === groupOf[b]).toBe(together[a]![b]);
        }
        expect(new Set(groupOf).size).toBe(groupCount);
        expect(isAcyclic(condense(sources, { groupOf, groupCount }))).toBe(true);
      }),
    );
  });

  it("may be spread over a long chain, which is searched without recursion", () => {
    const count = 50_000;
    const sources = Array.from({ length: count }, (_, index) => (index === 0 ? [] : [index - 1]));
    expect(groupNodes(sources, []).groupCount).toBe(count);
    expect(groupNodes(sources, [[0, count - 1]]).groupCount).toBe(1);
  });
});

/** Two nodes are together if each reaches the other, along edges and along bonds in both directions (Floyd–Warshall). */
function bruteForce(
  count: number,
  edges: readonly [number, number][],
  bonds: readonly [number, number][],
): boolean[][] {
  const reaches = Array.from({ length: count }, (_, a) => Array.from({ length: count }, (_, b) => a === b));
  for (const [from, to] of edges) reaches[from]![to] = true;
  for (const [a, b] of bonds) reaches[a]![b] = reaches[b]![a] = true;
  for (let via = 0; via < count; via++) {
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) reaches[a]![b] ||= reaches[a]![via]! && reaches[via]![b]!;
    }
  }
  return reaches.map((row, a) => row.map((isReached, b) => isReached && reaches[b]![a]!));
}

function isAcyclic(sources: readonly (readonly number[])[]): boolean {
  const done = new Set<number>();
  for (let round = 0; round < sources.length; round++) {
    for (const [node, each] of sources.entries()) if (each.every((source) => done.has(source))) done.add(node);
  }
  return done.size === sources.length;
}
