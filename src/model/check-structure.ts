import { malformed } from "./malformed.js";

/** Levels of lists and objects in each other. Keras takes three for each model within a model; real files stay below 30. */
const MAX_DEPTH = 200;

/**
 * Refuse JSON that code which walks it by recursion, here, in structured cloning and in TF.js, would run out of stack on, and
 * the one key that plain objects can't hold.
 *
 * @param what for the message.
 * @throws ShardError "model-malformed"
 * O(size of the JSON), without recursion.
 */
export function checkStructure(value: unknown, what: string): void {
  let level: object[] = isObject(value) ? [value] : [];
  // In memory, parts may be shared, or hold themselves.
  const seen = new Set<object>(level);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      throw malformed(`${what} of at most ${MAX_DEPTH} levels of lists and objects within each other`, "more");
    }
    const next: object[] = [];
    for (const each of level) {
      if (Object.hasOwn(each, "__proto__")) throw malformed(`keys that are names in ${what}`, '"__proto__"');
      for (const child of Object.values(each)) {
        if (!isObject(child) || seen.has(child)) continue;
        seen.add(child);
        next.push(child);
      }
    }
    level = next;
  }
}

/** Bytes are no structure. */
function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}
