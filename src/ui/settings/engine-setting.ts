import type { Sharder } from "../../index.js";

/** Of TF.js models: the engine that they are made for, the one that they can be translated for, or the faster of both. */
export type EngineChoice = "tfjs" | "litert" | "auto";

export const ENGINE_TITLES: readonly (readonly [EngineChoice, string])[] = [
  ["tfjs", "TF.js"],
  ["litert", "LiteRT"],
  ["auto", "whichever is faster"],
];

const NAMES: Readonly<Record<string, string>> = { tfjs: "TF.js", litert: "LiteRT", onnx: "ONNX Runtime" };

export function engineName(engine: string): string {
  return NAMES[engine] ?? engine;
}

/** "Runs on TF.js. LiteRT: not tried yet, since …", for people. */
export function engineText({ workers, model }: Pick<Sharder, "workers" | "model">): string {
  const alive = workers.filter(({ state }) => state !== "dead");
  const used = [...new Set(alive.map(({ engine }) => engineName(engine)))].join(" and ");
  const litert = model.engines.find(({ engine }) => engine === "litert");
  const isUnknown = litert?.runs === undefined && litert?.reason === undefined;
  const why = isUnknown
    ? "LiteRT is tried once that is expected to save more time than its download and start take"
    : `LiteRT: ${litert.reason ?? "it runs this model"}`;
  return `Runs on ${used === "" ? "no engine" : used}. ${why}.`;
}
