import { expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { digestOf, fromHex, journalFileName } from "../../../../src/sharder/journal/digest.js";
import { digestModel } from "../../../../src/sharder/journal/fingerprint.js";
import { kerasNet } from "../../../fixtures/keras-net.js";
import { randomNet } from "../../../fixtures/random-net.js";

it("hashes the same bytes the same, wherever they lie, and others otherwise", async () => {
  // More than two slices.
  const bytes = new Uint8Array(8_500_001);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.imul(i, 2_654_435_761) >>> 24;
  const digest = await digestOf(["a", bytes]);
  expect(fromHex(digest)).toHaveLength(32);
  const shared = new SharedArrayBuffer(bytes.length + 8);
  new Uint8Array(shared).set(bytes, 8);
  expect(await digestOf(["a", new Uint8Array(shared, 8)])).toBe(digest);
  const others = [0, 4_194_303, 4_194_304, 8_500_000].map((at) => {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    return digestOf(["a", changed]);
  });
  const split = digestOf(["a", bytes.subarray(0, 4_000_000), bytes.subarray(4_000_000)]);
  const all = [digest, ...(await Promise.all([...others, split, digestOf(["b", bytes]), digestOf([bytes, "a"])]))];
  expect(new Set(all).size).toBe(all.length);
});

it("hashes a model that was read twice the same, and one of other weights or options otherwise", async () => {
  for (const make of [(seed: number) => randomNet({ seed }), kerasNet]) {
    const digest = (seed: number, optimize: boolean): Promise<string> =>
      digestModel(inspectModel(make(seed), false, optimize).wire, { optimize });
    const all = await Promise.all([digest(1, true), digest(2, true), digest(1, false)]);
    expect(new Set(all).size).toBe(3);
    expect(await digest(1, true)).toBe(all[0]);
  }
});

it("makes legal names of files from any names", async () => {
  const names = await Promise.all(["a", "A", "../x", "\ud800", "\udfff", "é".repeat(200)].map(journalFileName));
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}\.journal$/);
});
