// ONNX files have no magic number, and what is beside them begins with any bytes.
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import { isOnnx } from "../../../../src/model/load/is-onnx.js";

const folder = "tests/fixtures/onnx";
const files = readdirSync(folder).filter((name) => name.endsWith(".onnx"));
const head = (name: string): number[] => [...readFileSync(`${folder}/${name}`).subarray(0, 64)];

it.each(files)("recognises %s, with other versions and fields before its graph", (name) => {
  const bytes = head(name);
  expect(isOnnx(Uint8Array.from(bytes))).toBe(true);
  const [key, , ...rest] = bytes;
  for (const version of [2, 7, 127]) expect(isOnnx(Uint8Array.from([key!, version, ...rest]))).toBe(true);
  // The author's version of the model, 5 and 300.
  for (const number of [[5], [0xac, 0x02]])
    expect(isOnnx(Uint8Array.from([8, 9, 0x28, ...number, ...rest]))).toBe(true);
});

it("does not take other bytes for one, even if they begin alike", () => {
  const random = seededRandom(1);
  let taken = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: 64 }, (_, index) => (index === 0 ? 8 : 256 * random()));
    bytes[1]! &= 0x7f;
    bytes[2] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42][round % 7]!;
    if (isOnnx(bytes)) taken++;
  }
  // One in some hundred of those that have the first three bytes, which one file in a hundred thousand has by chance.
  expect(taken).toBeLessThan(600);
  for (const bytes of [[], [8], [8, 10], [8, 10, 0x12], [8, 1, 0x12, 4], [8, 10, 0x3a, 0x80], [8, 10, 0x28, 0x80]]) {
    expect(isOnnx(Uint8Array.from(bytes)), bytes.join()).toBe(false);
  }
});
