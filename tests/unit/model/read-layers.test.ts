import { describe, expect, it } from "vitest";
import { readLayers } from "../../../src/model/read-layers.js";
import { caught } from "../../fixtures/caught.js";

interface LayerJson {
  class_name: string;
  config: unknown;
  name?: string;
}

const layer = (class_name: string, name: string, config: object = {}): LayerJson => ({
  class_name,
  name,
  config: { name, ...config },
});
const input = (name: string, shape: unknown, config: object = {}): LayerJson =>
  layer("InputLayer", name, { batch_input_shape: shape, ...config });
const model = (class_name: string, name: string, layers: LayerJson[], more: object = {}): LayerJson =>
  layer(class_name, name, { layers, ...more });

function read(modelTopology: object) {
  return readLayers({ modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) });
}

const names = (topology: object) => {
  const { inputs, outputs } = read(topology);
  return [inputs.map(({ name }) => name), outputs.map(({ name }) => name)];
};

const dense = layer("Dense", "dense_1", { batch_input_shape: [null, 4], units: 2 });
const functional = model(
  "Functional",
  "net",
  [input("left", [null, 4]), input("right", [null, 3], { dtype: "int32" }), layer("Dense", "a"), layer("Lambda", "b")],
  {
    input_layers: [
      ["left", 0, 0],
      ["right", 0, 0],
    ],
    output_layers: [
      ["a", 0, 0],
      ["b", 0, 0],
      ["b", 0, 1],
      ["a", 1, 0],
    ],
  },
);

describe("a Sequential model", () => {
  it("with an InputLayer has its name", () => {
    const topology = model("Sequential", "s", [
      input("pixels", [null, 8, 8, 3], { dtype: "bool" }),
      layer("Dense", "last"),
    ]);
    const { inputs, outputs, layerCount, needsAsync } = read(topology);
    expect(inputs).toEqual([{ name: "pixels", tensorName: "0", shape: [-1, 8, 8, 3], dtype: "bool" }]);
    expect(outputs).toEqual([{ name: "last", tensorName: "0", shape: undefined, dtype: "float32" }]);
    expect([layerCount, needsAsync]).toEqual([1, false]);
  });

  it("without one is named after its first layer, as Keras does", () => {
    const { inputs } = read(model("Sequential", "s", [dense, layer("Dense", "dense_2")]));
    expect(inputs).toEqual([{ name: "dense_1_input", tensorName: "0", shape: [-1, 4], dtype: "float32" }]);
  });

  it("as Keras 1 wrote it, its config a bare list", () => {
    const topology = { class_name: "Sequential", config: [dense, layer("Dense", "out")], keras_version: "1.2" };
    expect(names(topology)).toEqual([["dense_1_input"], ["out"]]);
    expect(read(topology).layerCount).toBe(2);
  });

  it("that starts with a model, as Teachable Machine makes them, has that model's input", () => {
    const trunk = model("Model", "mobilenet", [input("image", [null, 224, 224, 3]), layer("Conv2D", "conv")], {
      input_layers: [["image", 0, 0]],
      output_layers: [["conv", 0, 0]],
    });
    const outer = model("Sequential", "outer", [
      model("Sequential", "features", [trunk, layer("GlobalAveragePooling2D", "pool")]),
      model("Sequential", "head", [dense]),
    ]);
    expect(names(outer)).toEqual([["image"], ["head"]]);
    expect(read(outer).inputs[0]!.shape).toEqual([-1, 224, 224, 3]);
    expect(read(outer).layerCount).toBe(3);
  });

  it("reads batch_shape as Keras 3 writes it, and sizes that are free", () => {
    const first = layer("InputLayer", "in", { batch_shape: [1, null, null, 3] });
    expect(read(model("Sequential", "s", [first, dense])).inputs[0]!.shape).toEqual([1, -1, -1, 3]);
    expect(read(model("Sequential", "s", [layer("Dense", "d")])).inputs[0]!.shape).toBeUndefined();
  });
});

describe("a functional model", () => {
  it("has its input layers and output tensors; further ones of a layer are numbered", () => {
    expect(names(functional)).toEqual([
      ["left", "right"],
      ["a", "b", "b:1", "a:1"],
    ]);
    const { inputs, outputs, layerCount } = read(functional);
    expect(inputs.map(({ tensorName, shape, dtype }) => [tensorName, shape, dtype])).toEqual([
      ["0", [-1, 4], "float32"],
      ["1", [-1, 3], "int32"],
    ]);
    expect(outputs.map(({ tensorName }) => tensorName)).toEqual(["0", "1", "2", "3"]);
    expect(layerCount).toBe(2);
  });

  it("of a single tensor may leave the outer list out", () => {
    const flat = model("Model", "m", [input("in", [null, 4]), layer("Dense", "out")], {
      input_layers: ["in", 0, 0],
      output_layers: ["out", 0, 0],
    });
    expect(names(flat)).toEqual([["in"], ["out"]]);
  });

  it("never gives one name to two outputs", () => {
    const outputs = [
      ["a", 0, 0],
      ["a", 0, 1],
      ["a", 1, 0],
      ["a", 1, 1],
    ];
    const twins = model("Model", "m", [input("in", [1, 4]), layer("Dense", "a")], {
      input_layers: [["in", 0, 0]],
      output_layers: outputs,
    });
    expect(names(twins)[1]).toHaveLength(4);
    expect(new Set(names(twins)[1]).size).toBe(4);
  });
});

describe("where the config is", () => {
  it("is under model_config, as an object or as text, or the topology itself", () => {
    const wrapped = { model_config: functional, keras_version: "2.3", backend: "tensorflow" };
    expect(names(wrapped)).toEqual(names(functional));
    expect(names({ model_config: JSON.stringify(functional) })).toEqual(names(functional));
  });
});

describe("a malformed model is refused with a ShardError", () => {
  const inner = { input_layers: [["in", 0, 0]], output_layers: [["out", 0, 0]] };
  const layers = [input("in", [null, 4]), layer("Dense", "out")];
  it.each<[string, object, string]>([
    ["text that is not JSON", { model_config: "{oops" }, "{oops"],
    ["null", { model_config: null, class_name: 5 }, "the model"],
    ["a list", { model_config: [] }, "the model"],
    ["no class", { model_config: { config: {} } }, "class_name"],
    ["no layers", layer("Sequential", "s"), '"s"'],
    ["an empty list of layers", model("Sequential", "s", []), '"s"'],
    ["a layer that is null", model("Sequential", "s", [null as never]), 'layer 0 of "s"'],
    ["a layer without class", model("Sequential", "s", [dense, { config: {} } as never]), 'layer 1 of "s"'],
    ["an unknown input layer", model("Model", "m", layers, { ...inner, input_layers: [["x", 0, 0]] }), '"x"'],
    ["no input layers", model("Model", "m", layers, { output_layers: inner.output_layers }), "input_layers"],
    [
      "output layers of the wrong kind",
      model("Model", "m", layers, { ...inner, output_layers: { a: 1 } }),
      "output_layers",
    ],
    [
      "a name that has no text",
      model("Model", "m", layers, { ...inner, name: { toString: 1 }, input_layers: [] }),
      "input_layers",
    ],
    [
      "a reference that is no number",
      model("Model", "m", layers, { ...inner, output_layers: [["x", 0, { toString: 1 }]], input_layers: [] }),
      "input_layers",
    ],
  ])("%s", (_, topology, words) => {
    caught("model-malformed", () => read(topology), words, "received");
  });
});
