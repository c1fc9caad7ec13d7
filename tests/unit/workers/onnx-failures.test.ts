import { expect, it } from "vitest";
import { loadFailure, runFailure } from "../../../workers/engines/onnx/failures.js";
import { EngineBroken } from "../../../workers/runtime/engine.js";

/** As the package puts what the runtime says. */
const said = (message: string, code = 1): Error =>
  new Error(`Can't create a session. ERROR_CODE: ${code}, ERROR_MESSAGE: ${message}`);

// What ONNX Runtime 1.30 says in the browser.
it.each([
  [said("std::bad_alloc", 6), "out-of-memory", "out-of-memory"],
  [
    new Error("Can't create a session. failed to allocate a buffer of size 4000000000."),
    "out-of-memory",
    "out-of-memory",
  ],
  [said("safeint.h:17 SafeIntOnOverflow() Integer overflow", 6), "out-of-memory", "out-of-memory"],
  [new RangeError("Array buffer allocation failed"), "out-of-memory", "out-of-memory"],
  [said("No Op registered for LabelEncoder with domain_version of 3"), "model-unsupported", "model-failed"],
  [said("Failed to load model because protobuf parsing failed.", 7), "model-malformed", "model-failed"],
])("%s", (thrown, onLoad, onRun) => {
  for (const [failure, code] of [
    [loadFailure(thrown, "wasm"), onLoad],
    [runFailure(thrown), onRun],
  ] as const) {
    expect(failure).toMatchObject({ code, cause: thrown, message: expect.stringMatching(/^Expected .*: .*\.$/s) });
    expect(failure).not.toBeInstanceOf(EngineBroken);
  }
});

it.each([new WebAssembly.RuntimeError("Aborted(OOM)"), new WebAssembly.RuntimeError("unreachable"), 7_340_032])(
  "nothing runs any more in a worker after %s",
  (thrown) => {
    expect(loadFailure(thrown, "wasm")).toBeInstanceOf(EngineBroken);
    expect(loadFailure(thrown, "wasm")).toMatchObject({ code: "model-malformed", notice: "trapped" });
    const failure = runFailure(thrown);
    // Of a trap, the runtime of workers makes the same.
    if (typeof thrown === "number") expect(failure).toMatchObject({ code: "model-failed", notice: "trapped" });
    else expect(failure).toBe(thrown);
  },
);

it("on the GPU, the advice is the CPU", () => {
  const thrown = said("No Op registered for LabelEncoder with domain_version of 3");
  expect(loadFailure(thrown, "webgpu")).toMatchObject({ message: expect.stringContaining('backend: "wasm"') });
});

it("leaves out where in the runtime's own source something was said", () => {
  const place =
    "/build/graph/model_load_utils.h:56 void onnxruntime::Validate(const std::map<std::string, int> &, bool, int) ";
  const failure = loadFailure(said(`${place}Opset 99 is under development and support for this is limited.`), "wasm");
  expect(failure).toMatchObject({ code: "model-unsupported" });
  expect(String(failure)).toContain("refused: Opset 99 is under development");
});
