// Random lists of operations, cut at random places. The oracle computes the whole list, and then stage after stage, each with what enters it alone.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FileNode, NodeList } from "../../../../src/model/file-cut/node-list.js";
import { stageFile, type StagePart } from "../../../../src/model/file-cut/stage-parts.js";
import type { WireModel } from "../../../../src/protocol/model-on-wire.js";

interface RandomNode {
  readonly reads: readonly number[];
  readonly makeCount: number;
  readonly isLight: boolean;
  readonly copied: FileNode["copied"];
  readonly crosses: boolean;
  readonly fuses: boolean;
}

const nodes = fc.array(
  fc.record({
    reads: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
    makeCount: fc.integer({ min: 1, max: 2 }),
    isLight: fc.boolean(),
    copied: fc.constantFrom("never", "if-constant", "if-constant", "always"),
    crosses: fc.integer({ min: 0, max: 30 }).map((number) => number > 0),
    fuses: fc.integer({ min: 0, max: 5 }).map((number) => number === 0),
  }) as fc.Arbitrary<RandomNode>,
  { minLength: 2, maxLength: 25 },
);

/** @returns the list, whose outputs are what the last node and one other make. */
function listOf(
  random: readonly RandomNode[],
  other: number,
): { readonly list: NodeList; readonly held: ReadonlySet<string> } {
  const known = ["x", "y", "c0", "c1", "c2"];
  const held = new Set<string>();
  const fusing = new Set<FileNode>();
  const made = random.map(({ reads, makeCount, crosses, fuses, ...rest }, index): FileNode => {
    const makes = Array.from({ length: makeCount }, (_, output) => `t${index}.${output}`);
    // Mostly what was made a short time ago.
    const keys = reads.map((back) => known[Math.max(0, known.length - 1 - back)]!);
    if (!crosses) for (const key of makes) held.add(key);
    known.push(...makes);
    const node: FileNode = { ...rest, name: `n${index}`, op: "Op", reads: [...new Set(keys)], makes };
    if (fuses) fusing.add(node);
    return node;
  });
  const outputs = new Set([made.at(-1)!.makes[0]!, made[other % made.length]!.makes[0]!]);
  const constants = new Map([
    ["c0", 4],
    ["c1", 8],
    ["c2", 16],
  ]);
  const list = {
    nodes: made,
    inputs: ["x", "y"],
    outputs: [...outputs],
    constants,
    crosses: (key: string) => !held.has(key),
    fuses: (node: FileNode) => fusing.has(node),
  };
  return { list, held };
}

/** A text for each tensor that nodes make of others. @throws for one that is not there. */
function compute(list: Iterable<FileNode>, given: ReadonlyMap<string, string>): Map<string, string> {
  const values = new Map(given);
  for (const { name, reads, makes } of list) {
    const read = reads.map((key) => {
      const value = values.get(key);
      if (value === undefined) throw new Error(`${name} reads ${key}, which is not there`);
      return value;
    });
    // Not the values in full, which would grow without bound.
    const sum = Array.from(read.join("|") + name, (letter) => letter.charCodeAt(0)).reduce(
      (hash, code) => (hash * 31 + code) % 2 ** 32,
      7,
    );
    for (const key of makes) values.set(key, `${key}=${sum}`);
  }
  return values;
}

describe("lists of operations", () => {
  it("give stages that compute what the whole does, of which nothing crosses that can't", () => {
    let cutCount = 0;
    const property = fc.property(nodes, fc.nat(), fc.infiniteStream(fc.boolean()), (random, other, coins) => {
      const { list, held } = listOf(random, other);
      const parts: StagePart[] = [];
      const staged = stageFile(list, { inputKeys: {}, outputKeys: {} }, (part) => {
        parts.push(part);
        return {} as WireModel;
      });
      if ("reason" in staged) return;
      const constants = new Map([...list.constants.keys()].map((key): [string, string] => [key, key]));
      const inputs = new Map(list.inputs.map((key): [string, string] => [key, key]));
      const whole = compute(list.nodes, new Map([...inputs, ...constants]));
      const cuts = staged.layers.map((_, layer) => layer).filter((layer) => layer > 0 && coins.next().value);
      cutCount += cuts.length;
      const stages = staged.stages(cuts);
      const passed = new Map(inputs);
      const seen: FileNode[] = [];
      for (const [index, part] of parts.entries()) {
        expect(stages[index]).toMatchObject({ inputs: part.entering, outputs: part.leaving });
        expect(part.entering.length).toBeGreaterThan(0);
        expect(part.leaving.length).toBeGreaterThan(0);
        const own = new Map([...part.constants].map((key): [string, string] => [key, constants.get(key)!]));
        for (const key of part.entering) {
          if (index > 0 && !inputs.has(key)) expect(held.has(key)).toBe(false);
          own.set(key, passed.get(key)!);
        }
        const values = compute(part.nodes, own);
        for (const key of part.leaving) passed.set(key, values.get(key)!);
        seen.push(...part.nodes.filter(({ copied }) => copied === "never"));
      }
      for (const key of list.outputs) expect(passed.get(key)).toBe(whole.get(key));
      expect(new Set(seen).size).toBe(seen.length);
    });
    fc.assert(property, { numRuns: 500, seed: 12 });
    expect(cutCount).toBeGreaterThan(200);
  });
});
