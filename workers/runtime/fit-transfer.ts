import { addSample, emptyFit, solveFit } from "../../src/core/throughput/affine-fit.js";
import { tensorBytes, type InputTensor } from "../../src/protocol/tensors.js";
import type { TraceResult } from "../../src/protocol/worker-api.js";

/** How much the quickest of a few calls varies: in proportion to its time, and in ms by timers and the browser. */
const RELATIVE_NOISE = 0.1;
const TIMER_NOISE_MS = 0.02;
/** The number of rounds after which the fit no longer changes noticeably. */
const REWEIGHTINGS = 8;

/** One whole call of a layer: every input is uploaded and every output is read back. */
export interface WholeCall {
  readonly tensors: readonly InputTensor[];
  /** Time of the whole call. */
  readonly wholeMs: number;
  /** Time of computing alone. */
  readonly computeMs: number;
}

/** The mean transfer of one tensor of a call. */
interface MeanTransfer {
  readonly byteCount: number;
  readonly ms: number;
  readonly noiseMs: number;
}

/**
 * Fit the time of transfers to whole calls. A whole call takes longer than its computing by a fixed time for each tensor and
 * a time for each byte. Uploads and read-backs are assumed to take equally long. Calls that compute little weigh most. Calls
 * that are far off (because of garbage collection or other work) weigh little.
 *
 * @returns ms of one read-back together with one upload, or `undefined` if no call shows it. Calls with empty tensors or
 *          strings do not show it.
 * Source: Huber's M-estimator, by iteratively reweighted least squares.
 */
export function fitTransfer(calls: readonly WholeCall[]): TraceResult["transferMs"] {
  const transfers = calls.filter(showsTransfers).map(meanTransfer);
  if (transfers.length === 0) return undefined;
  let line = fitLine(transfers, ({ noiseMs }) => noiseMs);
  for (let round = 0; round < REWEIGHTINGS; round++) {
    const { fixedMs, msPerByte } = line;
    line = fitLine(transfers, ({ byteCount, ms, noiseMs }) =>
      Math.sqrt(noiseMs * Math.max(noiseMs, Math.abs(ms - fixedMs - byteCount * msPerByte))),
    );
  }
  return { perTransfer: 2 * line.fixedMs, perByte: 2 * line.msPerByte };
}

function showsTransfers({ tensors }: WholeCall): boolean {
  return tensors.every(({ dtype, data }) => dtype !== "string" && data.length > 0);
}

function meanTransfer({ tensors, wholeMs, computeMs }: WholeCall): MeanTransfer {
  const byteCount = tensors.reduce((total, tensor) => total + tensorBytes(tensor), 0);
  const noiseMs = TIMER_NOISE_MS + RELATIVE_NOISE * computeMs;
  const count = tensors.length;
  return { byteCount: byteCount / count, ms: (wholeMs - computeMs) / count, noiseMs: noiseMs / count };
}

/** Least squares with both coefficients ≥ 0. @param deviationMs the expected error of a transfer; its weight is 1 ÷ deviation². */
function fitLine(transfers: readonly MeanTransfer[], deviationMs: (transfer: MeanTransfer) => number) {
  const fit = transfers.reduce(
    (sums, each) => addSample(sums, each.byteCount, each.ms, 1 / deviationMs(each) ** 2),
    emptyFit(0, 0),
  );
  const { overheadMs, msPerItem } = solveFit(fit);
  return { fixedMs: Math.max(0, overheadMs), msPerByte: Math.max(0, msPerItem) };
}
