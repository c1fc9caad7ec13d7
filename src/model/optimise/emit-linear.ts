import type { ConstantExpression } from "../../protocol/weight-recipe.js";
import type { JsonObject } from "../artifacts.js";
import type { GraphNode } from "../graph/graph.js";
import type { Chain } from "./chain.js";
import type { GraphWriter } from "./graph-writer.js";
import type { LinearNode } from "./linear-node.js";

const FUSED_OPS: Readonly<Record<Exclude<LinearNode["kind"], "transposed">, string>> = {
  convolution: "_FusedConv2D",
  depthwise: "FusedDepthwiseConv2dNative",
  product: "_FusedMatMul",
};

/** Emit the nodes that compute a chain. The last one gets the name of the chain's last member, so that readers need not change. */
export function emitLinear(chain: Chain, writer: GraphWriter): GraphNode[] {
  const { linear, members, view } = chain;
  const [first] = members;
  const lastName = members.at(-1)!.name;
  const name = view === undefined ? lastName : first!.name;
  const scope = first!.name;
  const added: GraphNode[] = [];
  const constant = (suffix: string, shape: readonly number[], value: ConstantExpression): string => {
    const node = writer.constant(`${scope}/${suffix}`, "float32", shape, value);
    added.push(node);
    return node.name;
  };
  const kernel = linear.kernelInput ?? constant("folded_kernel", linear.kernelShape, linear.kernel);
  const inputs = linear.inputs.map((each) => each ?? kernel);
  const bias = (): string => constant("folded_bias", [linear.channelCount], biasOf(linear));
  const computing =
    linear.kind === "transposed"
      ? emitTransposed(linear, inputs, bias, name, writer)
      : [emitFused(chain, linear.kind, inputs, bias(), name)];
  // If there is a view, the computing node has taken the linear node's name, and the view takes the last name.
  const viewing =
    view === undefined ? [] : [{ ...view.node, name: lastName, input: [name, ...view.node.input.slice(1)] }];
  return [...added, ...computing, ...viewing];
}

function emitFused(
  { linear, activation }: Chain,
  kind: keyof typeof FUSED_OPS,
  inputs: readonly string[],
  bias: string,
  name: string,
): GraphNode {
  const names = ["BiasAdd", ...(activation === undefined ? [] : [activation.name])];
  const extra = [bias, ...(activation?.alphaInput === undefined ? [] : [activation.alphaInput])];
  const attr: JsonObject = {
    ...linear.attr,
    fused_ops: { list: { s: names.map((each) => btoa(each)) } },
    num_args: { i: String(extra.length) },
    ...(activation?.leakyAlpha === undefined ? {} : { leakyrelu_alpha: { f: activation.leakyAlpha } }),
  };
  return { name, op: FUSED_OPS[kind], input: [...inputs, ...extra], attr };
}

function emitTransposed(
  { attr, bias }: LinearNode,
  inputs: readonly string[],
  biasInput: () => string,
  name: string,
  writer: GraphWriter,
): GraphNode[] {
  const op = "Conv2DBackpropInput";
  if (bias === undefined) return [{ name, op, input: inputs, attr }];
  const convolution = writer.node(`${name}/unbiased`, op, inputs, attr);
  const biased = { T: { type: "DT_FLOAT" }, data_format: { s: btoa("NHWC") } };
  return [convolution, { name, op: "BiasAdd", input: [convolution.name, biasInput()], attr: biased }];
}

/** Fused kernels need one bias per channel, even if all of them are zero. */
function biasOf({ bias, channelCount }: LinearNode): ConstantExpression {
  const zeros: ConstantExpression = {
    op: "literal",
    tensor: { shape: [channelCount], values: Array.from({ length: channelCount }, () => 0) },
  };
  return bias === undefined ? zeros : { op: "add", a: bias, b: zeros };
}
