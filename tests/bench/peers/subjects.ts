import { readAdapter } from "../adapter.js";
import type { PeerFormat } from "./peer-model.js";
import { openOnPage, SideBySide, WorkerRunner, type Runner } from "./runner.js";
import { SharderRunner } from "./sharder-runner.js";

export type Peer = "tfjs" | "onnx" | "litert" | "sharder";

/** One way to run a model that is compared with the others. */
export interface PeerSubject {
  readonly name: string;
  readonly peer: Peer;
  /** Those it can read, the one to try first at the front. */
  readonly formats: readonly PeerFormat[];
  /** Whether the number of items per call is its user's to choose. The sharder chooses by itself. */
  readonly takesCallSize: boolean;
  /** It may be unable to run a model: then it is left out, and that is no error. Of others' subjects that always holds. */
  readonly mayRefuse?: boolean;
  /** Backends of its workers; empty on the page. */
  readonly workers: readonly string[];
  /** Starts it, without a model. */
  open(): Promise<Runner>;
}

/** More engines than these don't fit into the memory of a usual machine beside each other. */
const MAX_ENGINE_COUNT = 8;
const TFJS_FORMATS = ["graph", "layers"] as const;

/** All that this machine can run, in the order of the report. Graphics backends only if they are not computed in software. */
export async function peerSubjects(coreCount = navigator.hardwareConcurrency): Promise<PeerSubject[]> {
  const engineCount = Math.min(coreCount, MAX_ENGINE_COUNT);
  const { hasRealWebGpu, webgl } = await readAdapter();
  const graphics = [
    ...(hasRealWebGpu ? [onPage("TF.js, WebGPU on the page", "webgpu")] : []),
    ...(isRealRenderer(webgl) ? [onPage("TF.js, WebGL on the page", "webgl")] : []),
  ];
  const several = engineCount >= 2;
  return [
    onPage("TF.js, WASM on the page", "wasm"),
    ...graphics,
    { ...inWorkers("TF.js, WASM in a worker", "tfjs", 1, 1), formats: TFJS_FORMATS },
    ...(several
      ? [{ ...inWorkers(`TF.js, WASM, ${engineCount} plain workers`, "tfjs", engineCount, 1), formats: TFJS_FORMATS }]
      : []),
    { ...inWorkers("ONNX Runtime Web, 1 thread", "onnx", 1, 1), formats: ["onnx"] },
    ...(several
      ? [
          {
            ...inWorkers(`ONNX Runtime Web, ${coreCount} threads`, "onnx", 1, coreCount),
            formats: ["onnx"] as const,
          },
        ]
      : []),
    { ...inWorkers("LiteRT.js, 1 thread", "litert", 1, 1), formats: ["tflite"] },
    ...(several
      ? [
          { ...inWorkers(`LiteRT.js, ${coreCount} threads`, "litert", 1, coreCount), formats: ["tflite"] as const },
          {
            ...inWorkers(`LiteRT.js, ${engineCount} plain workers`, "litert", engineCount, 1),
            formats: ["tflite"] as const,
          },
        ]
      : []),
    sharder(1, "tfjs"),
    sharder(1, "litert"),
    ...(several ? [sharder(engineCount, "tfjs"), sharder(engineCount, "litert")] : []),
    { ...sharder(engineCount, "auto"), name: "sharder, engine auto", mayRefuse: false },
  ];
}

function onPage(name: string, backend: "wasm" | "webgl" | "webgpu"): PeerSubject {
  return {
    name,
    peer: "tfjs",
    formats: TFJS_FORMATS,
    takesCallSize: true,
    workers: [],
    open: () => openOnPage(backend),
  };
}

function inWorkers(
  name: string,
  peer: "tfjs" | "onnx" | "litert",
  workerCount: number,
  threadCount: number,
): Omit<PeerSubject, "formats"> {
  const open = async (): Promise<Runner> => {
    const options = { folderUrl: new URL(`/${peer}/`, location.href).href, threadCount };
    const opened = await Promise.all(
      Array.from({ length: workerCount }, () => WorkerRunner.open(startWorker(peer), options)),
    );
    return workerCount === 1 ? opened[0]! : new SideBySide(opened);
  };
  return { name, peer, takesCallSize: true, workers: Array.from({ length: workerCount }, () => "wasm"), open };
}

/** The bundler finds a worker's file only where its address is written out. */
function startWorker(peer: "tfjs" | "onnx" | "litert"): Worker {
  switch (peer) {
    case "tfjs":
      return new Worker(new URL("./tfjs-worker.ts", import.meta.url), { type: "module" });
    case "onnx":
      return new Worker(new URL("./onnx-worker.ts", import.meta.url), { type: "module" });
    case "litert":
      return new Worker(new URL("./litert-worker.ts", import.meta.url), { type: "module" });
  }
}

function sharder(workerCount: number, engine: "tfjs" | "litert" | "auto"): PeerSubject {
  return {
    name: `sharder, ${workerCount} ${engine === "tfjs" ? "WASM" : "LiteRT"} worker${workerCount === 1 ? "" : "s"}`,
    peer: "sharder",
    mayRefuse: engine !== "tfjs",
    formats: TFJS_FORMATS,
    takesCallSize: false,
    workers: Array.from({ length: workerCount }, () => "wasm"),
    open: async () => new SharderRunner(workerCount, engine),
  };
}

/** @param renderer as WebGL names it. */
export function isRealRenderer(renderer: string): boolean {
  return renderer !== "none" && !/swiftshader|llvmpipe|softpipe|software/i.test(renderer);
}
