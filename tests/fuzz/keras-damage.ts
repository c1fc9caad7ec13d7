import { isRecord, raw, type JsonRecord } from "./model-json.js";
import { innerLayersOf, layersOf, list, modelOf, onLayers, record, topology, type KnownDamage } from "./tree-parts.js";

/** Wraps the model in `count` models, one inside the other. */
function nestedModels(tree: JsonRecord, count: number): void {
  const core = JSON.stringify({ class_name: "Sequential", config: modelOf(tree) });
  const open = '{"class_name":"Sequential","config":{"name":"deeper","layers":[';
  record(tree.modelTopology).model_config = raw(open.repeat(count) + core + "]}}".repeat(count));
}

/** Damage to Keras models: layers, their options and their connections. */
export const KERAS_DAMAGE: readonly KnownDamage[] = [
  onLayers("no layers", (tree) => void (modelOf(tree).layers = [])),
  onLayers("layers = text", (tree) => void (modelOf(tree).layers = "x")),
  onLayers("a layer that is null", (tree) => void list(modelOf(tree).layers).push(null)),
  onLayers("an unknown class", (tree) => void (layersOf(tree).at(-1)!.class_name = "Frobnicate")),
  onLayers("a class of the prototype", (tree) => void (layersOf(tree).at(-1)!.class_name = "constructor")),
  onLayers("a layer twice", (tree) => void list(modelOf(tree).layers).push(structuredClone(layersOf(tree).at(-1)!))),
  onLayers("a layer without config", (tree) => void delete layersOf(tree).at(-1)!.config),
  onLayers("a layer that waits for itself", (tree) => {
    const last = layersOf(tree).at(-1);
    if (last !== undefined) last.inbound_nodes = [[[record(last.config).name ?? "x", 0, 0, {}]]];
  }),
  onLayers(
    "a layer that waits for one that does not exist",
    (tree) => void (layersOf(tree).at(-1)!.inbound_nodes = [[["nobody", 0, 0, {}]]]),
  ),
  onLayers("no outputs", (tree) => void (modelOf(tree).output_layers = [])),
  onLayers("an output that does not exist", (tree) => void (modelOf(tree).output_layers = [["nobody", 0, 0]])),
  onLayers("a config that is text", (tree) => void (topology(tree).model_config = "{")),
  onLayers("a config that is nested text", (tree) => {
    topology(tree).model_config = JSON.stringify({ class_name: "Sequential", config: "[".repeat(50_000) });
  }),
  onLayers("a config of text nested 100,000 deep", (tree) => {
    topology(tree).model_config = "[".repeat(100_000) + "]".repeat(100_000);
  }),
  onLayers("3 models around it", (tree) => nestedModels(tree, 3)),
  onLayers("300 models around it", (tree) => nestedModels(tree, 300)),
  onLayers("100,000 models around it", (tree) => nestedModels(tree, 100_000)),
  ...[-1, 0, 0.5, 1e9, 2 ** 40, 1e308, "12", null, [], {}].map((value) =>
    onLayers(`units and filters = ${JSON.stringify(value)}`, (tree) => {
      for (const { config } of [...layersOf(tree), ...innerLayersOf(tree)]) {
        for (const key of ["units", "filters"]) if (isRecord(config) && key in config) config[key] = value;
      }
    }),
  ),
  ...[[], [null], [-1], [null, 0, 0, 0], [null, -5], [null, 1e9], [null, 30_000, 30_000, 3], "x", [null, "8"]].map(
    (shape) =>
      onLayers(`input shape = ${JSON.stringify(shape)}`, (tree) => {
        for (const { config } of [...layersOf(tree), ...innerLayersOf(tree)]) {
          if (isRecord(config) && "batch_input_shape" in config) config.batch_input_shape = shape;
        }
      }),
  ),
  onLayers("10,000 layers", (tree) => {
    const layers = Array.from({ length: 10_000 }, (_, index) => ({
      class_name: "ReLU",
      config: { name: `relu${index}` },
    }));
    topology(tree).model_config = {
      class_name: "Sequential",
      config: {
        name: "long",
        layers: [{ class_name: "InputLayer", config: { name: "x", batch_input_shape: [null, 4] } }, ...layers],
      },
    };
    tree.weightsManifest = [];
  }),
];
