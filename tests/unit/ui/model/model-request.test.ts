import { expect, it } from "vitest";
import type { TensorSpec } from "../../../../src/index.js";
import { itemShapeOf, sizeKey } from "../../../../src/ui/model/model-request.js";

const spec = (name: string, shape: number[] | undefined): TensorSpec => ({ name, dtype: "float32", shape });

it("says what an item is like, with the sizes that were chosen for what the model leaves free", () => {
  const image = spec("image", [-1, -1, 32, 3]);
  expect(itemShapeOf({ inputs: [image] }, { [sizeKey({ input: "image", axis: 1 })]: 48 })).toBe("48 × 32 × 3");
  expect(itemShapeOf({ inputs: [image] }, {})).toBe("64 × 32 × 3");
  expect(itemShapeOf({ inputs: [spec("a", [-1, 5]), spec("b", [-1])] }, {})).toBe("a 5, b 1");
});
