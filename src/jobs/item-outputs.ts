import { joinItems, toOutputValue } from "../protocol/outputs.js";
import { sliceRows } from "../protocol/rows.js";
import type { Outputs, OutputValue } from "../protocol/tensors.js";

/**
 * One item of a batch's outputs, as a batch of one would give it, even where the items' shapes differ.
 * @param row the item's place in the batch, from 0.
 */
export function itemOutputs(outputs: Outputs, row: number): Outputs {
  return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, rowOf(output, row)]));
}

function rowOf(output: OutputValue, row: number): OutputValue {
  if (output.dtype === "ragged") return toOutputValue(joinItems([output.items[row]!]));
  return sliceRows(output, row, 1);
}
