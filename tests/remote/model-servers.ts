// KServe's own server and MLServer, on loopback, with the bundled model behind ONNX Runtime.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onnxFile } from "../../scripts/export/onnx-file.mjs";
import { readGraph } from "../../scripts/export/read-graph.mjs";
import { programOf, type ServerName } from "../../scripts/remote/environments.mjs";
import { freePorts, startProcess, waitUntilReady, type RunningProcess } from "./processes.js";

export const MODEL_NAME = "upscale-x2";

/** Where servers write what they have to say. */
export const logFolder = resolve("test-results", "servers");

/** One server, which can be started again on the same port. */
export interface ModelServer extends Omit<RunningProcess, "kill"> {
  readonly name: ServerName;
  readonly port: number;
  readonly log: string;
  /** End it at once. */
  kill(): Promise<void>;
  /** Start it, and wait until it is ready. */
  start(): Promise<void>;
}

/** A folder with the bundled model as `model.onnx`. */
export function exportModel(): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "servers-"));
  const path = join(folder, "model.onnx");
  writeFileSync(path, onnxFile(readGraph(resolve("public/models/upscale-x2/model.json"))));
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Start a server. @param modelPath of an .onnx file */
export async function startModelServer(name: ServerName, modelPath: string): Promise<ModelServer> {
  const [port, otherPort] = (await freePorts(2)) as [number, number];
  mkdirSync(logFolder, { recursive: true });
  const log = join(logFolder, `${name}.txt`);
  const launch =
    name === "kserve" ? launchKserve(modelPath, port, log) : launchMlserver(modelPath, port, otherPort, log);
  let running: RunningProcess | undefined;
  const server: ModelServer = {
    name,
    port,
    log,
    pause: () => running?.pause(),
    resume: () => running?.resume(),
    kill: async () => running?.kill(),
    async start() {
      running = launch();
      await waitUntilReady(`http://127.0.0.1:${port}/v2/models/${MODEL_NAME}/ready`, log);
    },
  };
  await server.start();
  return server;
}

function launchKserve(modelPath: string, port: number, log: string): () => RunningProcess {
  const script = resolve("tests/remote/servers/kserve_server.py");
  const args = [script, "--model_file", modelPath, "--model_name", MODEL_NAME, "--http_port", String(port)];
  return () => startProcess(programOf("kserve", "python"), args, { log });
}

function launchMlserver(modelPath: string, port: number, grpcPort: number, log: string): () => RunningProcess {
  const folder = join(modelPath, "..", `mlserver-${port}`);
  mkdirSync(folder, { recursive: true });
  // In one process: a pool of its own would be one more thing to end.
  const settings = { host: "127.0.0.1", http_port: port, grpc_port: grpcPort, metrics_endpoint: null };
  const model = { name: MODEL_NAME, implementation: "onnx_runtime.OnnxModel", parameters: { uri: modelPath } };
  writeFileSync(join(folder, "settings.json"), JSON.stringify({ ...settings, parallel_workers: 0, debug: false }));
  writeFileSync(join(folder, "model-settings.json"), JSON.stringify(model));
  const env = { PYTHONPATH: resolve("tests/remote/servers") };
  return () => startProcess(programOf("mlserver", "mlserver"), ["start", folder], { log, env, cwd: folder });
}
