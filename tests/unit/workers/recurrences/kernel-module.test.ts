import { describe, expect, it, vi } from "vitest";
import { KERNEL_ACTIVATIONS } from "../../../../workers/engines/tfjs/recurrences/kernel-activations.js";
import { KERNEL_SOURCES } from "../../../../workers/engines/tfjs/recurrences/kernel-binary.js";
import { KernelModule } from "../../../../workers/engines/tfjs/recurrences/kernel-module.js";
import { digestOfSources } from "../../../../scripts/build-kernels.mjs";
import { TWIN_ACTIVATIONS, type TwinActivation } from "../../../fixtures/recurrent-twin.js";

const kernels = KernelModule.create()!;
kernels.memory.grow(1);

/** @returns the activation of each number. */
function activated(name: TwinActivation, values: readonly number[]): number[] {
  const results: number[] = [];
  kernels.set({ activation: KERNEL_ACTIVATIONS.indexOf(name), x: 64, out: 128 });
  const floats = new Float32Array(kernels.memory.buffer);
  for (let at = 0; at < values.length; at += 4) {
    floats.set(values.slice(at, at + 4), 16);
    kernels.run("activateFour");
    results.push(...floats.subarray(32, 32 + Math.min(4, values.length - at)));
  }
  return results;
}

/** Float32 numbers of every size and both signs, densely where activations bend, and what is no number. */
const numbers = [
  ...Array.from({ length: 4001 }, (_, index) => (index - 2000) / 80),
  ...Array.from({ length: 250 }, (_, exponent) =>
    [1, -1, 1.37, -1.37].map((factor) => factor * 2 ** (exponent - 125)),
  ).flat(),
  ...[0.625, -0.625, 0.6249999, 87, 88, -87, -88, 1e30, -1e30, 3.4e38, 0, -0, 1e-45, Infinity, -Infinity, NaN],
].map(Math.fround);

const TRUE_VALUES: Readonly<Record<TwinActivation, (x: number) => number>> = {
  linear: (x) => x,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  hard_sigmoid: (x) => Math.min(1, Math.max(0, x / 6 + 0.5)),
  hard_sigmoid_2: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
  relu: (x) => Math.max(0, x),
  // NaN for infinities, as in TensorFlow.
  softsign: (x) => x / (1 + Math.abs(x)),
};

describe("the compiled activations", () => {
  it.each(KERNEL_ACTIVATIONS as readonly TwinActivation[])(
    "%s is true to 2.5e-7 everywhere, and equal to its twin",
    (name) => {
      const received = activated(name, numbers);
      expect(received.length).toBe(numbers.length);
      const differing = numbers.filter(
        (x, index) => !Object.is(received[index], Math.fround(TWIN_ACTIVATIONS[name](x))),
      );
      expect(differing, "differ from the twin").toEqual([]);
      const wrong = numbers.filter((x, index) => {
        const expected = TRUE_VALUES[name](x);
        if (!Number.isFinite(expected)) return !Object.is(received[index], expected);
        return !(Math.abs(received[index]! - expected) <= 2.5e-7 * Math.max(1, Math.abs(expected)));
      });
      expect(wrong, "are wrong").toEqual([]);
    },
  );

  it.each(["tanh", "sigmoid"] as const)("%s is true to a few units in the last place", (name) => {
    const received = activated(name, numbers);
    const worst = Math.max(
      ...numbers.map((x, index) => {
        const expected = TRUE_VALUES[name](x);
        // What a float32 can't hold as a normal number, or not at all.
        return !(Math.abs(expected) > 2 ** -126) ? 0 : Math.abs(received[index]! / expected - 1) * 2 ** 24;
      }),
    );
    expect(worst).toBeLessThan(6);
  });
});

it("are left out where WASM has no SIMD", () => {
  const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  expect(KernelModule.create()).toBeUndefined();
  validate.mockRestore();
});

it("were compiled from the sources that are here: else run npm run build:kernels", () => {
  expect(KERNEL_SOURCES).toBe(digestOfSources());
});
