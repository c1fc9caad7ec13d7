// Outputs can be used without a cast: as most users' compilers see them, and as the strictest.
import { expect, it } from "vitest";
import { compile } from "./compile.js";

const use = (access: string): string => `
import type { Outputs, Sharder, Tensor } from "inference-sharder";
declare const sharder: Sharder;
declare const image: { dtype: "float32"; shape: number[]; data: Float32Array };
const outputs: Outputs = await sharder.predict(image);
${access}
`;

const LOOSE = { noUncheckedIndexedAccess: false };

it("the shape of an output can be read, and its dtype tells what its data are", async () => {
  const access = `
const shape: readonly number[] = outputs.upscaled.shape;
const { upscaled } = await sharder.predict(image);
let sum = 0;
if (upscaled.dtype === "float32") for (const value of upscaled.data) sum += value;
if (upscaled.dtype === "ragged") {
  for (const item of upscaled.items) if (item.dtype === "int32") sum += item.data[0];
} else {
  const whole: Tensor = upscaled;
}`;
  expect(await compile("outputs", use(access), LOOSE)).toBe("");
  const checked = "const shape = outputs.upscaled?.shape; if (outputs.x?.dtype === 'bool') outputs.x.data.fill(1);";
  expect(await compile("outputs", use(checked))).toBe("");
}, 60_000);

it("data that may be one tensor per item can't be read by mistake", async () => {
  expect(await compile("outputs", use("outputs.upscaled.data"), LOOSE)).toMatch(/TS2339.*data/);
}, 60_000);
