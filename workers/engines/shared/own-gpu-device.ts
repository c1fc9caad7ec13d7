import { ShardError } from "../../../src/core/errors.js";
import type { WorkerNotice } from "../../../src/protocol/link.js";
import { isSoftwareAdapter } from "../../../src/protocol/software-device.js";
import type { PowerPreference, WorkerReport } from "../../../src/protocol/worker-api.js";

/** What an engine asks for where it makes the device itself. */
export interface DeviceRequest {
  readonly powerPreference?: PowerPreference | undefined;
  /** Those that the adapter has are asked for. */
  readonly features: readonly GPUFeatureName[];
  /** Limits that are raised to the adapter's. */
  readonly raisedLimits: readonly Exclude<keyof GPUSupportedLimits, "__brand">[];
  /** For people, after "Expected …": what was to start, and what to use instead. */
  readonly purpose: string;
  readonly advice: string;
}

/** What an uncaught error of the device is a sign of; `undefined` if it is reported in another way. */
export type JudgeError = (error: GPUError) => WorkerNotice["notice"] | undefined;

/** A WebGPU device of our own for one engine, since engines listen neither to `device.lost` nor to `uncapturederror`. */
export class OwnGpuDevice {
  #device: GPUDevice | undefined;
  #isBroken = false;

  /** `undefined` before `open` and after `destroy`. */
  get device(): GPUDevice | undefined {
    return this.#device;
  }

  /** False once the device was lost or reported an uncaught error: data that is read back from then on may be zeros. */
  get isIntact(): boolean {
    return !this.#isBroken;
  }

  /**
   * @param notify reports at any later time that the device is lost or has failed.
   * @throws ShardError "backend-unavailable" saying what the browser lacks.
   */
  async open(
    { powerPreference = "high-performance", features, raisedLimits, purpose, advice }: DeviceRequest,
    notify: (notice: WorkerNotice) => void,
    judge: JudgeError = (error) => (error instanceof GPUOutOfMemoryError ? "out-of-memory" : "device-error"),
  ): Promise<{ readonly adapter: GPUAdapter; readonly device: GPUDevice; readonly facts: DeviceFacts }> {
    const unavailable = (expected: string, received: string): ShardError =>
      new ShardError("backend-unavailable", `Expected ${expected} for ${purpose}, but ${received}: ${advice}.`);
    const gpu = (navigator as Navigator & { gpu?: GPU }).gpu;
    if (gpu === undefined) throw unavailable("WebGPU in workers", "this browser offers none");
    const adapter = await gpu.requestAdapter({ powerPreference });
    if (adapter === null) throw unavailable("a WebGPU adapter", "the browser has none to give");
    const device = await adapter.requestDevice({
      requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(raisedLimits.map((name) => [name, adapter.limits[name]])),
    });
    this.#device = device;
    void device.lost.then((info) => {
      this.#isBroken = true;
      // A device that was destroyed on purpose is not a fault.
      if (this.#device === device) {
        notify({ notice: "device-lost", message: info.message || `The GPU device was lost (${info.reason}).` });
      }
    });
    device.addEventListener("uncapturederror", ({ error }) => {
      this.#isBroken = true;
      const notice = judge(error);
      if (notice !== undefined) notify({ notice, message: error.message });
    });
    return { adapter, device, facts: factsOf(adapter) };
  }

  destroy(): void {
    const owned = this.#device;
    this.#device = undefined;
    owned?.destroy();
  }
}

type DeviceFacts = Pick<WorkerReport, "device" | "isSoftware">;

function factsOf(adapter: GPUAdapter): DeviceFacts {
  // Browsers with an earlier version of the standard leave it out.
  const info: Partial<GPUAdapterInfo> = (adapter as Partial<GPUAdapter>).info ?? {};
  const { vendor, architecture, description } = info;
  return {
    isSoftware: isSoftwareAdapter(info),
    device: description || [vendor, architecture].filter(Boolean).join(" ") || "GPU",
  };
}
