import { isJsonObject, type JsonObject } from "../../artifacts.js";

/** TF.js writes configs with camel-case keys and values if it is asked for its own style. */
export function isCamelCase(config: JsonObject): boolean {
  return typeof config.className === "string" && config.class_name === undefined;
}

/** Values of these keys are names that people gave. */
const NAMES = new Set(["name", "class_name", "equation", "vocabulary"]);
/** Values of these keys refer to layers. */
const REFERENCES = new Set(["inbound_nodes", "input_layers", "output_layers"]);

/** Write the keys of a config in snake case, and its values where they are words, such as `channelsLast`. */
export function toSnakeCase(config: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]): [string, unknown] => {
      const snake = snakeCase(key);
      return [snake, NAMES.has(snake) ? value : valueOf(value, REFERENCES.has(snake))];
    }),
  );
}

function valueOf(value: unknown, isReference: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => valueOf(each, isReference));
  if (isJsonObject(value)) return isReference ? value : toSnakeCase(value);
  const isWord = typeof value === "string" && /^[a-z]+([A-Z][a-z0-9]*)+$/.test(value);
  return isWord && !isReference ? snakeCase(value) : value;
}

function snakeCase(text: string): string {
  return text.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
