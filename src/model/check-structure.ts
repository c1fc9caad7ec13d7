import { malformed } from "./malformed.js";

/** Levels of nested lists and objects. Keras takes three for each model within a model; real files stay below 30. */
const MAX_DEPTH = 200;

/**
 * Refuse JSON that is nested so deep that recursive code (ours, structured cloning, TF.js) would run out of stack, and the key
 * "__proto__", which plain objects can't hold.
 *
 * @param what names the JSON in the message.
 * @throws ShardError "model-malformed"
 * O(size of the JSON), without recursion.
 */
export function checkStructure(value: unknown, what: string): void {
  let level: object[] = isObject(value) ? [value] : [];
  // Artifacts that come from memory, not from a file, may share parts or contain themselves.
  const seen = new Set<object>(level);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      throw malformed(`${what} of at most ${MAX_DEPTH} levels of nested lists and objects`, "more");
    }
    const next: object[] = [];
    for (const each of level) {
      if (Object.hasOwn(each, "__proto__")) throw malformed(`ordinary keys in ${what}`, '"__proto__"');
      for (const child of Object.values(each)) {
        if (!isObject(child) || seen.has(child)) continue;
        seen.add(child);
        next.push(child);
      }
    }
    level = next;
  }
}

/** Typed arrays hold bytes, not structure: walking them would only take time. */
function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}
