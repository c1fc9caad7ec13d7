import { ShardError } from "../core/errors.js";
import type { ModelInfo } from "../model/inspect.js";
import { loadScript } from "../model/load/load-script.js";
import type { ServerTest } from "../model/remote/test-server.js";
import type { WorkerSpec } from "../pool/worker-entries.js";
import { checkWorkerSpec } from "./check-options.js";
import { absoluteServerUrl } from "./check-remote.js";

/**
 * Find out whether a server can be a worker, before it is one: its address, whether this page may reach it (CORS), whether it is ready, and
 * whether its model is the one of `model`, as far as names, shapes and types show.
 *
 * @param spec as `addWorker` takes it, with the backend "remote".
 * @param model as in `sharder.model`. Default: any.
 * @returns what it is, or what is wrong with it, in words. Nothing is computed.
 * @throws ShardError "aborted", "backend-unavailable" if the script for it can't be loaded
 */
export async function testServer(
  spec: WorkerSpec,
  model?: Pick<ModelInfo, "inputs" | "outputs">,
  signal?: AbortSignal,
): Promise<ServerTest> {
  try {
    checkWorkerSpec({ ...spec, backend: "remote" });
  } catch (thrown) {
    const { message, code } = thrown as ShardError;
    return { isUsable: false, message, code };
  }
  const { examineServer } = await loadScript(
    "reads what servers say",
    signal,
    () => import("../model/remote/test-server.js"),
  );
  const { url = "", headers, names } = spec;
  return examineServer({ url: absoluteServerUrl(url), headers, names }, model, signal);
}
