import { asJsonObject, isJsonObject, type JsonObject, type ModelArtifacts, asNumber } from "../artifacts.js";
import { show } from "../malformed.js";
import { Untranslatable } from "./emitter.js";

/** One layer of a Keras config: its class, name and options. The type of an option is checked when it is read. */
export class LayerConfig {
  readonly className: string;
  readonly name: string;
  readonly config: JsonObject;

  constructor(className: string, name: string, config: JsonObject) {
    this.className = className;
    this.name = name;
    this.config = config;
  }

  /** @throws Untranslatable if the option is not a finite number, or is missing and there is no fallback. */
  number(key: string, fallback?: number): number {
    const value = this.config[key] ?? fallback;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.#unreadable(key);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.config[key] ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.#unreadable(key);
  }

  string(key: string, fallback?: string): string {
    const value = this.config[key] ?? fallback;
    if (typeof value === "string") return value;
    throw this.#unreadable(key);
  }

  /** Whole numbers ≥ 1, one for each of `rank` axes. A single number stands for all axes. */
  sizes(key: string, rank: number, fallback?: readonly number[]): number[] {
    const value = this.config[key] ?? fallback;
    const list = typeof value === "number" ? Array.from({ length: rank }, () => value) : value;
    const isList = Array.isArray(list) && list.length === rank;
    if (!isList || !list.every((each) => Number.isSafeInteger(each) && each >= 1)) throw this.#unreadable(key);
    return list.map(asNumber);
  }

  /** @throws Untranslatable unless the channels are the last axis. */
  requireChannelsLast(): void {
    const format = this.config.data_format ?? "channels_last";
    if (format !== "channels_last" && format !== "channelsLast") throw new Untranslatable("channels_first");
  }

  requireUngrouped(): void {
    if (this.number("groups", 1) !== 1) throw new Untranslatable("groups");
  }

  #unreadable(key: string): Untranslatable {
    return new Untranslatable(`option ${key} = ${show(this.config[key], 60)}`);
  }
}

/** How deep models may be nested within each other; no real model comes close. */
export const MAX_NESTING = 16;

/** @throws Untranslatable if the topology holds no config, SyntaxError if it holds text that is not JSON. */
export function readModelConfig({ modelTopology }: ModelArtifacts): LayerConfig {
  const topology = modelTopology as JsonObject;
  const config = topology.model_config ?? topology;
  return readLayerConfig(typeof config === "string" ? JSON.parse(config) : config);
}

/** Whether TF.js wrote a config. */
export function isOfTfjs({ modelTopology }: ModelArtifacts): boolean {
  const { keras_version: version } = modelTopology as JsonObject;
  return typeof version === "string" && version.startsWith("tfjs");
}

/** Which Keras wrote a config. Keras 2 and TF.js write no `batch_shape` and no dtype policies as objects. */
export function readKerasMajor({ modelTopology }: ModelArtifacts): 2 | 3 {
  const { keras_version: version } = modelTopology as JsonObject;
  if (typeof version === "string" && /^\d/.test(version)) return Number.parseInt(version, 10) >= 3 ? 3 : 2;
  return /"(batch_shape|DTypePolicy)"/.test(JSON.stringify(modelTopology).replaceAll('\\"', '"')) ? 3 : 2;
}

/** @throws Untranslatable if `value` is not a layer's config. */
export function readLayerConfig(value: unknown): LayerConfig {
  if (isJsonObject(value) && typeof value.class_name === "string") {
    const config = Array.isArray(value.config) ? { layers: value.config } : value.config;
    if (isJsonObject(config)) {
      const name = [config.name, value.name].find((each) => typeof each === "string");
      return new LayerConfig(value.class_name, String(name ?? value.class_name.toLowerCase()), config);
    }
  }
  throw new Untranslatable("a layer without class_name and config");
}

/** The name of the dtype in which a layer computes; `undefined` if its config has none. Keras 3 writes policies as objects. */
export function dtypeOf({ config }: LayerConfig): string | undefined {
  const { dtype } = config;
  if (typeof dtype === "string") return dtype;
  const policy = asJsonObject(dtype);
  const name = asJsonObject(policy.config).name ?? policy.name;
  return typeof name === "string" ? name : undefined;
}
