import { isJsonObject, type JsonObject } from "../artifacts.js";

export interface InnerLayer {
  readonly className: string;
  readonly name: string;
  readonly config: JsonObject;
}

/** The layer in a wrapper, the layers of a nested model, as far as they can be made out. */
export function innerLayers(config: JsonObject): InnerLayer[] {
  const { layer, layers } = config;
  return [layer, ...(Array.isArray(layers) ? layers : [])].filter(isJsonObject).map((inner) => {
    const innerConfig = Array.isArray(inner.config) ? { layers: inner.config } : inner.config;
    const known: JsonObject = isJsonObject(innerConfig) ? innerConfig : {};
    return { className: text(inner.class_name), name: text(known.name ?? inner.name), config: known };
  });
}

/** An object in a damaged file may have no text at all. */
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
