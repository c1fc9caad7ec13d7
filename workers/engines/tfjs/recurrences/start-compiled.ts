import { getBackend } from "@tensorflow/tfjs-core";
import type { GraphWire } from "../../../../src/protocol/model-on-wire.js";
import { RECURRENT_OPS } from "../../../../src/model/recurrent-ops.js";
import type { CompiledRecurrences } from "./compiled-recurrence.js";

let compiled: CompiledRecurrences | undefined;
let isStarted = false;

/** The compiled kernels, once a model that needs them has been loaded, and where they run: on WASM with SIMD. */
export function compiledRecurrences(): CompiledRecurrences | undefined {
  return compiled;
}

/**
 * Load and compile the kernels if a model has recurrent nodes. Where they can't run, or their script can't be fetched, the nodes run as
 * kernels of TF.js, which gives the same numbers.
 */
export async function startCompiledFor({ artifacts }: GraphWire): Promise<void> {
  if (isStarted || getBackend() !== "wasm" || !hasRecurrences(artifacts.modelTopology)) return;
  isStarted = true;
  try {
    const { CompiledRecurrences: Compiled } = await import("./compiled-recurrence.js");
    compiled = Compiled.create();
  } catch {
    // The next model may have more luck with the network.
    isStarted = false;
  }
}

/** @param topology a GraphDef as JSON. Functions of its library have no recurrent nodes: they are recognised in the graph alone. */
function hasRecurrences(topology: unknown): boolean {
  const ops: readonly string[] = RECURRENT_OPS;
  return nodesOf(topology).some(
    (node) => typeof node === "object" && node !== null && "op" in node && ops.includes(String(node.op)),
  );
}

function nodesOf(topology: unknown): readonly unknown[] {
  const nodes = typeof topology === "object" && topology !== null && "node" in topology ? topology.node : undefined;
  return Array.isArray(nodes) ? nodes : [];
}
