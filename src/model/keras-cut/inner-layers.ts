import { isJsonObject, type JsonObject } from "../artifacts.js";

export interface InnerLayer {
  readonly className: string;
  readonly name: string;
  readonly config: JsonObject;
}

/** The layer inside a wrapper, or the layers of a nested model. Entries that are not objects are left out. */
export function innerLayers(config: JsonObject): InnerLayer[] {
  const { layer, layers } = config;
  return [layer, ...(Array.isArray(layers) ? layers : [])].filter(isJsonObject).map((inner) => {
    const innerConfig = Array.isArray(inner.config) ? { layers: inner.config } : inner.config;
    const known: JsonObject = isJsonObject(innerConfig) ? innerConfig : {};
    return { className: text(inner.class_name), name: text(known.name ?? inner.name), config: known };
  });
}

/** Unlike `String(value)`, this never throws, whatever a damaged file holds. */
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
