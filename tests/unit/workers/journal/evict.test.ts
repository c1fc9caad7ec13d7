import { expect, it } from "vitest";
import { limitBytes, orderEvictions } from "../../../../workers/journal/evict.js";

it("removes finished journals first, and then those that were not written to for longest", () => {
  const file = (name: string, isFinished: boolean, changedAtMs: number) => ({
    name,
    byteLength: 1,
    isFinished,
    changedAtMs,
  });
  const files = [file("d", false, 1), file("b", true, 5), file("e", false, 9), file("a", true, 2), file("c", true, 5)];
  expect(orderEvictions(files).map(({ name }) => name)).toEqual(["a", "b", "c", "d", "e"]);
});

it("takes 2 GiB at most, or half of the quota, or what it is told", () => {
  expect(limitBytes(undefined, 1e12)).toBe(2 ** 31);
  expect(limitBytes(undefined, undefined)).toBe(2 ** 31);
  expect(limitBytes(undefined, 1000)).toBe(500);
  expect(limitBytes(7, 1000)).toBe(7);
});
