import { ShardError, fetchLabels, labelsInArchive, readLabels, type ModelLabels } from "../../index.js";
import { failureText } from "../parts/failure-text.js";
import type { LoadRequest } from "./model-request.js";

/** The labels that were chosen for a model, or that lie beside it; `undefined` where there are none. */
export async function findLabels(
  { model, labels }: LoadRequest,
  signal: AbortSignal,
): Promise<ModelLabels | undefined> {
  if (labels !== undefined) return readLabels(labels);
  return typeof model === "string" ? fetchLabels(model, { signal }) : labelsInArchive(model, signal);
}

/** Never rejects: a model also runs without labels. @param onFailure called with what is wrong with them, unless `signal` has aborted. */
export async function attemptLabels(
  read: () => Promise<ModelLabels | undefined>,
  onFailure: (reason: string) => void,
  signal?: AbortSignal,
): Promise<ModelLabels | undefined> {
  try {
    return await read();
  } catch (thrown) {
    // For a bad address or a dead connection, the failure of the model itself is reported.
    const isReported = thrown instanceof ShardError && ["invalid-options", "model-network"].includes(thrown.code);
    if (signal?.aborted !== true && !isReported) onFailure(failureText(thrown));
    return undefined;
  }
}
