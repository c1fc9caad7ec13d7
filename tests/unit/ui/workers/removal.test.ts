import { expect, it } from "vitest";
import { removalWords } from "../../../../src/ui/workers/removal.js";

it.each([
  [false, false, "Remove", "Remove wasm-1"],
  [true, false, "Dismiss", "Dismiss wasm-1"],
  [false, true, "Remove anyway", "Remove anyway: wasm-1"],
])("has a name that begins with what is shown (dead: %s, warned: %s)", (isDead, isWarned, text, name) => {
  expect(removalWords("wasm-1", isDead, isWarned)).toEqual({ text, name });
  expect(name.startsWith(text)).toBe(true);
});
