import { ShardError } from "../../core/errors.js";

/** The error for a `.tflite` file that is damaged. @param received what it holds; of what the file says, a part only. */
export function malformedTflite(received: string, expected = "a complete .tflite file"): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected ${expected}, received ${received}: the file is damaged; download or convert it again.`,
  );
}
