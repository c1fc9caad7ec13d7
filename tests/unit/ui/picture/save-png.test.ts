import { expect, it } from "vitest";
import { savedName } from "../../../../src/ui/picture/save-png.js";

it("a picture is saved under its own name", () => {
  expect(savedName("cat.jpg", 2)).toBe("cat-x2.png");
  expect(savedName("my.cat.jpeg", 4)).toBe("my.cat-x4.png");
  expect(savedName(".png", 2)).toBe("picture-x2.png");
});
