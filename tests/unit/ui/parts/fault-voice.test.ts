import { expect, it } from "vitest";
import { spokenText } from "../../../../src/ui/parts/fault-voice.js";

it("reads out one or two reports, and of more only the latest", () => {
  expect(spokenText(["wasm-1 failed"])).toBe("wasm-1 failed.");
  expect(spokenText(["wasm-1 failed", "It is back."])).toBe("wasm-1 failed. It is back.");
  expect(spokenText(["a", "b", "wasm-1 is back"])).toBe("3 reports about faults. The latest: wasm-1 is back.");
});
