import type { InferenceSession } from "onnxruntime-web/wasm";
import type { WorkerNotice } from "../../../src/protocol/link.js";
import type { WorkerSettings } from "../../../src/protocol/worker-api.js";
import type { Ort } from "./runtime.js";

/** What differs between the backends of ONNX Runtime. */
export interface OnnxDriver {
  /** @throws ShardError "backend-unavailable" */
  start(settings: WorkerSettings, notify: (notice: WorkerNotice) => void): Promise<StartedOrt>;
  isIntact(): boolean;
  gpu?(): GPUDevice | undefined;
  stop(): void;
}

export interface StartedOrt {
  readonly backend: "wasm" | "webgpu";
  /** Whether it computes with floats of 16 bits. */
  readonly hasFloat16: boolean;
  readonly ort: Ort;
  /** What sessions run on. What it lacks an operation for, the CPU runs. */
  readonly provider: InferenceSession.ExecutionProviderConfig;
  /** For people. */
  readonly device: string;
  readonly isSoftware: boolean;
}
