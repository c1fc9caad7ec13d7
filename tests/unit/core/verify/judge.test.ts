import { describe, expect, it } from "vitest";
import { judgeThree, judgeTwo, type Distance } from "../../../../src/core/verify/judge.js";

const close: Distance = { agrees: true, relative: 1e-6 };
const apart = (relative: number): Distance => ({ agrees: false, relative });

describe("of three results", () => {
  it.each([
    ["the result, if the other two agree", apart(0.01), apart(0.01), close, "result"],
    ["the check, if the other two agree", apart(0.01), close, apart(0.01), "check"],
    ["none, if the third agrees with both", apart(2e-4), close, close, "neither"],
    ["the outlier, if two are much closer to each other", apart(0.5), apart(0.5), apart(2e-4), "result"],
    ["the outlier, if it is the check", apart(0.5), apart(2e-4), apart(0.5), "check"],
    ["none, if rounding could explain it", apart(3e-4), apart(4e-4), apart(2e-4), "neither"],
    ["both, if all differ by far", apart(0.02), apart(0.01), apart(0.01), "both"],
    ["the one that rounding can't explain", apart(2e-3), apart(2e-3), apart(4e-4), "result"],
    ["the check that gave nothing comparable", apart(Infinity), close, apart(Infinity), "check"],
  ] as const)("wrong is %s", (_, resultToCheck, resultToThird, checkToThird, verdict) => {
    expect(judgeThree({ resultToCheck, resultToThird, checkToThird })).toBe(verdict);
  });
});

it("of two results, the less trusted is wrong, unless rounding could explain it", () => {
  expect(judgeTwo(apart(0.01), { result: 0, check: 1 })).toBe("result");
  expect(judgeTwo(apart(0.01), { result: 2, check: 1 })).toBe("check");
  expect(judgeTwo(apart(0.01), { result: 1, check: 1 })).toBe(undefined);
  expect(judgeTwo(apart(5e-4), { result: 0, check: 1 })).toBe("neither");
});
