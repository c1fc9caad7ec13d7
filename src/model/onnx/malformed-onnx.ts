import { ShardError } from "../../core/errors.js";

/** The error for an `.onnx` file that is damaged. @param received what it holds; of what the file says, a part only. */
export function malformedOnnx(received: string, expected = "a complete .onnx file"): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected ${expected}, received ${received}: the file is damaged; download or export it again.`,
  );
}
