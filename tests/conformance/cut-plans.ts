import type { ModelInfo } from "inference-sharder";

/** Where to cut a model. A place is the index of the layer after the cut. */
export interface CutPlans {
  /**
   * Single cuts, the most informative first: fewest live bytes, most balanced, first, last. The rest is spread evenly.
   */
  readonly singles: readonly number[];
  /** Cuts into three and four stages that take about the same time. */
  readonly three: readonly number[] | undefined;
  readonly four: readonly number[] | undefined;
}

/** @param most limit of single cuts. */
export function planCuts({ cuts, layers }: Pick<ModelInfo, "cuts" | "layers">, most: number): CutPlans {
  const places = cuts.map(({ layer }) => layer);
  if (places.length === 0) return { singles: [], three: undefined, four: undefined };
  const narrowest = cuts.reduce((best, cut) =>
    (cut.liveBytes ?? Infinity) < (best.liveBytes ?? Infinity) ? cut : best,
  );
  const informative = [narrowest.layer, ...(balanced(places, layers, 2) ?? []), places[0]!, places.at(-1)!];
  const spread = Array.from({ length: most }, (_, i) => places[Math.floor((i * places.length) / most)]!);
  return {
    singles: [...new Set([...informative, ...spread])].slice(0, most),
    three: balanced(places, layers, 3),
    four: balanced(places, layers, 4),
  };
}

/**
 * Cuts after about 1/n, 2/n … of the model's time, or of its layers if times are unknown. `undefined` if there are too few
 * places.
 */
function balanced(places: readonly number[], layers: ModelInfo["layers"], stageCount: number): number[] | undefined {
  if (places.length < stageCount - 1) return undefined;
  const isTimed = layers.some(({ ms }) => (ms ?? 0) > 0);
  let total = 0;
  const before = layers.map(({ ms }) => {
    const start = total;
    total += isTimed ? (ms ?? 0) : 1;
    return start;
  });
  const chosen: number[] = [];
  for (let cut = 1; cut < stageCount; cut++) {
    // Leave enough places for the following cuts.
    const free = places
      .slice(0, places.length - (stageCount - 1 - cut))
      .filter((place) => place > (chosen.at(-1) ?? 0));
    const target = (cut * total) / stageCount;
    chosen.push(
      free.reduce((best, place) =>
        Math.abs(before[place]! - target) < Math.abs(before[best]! - target) ? place : best,
      ),
    );
  }
  return chosen;
}
