import { ShardError } from "../../../src/core/errors.js";
import { datatypeOf } from "../../../src/model/remote/datatypes.js";
import type { RemoteInterface } from "../../../src/model/remote/match-interface.js";
import type { NamedInputs } from "../../runtime/engine.js";
import { toElements } from "../shared/elements.js";
import { toBytes, toJson } from "./element-bytes.js";

export interface EncodedRequest {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * An inference request, with its tensors behind the JSON (binary tensor data extension) or in it.
 * @throws ShardError "model-failed" for numbers that the server's types, or JSON, can't hold.
 */
export function encodeRequest(
  { inputs, outputs }: RemoteInterface,
  given: NamedInputs,
  isBinary: boolean,
): EncodedRequest {
  const tensors: Uint8Array[] = [];
  const described = inputs.map(({ name, serverName, element }) => {
    const input = given[name];
    if (input === undefined) {
      const received = Object.keys(given).join(", ") || "none";
      throw new ShardError("internal", `Expected the model's input "${name}", received ${received}.`);
    }
    // JSON has the numbers themselves, so that halves need no rounding.
    const sent = element === "float16" && !isBinary ? "float32" : element;
    const elements = toElements(input, { name, element: sent });
    const head = { name: serverName, shape: input.shape, datatype: datatypeOf(element) };
    if (isBinary) {
      const bytes = toBytes(elements);
      tensors.push(bytes);
      return { ...head, parameters: { binary_data_size: bytes.length } };
    }
    const data = toJson(elements, element);
    if (data !== undefined) return { ...head, data };
    throw new ShardError(
      "model-failed",
      `Expected finite numbers for the input "${name}", since its server takes JSON only, received others: change the input, or use a server with the binary tensor data extension.`,
    );
  });
  const wanted = outputs.map(({ serverName }) =>
    isBinary ? { name: serverName, parameters: { binary_data: true } } : { name: serverName },
  );
  const json = new TextEncoder().encode(
    JSON.stringify({
      inputs: described,
      outputs: wanted,
      ...(isBinary ? { parameters: { binary_data_output: true } } : {}),
    }),
  );
  if (!isBinary) return { body: json, headers: { "Content-Type": "application/json" } };
  return {
    body: joined([json, ...tensors]),
    headers: {
      "Content-Type": "application/octet-stream",
      "Inference-Header-Content-Length": String(json.length),
    },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
