import type { JsonObject } from "../artifacts.js";
import type { BatchValue } from "./batch-value.js";

/** A node as a rule sees it. */
export interface OpCall {
  readonly name: string;
  readonly op: string;
  readonly attr: JsonObject;
  /** In order, without control inputs. */
  readonly inputs: readonly BatchValue[];
}

/** What a node's outputs are, given its inputs: one value for all outputs, or one for each. */
export type OpRule = (call: OpCall) => BatchValue | readonly BatchValue[];

/** The same rule for many ops. */
export function rules(ops: string, rule: OpRule): Record<string, OpRule> {
  return Object.fromEntries(ops.split(" ").map((op) => [op, rule]));
}

/** The first input that forbids a statement about the result: one that is mixed before one that is unknown. */
export function spoiled(inputs: readonly BatchValue[]): BatchValue | undefined {
  return inputs.find(({ kind }) => kind === "mixed") ?? inputs.find(({ kind }) => kind === "unknown");
}

/** How a reason names a node: `Mean "dense/mean"`. */
export function named({ name, op }: Pick<OpCall, "name" | "op">): string {
  return `${op} "${name.slice(0, 80)}"`;
}
