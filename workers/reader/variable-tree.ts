import type { H5File } from "./h5-file.js";
import { damaged } from "./limits.js";
import type { NamedDataset } from "./read-weights.js";

/** Levels of groups. Keras takes two for each layer within a layer. */
const MOST_DEPTH = 64;
const MOST_OBJECTS = 100_000;

/**
 * Find the variables in the weights of a `.keras` file: `layers/dense/vars/0` and so on, in the order of names and numbers. What the
 * optimiser and random generators keep is left out.
 * @throws ShardError "model-malformed", also for groups that contain themselves.
 */
export function listVariables(file: H5File): NamedDataset[] {
  const found: NamedDataset[] = [];
  let objectCount = 0;
  const visit = (group: string, depth: number): void => {
    if (depth > MOST_DEPTH) throw damaged(file.name, `groups nested at most ${MOST_DEPTH} deep`, "deeper ones");
    for (const name of file.namesIn(group === "" ? "/" : group).toSorted(byNumber)) {
      if (++objectCount > MOST_OBJECTS)
        throw damaged(file.name, `at most ${MOST_OBJECTS} groups and variables`, "more");
      if ((depth === 0 && name === "optimizer") || /seed_generator/.test(name)) continue;
      const path = group === "" ? name : `${group}/${name}`;
      const kind = file.kindOf(path);
      if (kind === "group") visit(path, depth + 1);
      // The first versions of this format named the list of layers otherwise.
      if (kind === "dataset") {
        found.push({
          name: path.replaceAll("_layer_checkpoint_dependencies/", "layers/"),
          dataset: file.dataset(path),
        });
      }
    }
  };
  visit("", 0);
  return found;
}

function byNumber(a: string, b: string): number {
  const isNumber = /^\d+$/.test(a) && /^\d+$/.test(b);
  return isNumber ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0;
}
