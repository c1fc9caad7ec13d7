import { ShardError } from "../../core/errors.js";
import type { OnnxBinding } from "../../protocol/model-on-wire.js";
import { elementOf } from "./element-types.js";
import { ENTRY, GRAPH, MODEL, OPSET, SHAPE, SIZE, SPARSE, TENSOR, TENSOR_TYPE, TYPE, VALUE } from "./fields.js";
import { malformedOnnx } from "./malformed-onnx.js";
import type { ProtoMessage } from "./proto-message.js";

/** What an `.onnx` file says about itself, without its operations. */
export interface OnnxInterface {
  /** Those that a caller has to give: older files list their weights among the inputs. */
  readonly inputs: readonly OnnxBinding[];
  readonly outputs: readonly OnnxBinding[];
  readonly irVersion: number;
  /** By domain: "ai.onnx" is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  /** The program that wrote the file, with its version. */
  readonly producer: string | undefined;
  readonly graphName: string | undefined;
  /** What the author has noted in the file. */
  readonly notes: Readonly<Record<string, string>>;
}

/** More than any model has; a damaged file may claim millions. */
const MAX_TENSORS = 1_000;
/** Older files list their weights among the inputs. */
const MAX_LISTED = 100_000;
const MAX_RANK = 64;
const MAX_NOTES = 10_000;

/**
 * Read what a page has to know of an ONNX model.
 * @throws ShardError "model-malformed", "model-unsupported" for inputs or outputs of a type that has no counterpart here.
 * O(fields of the file's uppermost levels).
 */
export function readOnnxInterface(model: ProtoMessage): OnnxInterface {
  const graph = model.message(MODEL.graph);
  if (graph === undefined) throw malformedOnnx("none", "the graph of an .onnx file");
  const weights = new Set<string>();
  const given: ProtoMessage[] = [];
  const returned: ProtoMessage[] = [];
  let graphName: string | undefined;
  for (const { number, message } of graph.fields()) {
    if (message === undefined) continue;
    if (number === GRAPH.initializers) weights.add(message.text(TENSOR.name) ?? "");
    else if (number === GRAPH.sparseInitializers) weights.add(message.message(SPARSE.values)?.text(TENSOR.name) ?? "");
    else if (number === GRAPH.inputs) add(message, given);
    else if (number === GRAPH.outputs) add(message, returned);
    else if (number === GRAPH.name) graphName = message.asText();
  }
  const inputs = given.filter((input) => !weights.has(input.text(VALUE.name) ?? ""));
  if (inputs.length === 0 || returned.length === 0) {
    throw malformedOnnx(`${inputs.length} inputs and ${returned.length} outputs`, "a model with both");
  }
  return {
    inputs: readValues(inputs, "inputs").map(requireItems),
    outputs: readValues(returned, "outputs"),
    graphName,
    ...readHeader(model),
  };
}

function add(value: ProtoMessage, list: ProtoMessage[]): void {
  if (list.push(value) > MAX_LISTED)
    throw malformedOnnx("more", `a file with at most ${MAX_LISTED} inputs and outputs`);
}

function readHeader(model: ProtoMessage): Pick<OnnxInterface, "irVersion" | "opsets" | "producer" | "notes"> {
  const [producer, producerVersion] = [model.text(MODEL.producer), model.text(MODEL.producerVersion)];
  const entriesOf = (field: number, what: string): ProtoMessage[] =>
    limited([...model.messages(field)], MAX_NOTES, what);
  return {
    irVersion: model.number(MODEL.irVersion) ?? 0,
    opsets: Object.fromEntries(
      entriesOf(MODEL.opsets, "sets of operations").map((each) => [
        each.text(OPSET.domain) || "ai.onnx",
        each.number(OPSET.version) ?? 0,
      ]),
    ),
    producer: [producer, producerVersion].filter(Boolean).join(" ") || undefined,
    notes: Object.fromEntries(
      entriesOf(MODEL.metadata, "notes").map((each) => [each.text(ENTRY.key) ?? "", each.text(ENTRY.value) ?? ""]),
    ),
  };
}

function readValues(values: readonly ProtoMessage[], what: string): OnnxBinding[] {
  const bindings = limited(values, MAX_TENSORS, what).map(readValue);
  if (new Set(bindings.map(({ name }) => name)).size < bindings.length) {
    throw malformedOnnx(`two ${what} of one name`, `${what} of different names`);
  }
  return bindings;
}

function readValue(value: ProtoMessage): OnnxBinding {
  const name = value.text(VALUE.name) ?? "";
  const shown = `"${name.slice(0, 80)}"`;
  if (name === "") throw malformedOnnx("none", "a name of each input and output");
  const type = value.message(VALUE.type);
  const tensor = type?.message(TYPE.tensor);
  if (tensor === undefined) throw noTensor(shown, type);
  const { element, dtype } = elementOf(tensor.number(TENSOR_TYPE.element) ?? 0, shown);
  const shape = tensor.message(TENSOR_TYPE.shape);
  return { name, tensorName: name, shape: shape === undefined ? undefined : readShape(shape, shown), dtype, element };
}

/** With -1 for sizes that have a symbol, or nothing. */
function readShape(shape: ProtoMessage, shown: string): number[] {
  return limited([...shape.messages(SHAPE.sizes)], MAX_RANK, "axes").map((size) => {
    const value = size.number(SIZE.value) ?? -1;
    if (value < 0) return -1;
    if (value < 2 ** 31) return value;
    throw malformedOnnx(`a size of ${value} of ${shown}`, "sizes below 2^31");
  });
}

/** No run has items for an input without elements. */
function requireItems(input: OnnxBinding): OnnxBinding {
  if (input.shape?.includes(0) !== true) return input;
  throw malformedOnnx(`[${input.shape.join(", ")}] for "${input.name.slice(0, 80)}"`, "inputs with elements");
}

const OTHER_KINDS: Readonly<Record<number, string>> = {
  [TYPE.sequence]: "a sequence",
  [TYPE.map]: "a map",
  [TYPE.opaque]: "an opaque value",
  [TYPE.sparse]: "a sparse tensor",
  [TYPE.optional]: "an optional value",
};

function noTensor(shown: string, type: ProtoMessage | undefined): ShardError {
  for (const { number } of type?.fields() ?? []) {
    const kind = OTHER_KINDS[number];
    if (kind === undefined) continue;
    return new ShardError(
      "model-unsupported",
      `Expected inputs and outputs that are tensors, received ${shown}, which is ${kind}: export the model without it (skl2onnx: options={"zipmap": False}).`,
    );
  }
  return malformedOnnx(`${shown} without one`, "a type of each input and output");
}

function limited<T>(list: readonly T[], most: number, what: string): T[] {
  if (list.length <= most) return [...list];
  throw malformedOnnx(`${list.length} ${what}`, `a file with at most ${most} ${what}`);
}
