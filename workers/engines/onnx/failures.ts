import { ShardError } from "../../../src/core/errors.js";
import { asOutOfMemory, saysAllocationFailed } from "../../../src/protocol/allocation-failure.js";
import { asSentence, messageOf } from "../../../src/protocol/error-record.js";
import { EngineBroken } from "../../runtime/engine.js";
import type { StartedOrt } from "./driver.js";

/** What the runtime says when its memory is full, or a size is beyond 32 bits. Its sessions still work then. */
const NO_ROOM = /bad_alloc|failed to allocate (a buffer|memory)|SafeIntOnOverflow/i;
/** What it says of models that are sound, but need more than this build of it has. */
const LACKS =
  /not a registered function|no op registered|could not find an implementation|not implemented|NOT_IMPLEMENTED|is under development|Unsupported model IR version|not supported/i;

/** The place in the runtime's own source, with the signature of a function, that some of its messages begin with. */
const SOURCE_PLACE = /^\S+\.(?:h|cc|cpp):\d+ .*?\) (?=[A-Z])/;

/** Why a session could not be made. The build for GPUs lacks the operations of scikit-learn (ai.onnx.ml). */
export function loadFailure(thrown: unknown, backend: StartedOrt["backend"]): unknown {
  if (thrown instanceof ShardError) return thrown;
  if (isNoRoom(thrown)) return asOutOfMemory(thrown);
  const reason = reasonOf(thrown);
  // Its memory may be in any state.
  if (isTrap(thrown)) {
    const message = `Expected an .onnx file that ONNX Runtime can load, but it failed: ${reason} Export the model again, or with another opset.`;
    return new EngineBroken("trapped", message, { cause: thrown, code: "model-malformed" });
  }
  if (LACKS.test(reason)) {
    return new ShardError(
      "model-unsupported",
      `Expected an .onnx file with operations that ONNX Runtime has in the browser, but it refused: ${reason} ${backend === "wasm" ? "Export the model with another opset, and without operations of other libraries" : 'Use { engine: "onnx", backend: "wasm" }, which has more of them'}.`,
      { cause: thrown },
    );
  }
  return new ShardError(
    "model-malformed",
    `Expected an .onnx file that ONNX Runtime can load, but it refused: ${reason} Export the model again.`,
    { cause: thrown },
  );
}

/** Why a call failed. */
export function runFailure(thrown: unknown): unknown {
  if (thrown instanceof ShardError || thrown instanceof WebAssembly.RuntimeError) return thrown;
  if (isNoRoom(thrown)) return asOutOfMemory(thrown);
  const message = `Expected ONNX Runtime to run the model, but it failed: ${reasonOf(thrown)}`;
  return isTrap(thrown)
    ? new EngineBroken("trapped", message, { cause: thrown })
    : new ShardError("model-failed", message, { cause: thrown });
}

function isNoRoom(thrown: unknown): boolean {
  return !isTrap(thrown) && (saysAllocationFailed(thrown) || NO_ROOM.test(messageOf(thrown)));
}

/** WASM code that could not go on: a trap, or an exception of C++ that nobody has caught, which is thrown as its address. */
function isTrap(thrown: unknown): boolean {
  return thrown instanceof WebAssembly.RuntimeError || typeof thrown === "number";
}

function reasonOf(thrown: unknown): string {
  const [, said] = /ERROR_MESSAGE: (.*)/s.exec(messageOf(thrown)) ?? [];
  const words = typeof thrown === "number" ? "an exception in its own code" : (said ?? messageOf(thrown));
  return asSentence(words.split("\n")[0]!.replace(SOURCE_PLACE, "").slice(0, 400));
}
