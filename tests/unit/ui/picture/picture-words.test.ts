import { expect, it } from "vitest";
import { PITCH } from "../../../../src/ui/picture/picture-words.js";

it("promises no GPU to those who have none", () => {
  expect(PITCH).toContain("any GPU");
});
