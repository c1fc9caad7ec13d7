import type { LayerPlan } from "../../index.js";
import { element } from "../parts/dom.js";
import { formatBytes, formatCount, formatNumber, formatPercent } from "../parts/format.js";
import type { WorkerColours } from "../workers/colours.js";
import type { LayerRow, StripPiece } from "./layer-rows.js";

/** The model as a strip: one piece per layer, as wide as its cost, in the colour of the worker that holds it. */
export function layerStrip(
  pieces: readonly StripPiece[],
  rows: readonly LayerRow[],
  stages: LayerPlan["stages"],
  colours: WorkerColours,
): HTMLElement {
  const strip = element("div", { class: "layer-strip", role: "img" });
  let label = `${formatCount(rows.length, "layer")} in order, as wide as they take time.`;
  for (const [stage, { workerIds, firstLayer, lastLayer }] of stages.entries()) {
    label += ` Stage ${stage + 1}: layers ${firstLayer + 1} to ${lastLayer + 1}, on ${workerIds.join(", ")}.`;
  }
  strip.setAttribute("aria-label", label);
  pieces.forEach(({ stage, firstLayer, lastLayer, part }, index) => {
    const piece = element("span", { title: pieceTitle(rows, firstLayer, lastLayer, part, stage) });
    piece.style.flexGrow = String(Math.max(part, 1e-4));
    const worker = stage === undefined ? undefined : stages[stage]?.workerIds[0];
    if (worker !== undefined) piece.style.setProperty("--worker-colour", colours.of(worker));
    piece.toggleAttribute("data-cut", index > 0 && pieces[index - 1]!.stage !== stage);
    strip.append(piece);
  });
  return strip;
}

function pieceTitle(
  rows: readonly LayerRow[],
  firstLayer: number,
  lastLayer: number,
  part: number,
  stage: number | undefined,
): string {
  const { name, op, ms, outputBytes } = rows[firstLayer]!;
  const where = stage === undefined ? "" : `Stage ${stage + 1} · `;
  if (lastLayer > firstLayer) return `${where}layers ${firstLayer + 1} to ${lastLayer + 1} · ${formatPercent(part)}`;
  const facts = [
    `${where}layer ${firstLayer + 1}: ${op} ${name}`,
    ...(ms === undefined ? [] : [`${formatNumber(ms)} ms, ${formatPercent(part)} of the model`]),
    ...(outputBytes === undefined ? [] : [`passes on ${formatBytes(outputBytes)}`]),
  ];
  return facts.join(" · ");
}
