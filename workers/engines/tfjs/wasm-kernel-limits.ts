import {
  AvgPool,
  Conv2D,
  DepthwiseConv2dNative,
  FusedConv2D,
  FusedDepthwiseConv2D,
  getKernel,
  MaxPool,
  registerKernel,
  unregisterKernel,
  type KernelConfig,
} from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";

type KernelParams = Parameters<KernelConfig["kernelFunc"]>[0];

/** Bytes that 32-bit code can count. XNNPACK computes the size of its table of pixels without a check, so more wraps around. */
const MAX_BYTES = 2 ** 32 - 2 ** 20;
const POINTER_BYTES = 4;

/** Which kernels have such a table, and whether it has an entry for each pixel under the window, or only for each of its columns. */
const KERNELS: readonly (readonly [name: string, entries: "window" | "columns"])[] = [
  [Conv2D, "window"],
  [FusedConv2D, "window"],
  [DepthwiseConv2dNative, "columns"],
  [FusedDepthwiseConv2D, "columns"],
  [MaxPool, "columns"],
  [AvgPool, "columns"],
];

/** Have these WASM kernels refuse what would write past the end of their table. Called before the backend starts. */
export function limitKernels(): void {
  for (const [name, entries] of KERNELS) {
    const config = getKernel(name, "wasm");
    if (config === undefined) continue;
    unregisterKernel(name, "wasm");
    registerKernel({
      ...config,
      kernelFunc: (params) => {
        checkTable(name, entries, params);
        return config.kernelFunc(params);
      },
    });
  }
}

/** The output has at most one pixel per stride; padding beyond that is too little to matter. @throws ShardError "out-of-memory" */
function checkTable(name: string, entries: "window" | "columns", { inputs, attrs }: KernelParams): void {
  const [, height = 1, width = 1] = inputs["x"]?.shape ?? [];
  const [rows, columns] =
    inputs["filter"] === undefined ? sizesOf(attrs?.["filterSize"]) : sizesOf(inputs["filter"].shape);
  const [strideDown, strideAcross] = sizesOf(attrs?.["strides"]);
  const pixelCount = Math.ceil(height / strideDown) * Math.ceil(width / strideAcross);
  const perPixel = rows * (entries === "window" ? columns : Math.min(strideAcross, columns));
  const byteCount = pixelCount * perPixel * POINTER_BYTES;
  if (byteCount < MAX_BYTES) return;
  throw new ShardError(
    "out-of-memory",
    `Expected a ${name} whose table of pixels fits into WASM's 4 GB, but it was ${Math.ceil(byteCount / 2 ** 20)} MB: use smaller items, or split them into tiles.`,
  );
}

/** TF.js takes one number for both sizes. */
function sizesOf(value: unknown): readonly [number, number] {
  if (typeof value === "number") return [value, value];
  const [down, across]: unknown[] = Array.isArray(value) ? value : [];
  return [typeof down === "number" ? down : 1, typeof across === "number" ? across : 1];
}
