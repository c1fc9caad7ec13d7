import { asJsonObject, isJsonObject, type JsonObject } from "../artifacts.js";

/** Change the nodes in the bodies of the functions. Whatever is not a node stays as it is: TF.js will refuse it. */
export function mapFunctionNodes(
  library: JsonObject | undefined,
  change: (op: string, attr: JsonObject) => JsonObject,
): JsonObject | undefined {
  if (library === undefined || !Array.isArray(library.function)) return library;
  const functions = library.function.map((each: unknown) => {
    if (!isJsonObject(each) || !Array.isArray(each.nodeDef)) return each;
    const nodeDef = each.nodeDef.map((node: unknown) =>
      isJsonObject(node) && typeof node.op === "string"
        ? { ...node, ...change(node.op, asJsonObject(node.attr)) }
        : node,
    );
    return { ...each, nodeDef };
  });
  return { ...library, function: functions };
}
