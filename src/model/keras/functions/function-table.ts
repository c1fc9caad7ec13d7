import { ELEMENTWISE } from "./elementwise.js";
import type { KerasFunction } from "./function-call.js";
import { INDEXING } from "./indexing.js";
import { MATRICES } from "./matrices.js";
import { PICTURES } from "./pictures.js";
import { PRODUCTS } from "./products.js";
import { REDUCTIONS } from "./reductions.js";
import { SHAPES } from "./shapes.js";

const FUNCTIONS: ReadonlyMap<string, KerasFunction> = new Map([
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...SHAPES,
  ...INDEXING,
  ...PRODUCTS,
  ...MATRICES,
  ...PICTURES,
]);

/** A function of a library, as a function of the table above. */
export interface LibraryFunction extends KerasFunction {
  /** Our names of its parameters, by the names that the library gives them; in order. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Read a table with a line for each function of a library: its names there (with "|" between them), the name of ours, and its
 * parameters in order; `ours=theirs` where the names differ.
 */
export function readLibrary(table: string): ReadonlyMap<string, LibraryFunction> {
  const lines = table.split("\n").map((line) => line.trim().split(/\s+/));
  return new Map(
    lines.flatMap(([names, own, ...parameters]) => {
      const known = FUNCTIONS.get(own ?? "");
      if (names === undefined || known === undefined) return [];
      const pairs = parameters.map((each): [string, string] => {
        const [ours, theirs] = each.split("=") as [string, string | undefined];
        return [theirs ?? ours, ours];
      });
      return names.split("|").map((name): [string, LibraryFunction] => [name, { ...known, names: new Map(pairs) }]);
    }),
  );
}
