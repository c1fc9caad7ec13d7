/**
 * What layers took in the stages that have run, by kind of worker. It serves deadlines of stages that have not run yet: after a re-cut or
 * a restart, and in the first job after them. A stage's time is spread evenly over its layers, which is good enough for that.
 */
export class LayerTimes {
  readonly #msPerItem = new Map<string, number[]>();

  /** @param msPerItem what one item took in a stage of these layers. */
  learn(kind: string, firstLayer: number, lastLayer: number, msPerItem: number): void {
    const times = this.#msPerItem.get(kind) ?? [];
    this.#msPerItem.set(kind, times);
    const layerMs = msPerItem / (lastLayer - firstLayer + 1);
    for (let layer = firstLayer; layer <= lastLayer; layer++) times[layer] = layerMs;
  }

  /** Ms per item; `undefined` if some of the layers have not run on this kind of worker. */
  predictMs(kind: string, firstLayer: number, lastLayer: number): number | undefined {
    const times = this.#msPerItem.get(kind) ?? [];
    let total = 0;
    for (let layer = firstLayer; layer <= lastLayer; layer++) total += times[layer] ?? NaN;
    return Number.isNaN(total) ? undefined : total;
  }
}
