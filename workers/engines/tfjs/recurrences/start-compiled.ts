import { getBackend } from "@tensorflow/tfjs-core";
import { asJsonObject } from "../../../../src/model/artifacts.js";
import type { GraphWire } from "../../../../src/protocol/model-on-wire.js";
import { RECURRENT_OPS } from "../../../../src/model/recurrent-ops.js";
import type { CompiledRecurrences } from "./compiled-recurrence.js";

/** Loads the script of the kernels. */
type LoadKernels = () => Promise<{ readonly CompiledRecurrences: typeof CompiledRecurrences }>;

let load: LoadKernels | undefined;
let compiled: CompiledRecurrences | undefined;

/** Have recurrent nodes run in compiled kernels on WASM. Called by that backend's driver, so that no other worker holds their script. */
export function offerKernels(offered: LoadKernels): void {
  load = offered;
}

/** The compiled kernels, once a model that needs them has been loaded, and where they run: on WASM with SIMD. */
export function compiledRecurrences(): CompiledRecurrences | undefined {
  return compiled;
}

/**
 * Load and compile the kernels if a model has recurrent nodes. Where they can't run, or their script can't be fetched, the nodes run as
 * kernels of TF.js, which gives the same numbers.
 */
export async function startCompiledFor({ artifacts }: GraphWire): Promise<void> {
  if (load === undefined || compiled !== undefined || getBackend() !== "wasm") return;
  if (!hasRecurrences(artifacts.modelTopology)) return;
  try {
    const { CompiledRecurrences: Compiled } = await load();
    compiled = Compiled.create();
  } catch {
    // The next model may have more luck with the network.
  }
}

/** @param topology a GraphDef as JSON. Functions of its library have no recurrent nodes: they are recognised in the graph alone. */
function hasRecurrences(topology: unknown): boolean {
  const ops: readonly string[] = RECURRENT_OPS;
  const { node: nodes } = asJsonObject(topology);
  return Array.isArray(nodes) && nodes.some((node) => ops.includes(String(asJsonObject(node).op)));
}
