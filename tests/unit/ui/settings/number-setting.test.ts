import { expect, it } from "vitest";
import { readNumber } from "../../../../src/ui/settings/number-setting.js";

const tile = { min: 32, max: 1024, unit: "pixels", empty: "automatic" };

it.each([
  ["64", { value: 64 }],
  [" 1024 ", { value: 1024 }],
  ["", { value: undefined }],
])("reads %j", (text, read) => {
  expect(readNumber(text, tile)).toEqual(read);
});

it.each(["31", "1025", "64.5", "NaN", "1e9", "many", "-64"])("says what is wrong with %j", (text) => {
  const read = readNumber(text, tile);
  expect("problem" in read && read.problem).toContain(`from 32 to 1024 pixels, received “${text}”`);
});

it("says so where nothing is no value", () => {
  const read = readNumber(" ", { min: 1, max: 2, unit: "ms" });
  expect("problem" in read && read.problem).toBe(
    "Expected a whole number from 1 to 2 ms, received nothing: correct it.",
  );
});
