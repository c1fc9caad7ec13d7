import { expect, it } from "vitest";
import { compileKernels } from "../../scripts/build-kernels.mjs";
import { KERNEL_BASE64 } from "../../workers/engines/tfjs/recurrences/kernel-binary.js";

it("compiling the kernels again gives the bytes that are committed", { timeout: 120_000 }, () => {
  expect(compileKernels()).toBe(KERNEL_BASE64);
});
