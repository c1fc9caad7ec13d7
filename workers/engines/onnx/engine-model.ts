import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-web/wasm";
import { ShardError } from "../../../src/core/errors.js";
import type { OnnxBinding, OnnxElement, OnnxWire } from "../../../src/protocol/model-on-wire.js";
import type { InputTensor } from "../../../src/protocol/tensors.js";
import type { EngineModel, NamedInputs, NamedOutputs } from "../../runtime/engine.js";
import type { StartedOrt } from "./driver.js";
import { fromElements, toElements, type Elements } from "../shared/elements.js";
import { loadFailure, runFailure } from "./failures.js";
import type { OrtModule } from "./runtime.js";

/**
 * Make a session of an `.onnx` file. Its memory is the runtime's, so `dispose` releases it.
 * @throws ShardError "model-malformed" or "model-unsupported" if the runtime can't take it, "out-of-memory"; EngineBroken
 */
export async function loadOnnx(
  wire: OnnxWire,
  { ort, provider, backend, hasFloat16 }: StartedOrt,
): Promise<EngineModel> {
  const { module } = ort;
  const { weightData, modelBytes, dataFiles, inputs, outputs } = wire;
  if (wire.usesFloat16 && !hasFloat16) {
    throw new ShardError(
      "model-unsupported",
      `Expected a GPU that computes with floats of 16 bits, as the model does, received one without (shader-f16): use { engine: "onnx", backend: "wasm" } for it.`,
    );
  }
  let session: InferenceSession;
  try {
    session = await module.InferenceSession.create(wire.model ?? new Uint8Array(weightData, 0, modelBytes), {
      executionProviders: [provider],
      externalData: dataFiles.map(({ path, byteOffset, byteLength }) => ({
        path,
        data: new Uint8Array(weightData, byteOffset, byteLength),
      })),
      // What is worth knowing is thrown.
      logSeverityLevel: 4,
    });
  } catch (thrown) {
    throw loadFailure(thrown, backend);
  }
  const outputNames = outputs.map(({ tensorName }) => tensorName);
  return {
    onlyReadsInputs: true,
    async run(given) {
      const feeds = feedsOf(module, inputs, given);
      let results: InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(feeds, outputNames);
      } catch (thrown) {
        throw runFailure(thrown);
      }
      return tensorsOf(outputs, results);
    },
    dispose() {
      void session.release();
    },
  };
}

function feedsOf(
  { Tensor }: OrtModule,
  bindings: readonly OnnxBinding[],
  given: NamedInputs,
): Record<string, OrtTensor> {
  return Object.fromEntries(
    bindings.map((binding) => {
      const input: InputTensor | undefined = given[binding.name];
      if (input === undefined) {
        const received = Object.keys(given).join(", ") || "none";
        throw new ShardError("internal", `Expected the model's input "${binding.name}", received ${received}.`);
      }
      return [binding.tensorName, tensorOf(Tensor, binding.element, toElements(input, binding), input.shape)];
    }),
  );
}

function tensorOf(
  Tensor: OrtModule["Tensor"],
  element: OnnxElement,
  elements: Elements,
  shape: readonly number[],
): OrtTensor {
  // The constructor checks that the array is the one for the type.
  return new Tensor(element, elements as never, shape);
}

function tensorsOf(bindings: readonly OnnxBinding[], results: InferenceSession.OnnxValueMapType): NamedOutputs {
  return Object.fromEntries(
    bindings.map((binding) => {
      const result = results[binding.tensorName];
      if (result === undefined) {
        throw new ShardError("internal", `Expected the model's output "${binding.name}", received none.`);
      }
      const { data, dims } = result;
      const tensor = fromElements(elementsOf(data), [...dims], binding);
      result.dispose();
      return [binding.name, tensor];
    }),
  );
}

/** Browsers with Float16Array get one for float16. */
function elementsOf(data: OrtTensor["data"]): Elements {
  if (Array.isArray(data)) return data;
  const isHalf = data.constructor.name === "Float16Array";
  return isHalf ? new Uint16Array(data.buffer, data.byteOffset, data.length) : (data as Elements);
}
