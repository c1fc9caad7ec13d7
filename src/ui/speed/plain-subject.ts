import type { ModelInfo } from "../../index.js";
import { PlainTfjs, type PlainBackend } from "../../baseline.js";
import type { Workload } from "../dashboard/host.js";
import { failureText } from "../parts/failure-text.js";
import type { Runner } from "./runner.js";

/** The GPU first, as its users choose. */
const BACKENDS: readonly PlainBackend[] = ["webgpu", "webgl", "wasm"];

/**
 * TF.js as a developer would use it: in one worker, on every backend that this machine has for real, item by item and in batches; the
 * fastest of these is what is compared with.
 * @param opened takes up what has to be disposed of.
 */
export async function openPlainSubjects(
  { model }: Workload,
  { format, batchMode, inputs }: ModelInfo,
  itemCount: number,
  signal: AbortSignal,
  opened: Runner[],
): Promise<{ readonly runners: Runner[]; readonly problem: string | undefined }> {
  const runners: Runner[] = [];
  let problem: string | undefined;
  if (format === "remote") return { runners, problem: "Only a server has the model." };
  if (format === "tflite" || format === "onnx") {
    return { runners, problem: `TF.js itself opens no .${format} files.` };
  }
  for (const backend of BACKENDS) {
    try {
      const plain = await PlainTfjs.open({ model, format, backend, acceptsSoftware: false }, signal);
      const { device } = plain.device;
      opened.push({ device, run: async () => {}, dispose: () => plain.dispose() });
      for (const itemsPerCall of callSizes(batchMode, groupOf(inputs) ?? itemCount, itemCount)) {
        runners.push({
          device: device.toLowerCase().startsWith(backend) ? device : `${backend} · ${device}`,
          itemsPerCall,
          run: (batch) => plain.run(batch.inputs, batch.itemCount, { itemsPerCall, signal }),
          dispose: () => {},
        });
      }
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      // That of WASM, which every machine has, says most about the model.
      problem = failureText(thrown);
    }
  }
  return { runners, problem };
}

/** @param groupItemCount what a model that takes groups wants in each call. */
function callSizes(batchMode: ModelInfo["batchMode"], groupItemCount: number, itemCount: number): number[] {
  if (batchMode === "item-by-item") return [1];
  if (batchMode === "groups") return [groupItemCount];
  return batchMode === "whole" ? [itemCount] : [...new Set([1, Math.min(8, itemCount)])];
}

function groupOf(inputs: ModelInfo["inputs"]): number | undefined {
  return inputs.map(({ shape }) => shape?.[0] ?? 0).find((size) => size > 1);
}
