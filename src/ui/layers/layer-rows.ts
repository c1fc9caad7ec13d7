import type { BatchPlan, LayerPlan, ModelInfo } from "../../index.js";

/** One layer with what is known of it. */
export interface LayerRow {
  /** Index into `model.layers`. */
  readonly index: number;
  readonly name: string;
  readonly op: string;
  /** Index of the stage that it is in; `undefined` if every worker holds the whole model. */
  readonly stage: number | undefined;
  /** Measured for one item, ms. */
  readonly ms: number | undefined;
  readonly outputBytes: number | undefined;
  readonly weightBytes: number;
  /** Bytes of one item that would cross a cut in front of it; `undefined` where it can't be cut or was not measured. */
  readonly cutBytes: number | undefined;
}

export type LayerOrder = "place" | "cost" | "cut" | "weights";

export function layerRows(
  { layers, cuts }: Pick<ModelInfo, "layers" | "cuts">,
  plan: BatchPlan | LayerPlan,
): LayerRow[] {
  const cutBytes = new Map(cuts.map(({ layer, liveBytes }) => [layer, liveBytes]));
  return layers.map(({ name, op, ms, outputBytes, weightBytes }, index) => ({
    index,
    name,
    op,
    stage: stageOf(plan, index),
    ms,
    outputBytes,
    weightBytes,
    cutBytes: cutBytes.get(index),
  }));
}

function stageOf(plan: BatchPlan | LayerPlan, layer: number): number | undefined {
  if (plan.split === "batch") return undefined;
  const stage = plan.stages.findIndex(({ firstLayer, lastLayer }) => firstLayer <= layer && layer <= lastLayer);
  return stage < 0 ? undefined : stage;
}

const KEYS: Readonly<Record<LayerOrder, (row: LayerRow) => number | undefined>> = {
  place: ({ index }) => -index,
  cost: ({ ms }) => ms,
  cut: ({ cutBytes }) => cutBytes,
  weights: ({ weightBytes }) => weightBytes,
};

/** The largest first; what is not known comes last, and equals stay in the model's order. @param isReversed the smallest first. */
export function sortRows(rows: readonly LayerRow[], by: LayerOrder, isReversed = false): LayerRow[] {
  const keyOf = KEYS[by];
  return [...rows].sort((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    return isReversed ? x - y : y - x;
  });
}

/** Neighbouring layers of one stage that the strip shows as one piece. */
export interface StripPiece {
  readonly stage: number | undefined;
  readonly firstLayer: number;
  readonly lastLayer: number;
  /** Its part of the model's cost, 0…1; of the number of layers where the costs were not measured. */
  readonly part: number;
}

/**
 * The model from its first layer to its last in pieces for a strip.
 * @param mostPieces layers that are too many, or too cheap to be seen, are joined with their neighbours of the same stage.
 */
export function stripPieces(rows: readonly LayerRow[], mostPieces = 240): StripPiece[] {
  const totalMs = rows.reduce((sum, { ms = 0 }) => sum + ms, 0);
  const pieces: StripPiece[] = [];
  for (const { index, stage, ms = 0 } of rows) {
    const part = totalMs > 0 ? ms / totalMs : 1 / rows.length;
    const last = pieces.at(-1);
    if (last !== undefined && last.stage === stage && last.part + part < 1 / mostPieces) {
      pieces[pieces.length - 1] = { ...last, lastLayer: index, part: last.part + part };
    } else {
      pieces.push({ stage, firstLayer: index, lastLayer: index, part });
    }
  }
  return pieces;
}
