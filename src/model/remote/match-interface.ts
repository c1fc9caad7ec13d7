import type { ShardError } from "../../core/errors.js";
import type { OnnxElement, TensorSpec } from "../../protocol/model-on-wire.js";
import { dtypeOf, usualElement } from "./datatypes.js";
import type { ServerClient } from "./server-client.js";
import type { ServerModel, ServerTensor } from "./server-model.js";

/** An input or an output of the model, and what it is on the server. */
export interface RemoteBinding extends Omit<TensorSpec, "batched"> {
  readonly serverName: string;
  readonly element: OnnxElement;
}

export interface RemoteInterface {
  readonly inputs: readonly RemoteBinding[];
  readonly outputs: readonly RemoteBinding[];
}

interface Interface {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

type Side = "input" | "output";
type Errors = Pick<ServerClient, "address" | "clean" | "error">;
type Names = Readonly<Record<string, string>>;

/**
 * Hold a server's model against ours: every input of either has to be one of the other, and every output of ours one of the server's.
 *
 * @param names the server's names, by ours, where they differ.
 * @param client of the server, for errors.
 * @throws ShardError "model-unsupported" saying what was expected and received.
 */
export function matchInterface(model: Interface, server: ServerModel, names: Names, client: Errors): RemoteInterface {
  const match = (side: Side, specs: readonly TensorSpec[], stated: readonly ServerTensor[]): RemoteBinding[] =>
    specs.map((spec) => matchTensor(side, spec, stated, names, client));
  const inputs = match("input", model.inputs, server.inputs);
  const outputs = match("output", model.outputs, server.outputs);
  const surplus = server.inputs.find(({ name }) => !inputs.some(({ serverName }) => serverName === name));
  if (surplus !== undefined) {
    throw mismatch(
      client,
      `the inputs ${listOf(inputs.map(({ serverName }) => serverName))}`,
      `one that needs "${surplus.name}", too`,
    );
  }
  return { inputs, outputs };
}

function matchTensor(
  side: Side,
  { name, shape, dtype }: TensorSpec,
  stated: readonly ServerTensor[],
  names: Names,
  client: Errors,
): RemoteBinding {
  const serverName = Object.hasOwn(names, name) ? names[name]! : name;
  // A server that states nothing is taken at the model's word; its first results are compared all the same.
  if (stated.length === 0) return { name, shape, dtype, serverName, element: usualElement(dtype) };
  const found = stated.find((tensor) => tensor.name === serverName);
  if (found === undefined) {
    const advice = `map its names: { names: { ${JSON.stringify(name)}: ${JSON.stringify(client.clean(stated[0]!.name))} } }`;
    throw mismatch(
      client,
      `an ${side} "${serverName}"`,
      `one with ${listOf(stated.map((tensor) => tensor.name))}`,
      advice,
    );
  }
  const { element, datatype } = found;
  if (element === undefined || dtypeOf(element) !== dtype) {
    throw mismatch(client, `the ${side} "${serverName}" to hold ${dtype}`, datatype);
  }
  if (!fits(shape, found.shape)) {
    throw mismatch(client, `the ${side} "${serverName}" of shape ${show(shape)}`, show(found.shape));
  }
  return { name, shape, dtype, serverName, element };
}

/** Whether two shapes can be of one tensor: free sizes fit all. */
export function fits(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  return a.length === b.length && a.every((size, axis) => size === -1 || b[axis] === -1 || size === b[axis]);
}

function mismatch(
  client: Errors,
  expected: string,
  received: string,
  advice = "name the address of this very model",
): ShardError {
  const wanted = `the model on the server ${client.address.host} to have ${client.clean(expected)}`;
  return client.error("model-unsupported", wanted, received, advice);
}

function show(shape: readonly number[] | undefined): string {
  return shape === undefined ? "any shape" : `[${shape.join(", ")}]`;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  return `${shown.join(", ") || "none"}${names.length > shown.length ? " and others" : ""}`;
}
