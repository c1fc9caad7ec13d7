import type { GraphNode, OpExecutor } from "@tensorflow/tfjs-converter";
import { clone, getBackend, tidy, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { asJsonObject } from "../../../../src/model/artifacts.js";
import { PlainNode } from "./plain-node.js";

/** An op as a composition of TF.js's own kernels. Its intermediate tensors are disposed of. */
export type KernelOp = (node: KernelNode) => TfTensor | TfTensor[];

/** One call of such an op: its input tensors, and its attributes as the model file states them. */
export class KernelNode {
  readonly tensors: readonly TfTensor[];
  /** Reads attributes and refuses; it has no input values. */
  readonly attr: PlainNode;

  constructor(op: string, { inputs, ...graphNode }: GraphNode) {
    // TF.js passes its own node on, which its types don't show. Its parsed attributes are no good: they are in lower case.
    const node = asJsonObject(Reflect.get(graphNode, "node"));
    this.attr = new PlainNode(op, String(node.name), [], asJsonObject(node.rawAttrs));
    this.tensors = inputs;
  }

  tensor(index: number): TfTensor {
    return this.tensors[index] ?? this.attr.fail(`an input ${index}, received ${this.tensors.length} inputs`);
  }

  /** The values of a small input that states axes, sizes or bounds. Slow for what a GPU has computed, as in TF.js's own ops. */
  numbers(index: number): number[] {
    return Array.from(this.tensor(index).dataSync(), Number);
  }

  number(index: number): number {
    return this.numbers(index)[0] ?? this.attr.fail(`one number as its input ${index}, received none`);
  }

  /** An axis counted from the front. @param rank of the tensor; one more for an axis that is to be added. */
  axis(value: number, rank: number): number {
    const axis = value < 0 ? value + rank : value;
    if (axis >= 0 && axis < rank) return axis;
    return this.attr.fail(`an axis of ${rank}, received ${value}`);
  }
}

/** Wrap an op for TF.js, which takes its results as tensors of their own, so an input that is passed on is cloned. */
export function kernelExecutor(op: string, run: KernelOp): OpExecutor {
  return (graphNode) =>
    tidy(() => {
      const node = new KernelNode(op, graphNode);
      const results = run(node);
      const own = (result: TfTensor): TfTensor => (node.tensors.includes(result) ? clone(result) : result);
      return Array.isArray(results) ? results.map(own) : own(results);
    });
}

export function isWasm(): boolean {
  return getBackend() === "wasm";
}
