import { expect, it } from "vitest";
import { parseLabels } from "../../../../src/jobs/labels.js";
import { planPictures } from "../../../../src/jobs/picture-tensors.js";
import { pictureOptionsFor } from "../../../../src/ui/model/picture-choice.js";

const fixed = { name: "image", shape: [-1, 8, 8, 3], dtype: "float32" } as const;
const free = { name: "image", shape: [-1, -1, -1, 3], dtype: "float32" } as const;
const request = {
  kind: "pictures",
  pictures: [],
  values: "unit",
  fit: "stretch",
  sizes: { "1 image": 20, "2 image": 30 },
} as const;
const teachable = parseLabels(
  JSON.stringify({ packageName: "@teachablemachine/image", labels: ["a", "b"], imageSize: 8 }),
  "metadata.json",
);

it("the options are valid for the library and follow the choice", () => {
  const model = { inputs: [fixed] } as const;
  const options = pictureOptionsFor(model, { ...request, values: "signed", fit: "contain" }, undefined);
  expect(planPictures(model, options).plan).toMatchObject({ width: 8, height: 8, fit: "contain" });
  expect(options).toMatchObject({ scale: 1 / 127.5, offset: -1 });
});

it("fills in the size if the model accepts any", () => {
  const model = { inputs: [free] } as const;
  expect(pictureOptionsFor(model, request, undefined)).toMatchObject({ width: 30, height: 20, scale: 1 / 255 });
  const known = pictureOptionsFor(model, { ...request, values: "metadata" }, teachable);
  expect(known).toMatchObject({ width: 8, height: 8 });
});

it("finds the sides of pictures whose channels come first", () => {
  const model = { inputs: [{ ...free, shape: [-1, 3, -1, -1] }] } as const;
  const sizes = { "2 image": 20, "3 image": 30 };
  expect(pictureOptionsFor(model, { ...request, sizes }, undefined)).toMatchObject({ width: 30, height: 20 });
});

it("follows metadata.json for pixel values, and the user's choice for the fit", () => {
  const model = { inputs: [fixed] } as const;
  const options = pictureOptionsFor(model, { ...request, values: "metadata", fit: "contain" }, teachable);
  expect(options).toMatchObject({ scale: 1 / 127, offset: -1, smoothing: "low", fit: "contain" });
});

it("passes bytes to an int32 input, and random values of the right shape to other inputs", () => {
  const inputs = [
    { ...fixed, dtype: "int32" },
    { name: "rate", shape: [-1, 2], dtype: "float32" },
  ] as const;
  const model = { inputs } as const;
  const options = pictureOptionsFor(model, { ...request, values: "bytes" }, undefined);
  expect(options.scale).toBeUndefined();
  expect(options.otherInputs).toMatchObject({ rate: { dtype: "float32", shape: [1, 2] } });
  expect(planPictures(model, options).plan.standardise).toBeUndefined();
});
