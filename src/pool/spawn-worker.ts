import type { BackendName } from "../protocol/tensors.js";

/** Start the worker script of a backend. One script per backend, so that each loads only its own kernels. */
export function spawnWorker(backend: BackendName, name: string): Worker {
  // Bundlers recognise a worker by this literal form alone, hence one line per entry.
  switch (backend) {
    case "webgpu":
      return new Worker(new URL("../../workers/webgpu.ts", import.meta.url), { type: "module", name });
    case "webgl":
      return new Worker(new URL("../../workers/webgl.ts", import.meta.url), { type: "module", name });
    case "wasm":
      return new Worker(new URL("../../workers/wasm.ts", import.meta.url), { type: "module", name });
    case "cpu":
      return new Worker(new URL("../../workers/cpu.ts", import.meta.url), { type: "module", name });
  }
}
