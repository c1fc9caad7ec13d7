import type { ModelInfo } from "../../index.js";
import type { SpeedResult } from "./speed-result.js";

/** Another number once `SpeedResult` changes. */
const KEY = "inference-sharder/speed/2";
const MAX_ENTRIES = 12;

/** What a measurement holds for: the model, by what is known of it without its name, and the machine. */
export function speedKey({ format, weightBytes, layerCount, inputs }: ModelInfo, coreCount: number): string {
  const shapes = inputs.map(({ name, shape }) => `${name}[${shape?.join(",") ?? ""}]`).join(" ");
  return `${format} ${weightBytes} ${layerCount} ${shapes} ${coreCount}`;
}

/**
 * @param itemShape of the items, if only what was measured with such items is of use; otherwise the latest.
 * @returns `undefined` where nothing is kept, or where the browser keeps nothing.
 */
export function readSpeed(key: string, itemShape?: string): SpeedResult | undefined {
  const found = readAll().filter((entry) => entry.key === key);
  return found.find(({ result }) => itemShape === undefined || result.itemShape === itemShape)?.result;
}

/** Keeps the latest results, one for each key and shape of items. In a private window, they are lost with it. */
export function keepSpeed(key: string, result: SpeedResult): void {
  const others = readAll().filter((entry) => entry.key !== key || entry.result.itemShape !== result.itemShape);
  try {
    localStorage.setItem(KEY, JSON.stringify([{ key, result }, ...others].slice(0, MAX_ENTRIES)));
  } catch {
    // Storage is full, or not allowed: the result is shown all the same.
  }
}

interface Entry {
  readonly key: string;
  readonly result: SpeedResult;
}

function readAll(): Entry[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isEntry) : [];
  } catch {
    return [];
  }
}

/** Anyone may have written there. */
function isEntry(value: unknown): value is Entry {
  if (!isObject(value) || typeof value["key"] !== "string" || !isObject(value["result"])) return false;
  const { measuredAt, itemCount, itemShape, workers, all, one, plain } = value["result"];
  const areTexts = typeof measuredAt === "string" && typeof itemShape === "string";
  const isKnown = areTexts && typeof itemCount === "number" && Array.isArray(workers);
  return isKnown && isSubject(all) && [one, plain].every((each) => each === undefined || isSubject(each));
}

function isSubject(value: unknown): boolean {
  if (!isObject(value) || !isObject(value["rates"]) || typeof value["device"] !== "string") return false;
  const { min, median, max } = value["rates"];
  return [min, median, max].every((rate) => typeof rate === "number" && rate > 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
