import { joinItems, raggedOf, toOutputValue } from "../protocol/outputs.js";
import { sliceRows } from "../protocol/rows.js";
import type { Outputs, OutputValue } from "../protocol/tensors.js";

/**
 * One item of a batch's outputs, as a batch of one would give it, even where the items' shapes differ. An output without a row for each
 * item (a statistic over them) is given whole, as the only row.
 * @param row the item's place in the batch, from 0.
 * @param itemCount of the batch.
 */
export function itemOutputs(outputs: Outputs, row: number, itemCount: number): Outputs {
  return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, rowOf(output, row, itemCount)]));
}

function rowOf(output: OutputValue, row: number, itemCount: number): OutputValue {
  if (output.dtype === "ragged") {
    return output.items.length === itemCount ? toOutputValue(joinItems([output.items[row]!])) : raggedOf(output.items);
  }
  return output.shape[0] === itemCount
    ? sliceRows(output, row, 1)
    : { ...output, shape: output.shape[0] === 1 ? output.shape : [1, ...output.shape] };
}
