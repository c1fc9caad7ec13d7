// What runs for a Keras model: a graph, TF.js's layers, or nothing.
import { describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";

interface Layer {
  readonly class_name: string;
  readonly config: object;
}

/** A Sequential model of Keras 2 without weights. */
function sequential(shape: readonly (number | null)[], ...layers: readonly Layer[]): ModelArtifacts {
  const input = { class_name: "InputLayer", config: { batch_input_shape: [null, ...shape], name: "x" } };
  const config = { name: "net", layers: [input, ...layers] };
  const modelTopology = { keras_version: "2.15.0", model_config: { class_name: "Sequential", config } };
  return { format: "layers-model", modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) };
}

const layer = (className: string, config: object = {}): Layer => ({
  class_name: className,
  config: { name: "layer", trainable: true, dtype: "float32", ...config },
});

describe("a Keras model that should run as it came", () => {
  it.each([
    ["flattened", [4, 3], layer("Flatten")],
    ["scaled up to the nearest", [4, 4, 2], layer("UpSampling2D", { size: [2, 2], interpolation: "nearest" })],
  ])("runs as TF.js layers where they are right: %s", (_, shape, each) => {
    const { wire, info } = inspectModel(sequential(shape, each), false, false);
    expect(wire.format).toBe("layers-model");
    expect(info.optimization.corrections).toEqual([]);
  });

  it.each([
    ["a slope", [4], layer("ReLU", { negative_slope: 0.5 }), "negative_slope"],
    ["a threshold", [4], layer("ReLU", { threshold: 1 }), "threshold"],
    ["sides that are kept", [4, 4, 2], layer("GlobalAveragePooling2D", { keepdims: true }), "keepdims"],
    ["smooth scaling", [4, 4, 2], layer("UpSampling2D", { size: [2, 2], interpolation: "bilinear" }), "interpolation"],
    ["an inner axis", [4, 3], layer("Softmax", { axis: 1 }), "the last"],
    ["an activation that TF.js lacks", [4], layer("Activation", { activation: "exponential" }), "exponential"],
    ["a class that TF.js lacks", [4, 3], layer("ZeroPadding1D", { padding: 1 }), "no layer of this class"],
  ])("runs as a graph where they are wrong, and says why: %s", (_, shape, each, reason) => {
    const { wire, info } = inspectModel(sequential(shape, each), false, false);
    expect(wire.format).toBe("graph-model");
    expect(info.optimization.isOptimized).toBe(false);
    expect(info.optimization.corrections[0]!.what).toContain('layer "layer"');
    expect(info.optimization.corrections[0]!.reason).toContain(reason);
  });
});

describe("a Keras model that can't run rightly is refused", () => {
  it.each([true, false])("for Python code, with what to do (optimised: %s)", (optimize) => {
    const artifacts = sequential([4], layer("Lambda", { function: ["4wEA", null, null] }));
    const inspect = (): unknown => inspectModel(artifacts, false, optimize);
    expect(inspect).toThrow(expect.objectContaining({ code: "model-unsupported" }));
    expect(inspect).toThrow(/layer "layer" of class Lambda.*Python code.*keras\.ops.*tensorflowjs_converter/);
  });

  it("for a custom layer, by name", () => {
    const inspect = (): unknown => inspectModel(sequential([4], layer("Custom>Recall")), false, true);
    expect(inspect).toThrow('layer "layer" of class Custom>Recall');
  });

  it("for an option that is not translated, by layer, class and option", () => {
    const each = layer("UpSampling2D", { size: [2, 2], interpolation: "wavelet" });
    expect(() => inspectModel(sequential([4, 4, 2], each), false, false)).toThrow(
      /layer "layer" \(UpSampling2D\).*interpolation/,
    );
  });

  it("for a model written as a class", () => {
    const topology = { keras_version: "3.0.0", model_config: { class_name: "MyNet", config: { name: "net" } } };
    const inspect = (): unknown => inspectModel({ ...sequential([4]), modelTopology: topology }, false, true);
    expect(inspect).toThrow(/class "MyNet", whose Python code is not in the file/);
  });
});
