import { expect, it } from "vitest";
import { isSoftwareAdapter, isSoftwareRenderer } from "../../../src/protocol/software-device.js";

it.each([
  ["ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)", true],
  ["Mesa/X.org, llvmpipe (LLVM 15.0.7, 256 bits)", true],
  ["ANGLE (Microsoft, Microsoft Basic Render Driver Direct3D11 vs_5_0 ps_5_0, D3D11)", true],
  ["Apple Software Renderer", true],
  ["ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Direct3D11 vs_5_0 ps_5_0, D3D11)", false],
  ["Apple M2", false],
  ["Mali-G78", false],
  ["JavaScript", false],
  ["WASM SIMD", false],
])("%s: %s", (name, isSoftware) => {
  expect(isSoftwareRenderer(name)).toBe(isSoftware);
});

it.each([
  [{ isFallbackAdapter: true, architecture: "" }, true],
  [{ isFallbackAdapter: false, architecture: "swiftshader" }, true],
  [{ architecture: "ampere" }, false],
  [{}, false],
])("an adapter %j: %s", (info, isSoftware) => {
  expect(isSoftwareAdapter(info)).toBe(isSoftware);
});
