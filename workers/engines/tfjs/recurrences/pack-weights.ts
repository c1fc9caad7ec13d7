import type { RecurrentOp } from "../../../../src/model/recurrent-ops.js";
import type { KernelName } from "./kernel-module.js";

/** Columns of a panel in workers/kernels/product.ts. */
const PANEL = 8;

/** What a cell's weights are, as the model has them. */
export interface CellWeights {
  /** `[features, gates·units]` */
  readonly kernel: Float32Array;
  /** `[units, gates·units]` */
  readonly recurrentKernel: Float32Array;
  /** `[gates·units]`, or `[2, 3·units]` for a GRU with `reset_after`; `undefined`: zeros. */
  readonly bias: Float32Array | undefined;
}

/** The sizes of a cell. `paddedUnits` is `units`, rounded up to whole panels. */
export interface CellSizes {
  readonly features: number;
  readonly units: number;
  readonly paddedUnits: number;
}

/** Columns that one product gives: those of some gates, from the rows of one kernel or both. */
interface Section {
  readonly gates: readonly number[];
  readonly ofInput: boolean;
  readonly ofState: boolean;
}

/** How a kernel of workers/kernels/recurrences.ts reads its weights, and how many gates each row has there. */
const SECTIONS: Readonly<Record<CellKernel, readonly Section[]>> = {
  lstm: [{ gates: [0, 1, 2, 3], ofInput: true, ofState: true }],
  gruResetAfter: [
    { gates: [0, 1], ofInput: true, ofState: true },
    { gates: [2], ofInput: true, ofState: false },
    { gates: [2], ofInput: false, ofState: true },
  ],
  gruResetBefore: [
    { gates: [0, 1], ofInput: true, ofState: true },
    { gates: [2], ofInput: true, ofState: true },
  ],
  simple: [{ gates: [0], ofInput: true, ofState: true }],
};

export type CellKernel = Exclude<KernelName, "activateFour">;

/** The kernel of a cell; `undefined` for one that runs as TF.js's kernels. */
export function cellKernel(op: RecurrentOp, resetAfter: boolean): CellKernel | undefined {
  switch (op) {
    case "_SharderLstm":
      return "lstm";
    case "_SharderGru":
      return resetAfter ? "gruResetAfter" : "gruResetBefore";
    case "_SharderRnn":
      return "simple";
    case "_SharderConvLstm":
      return undefined;
  }
}

export function sizesOf(features: number, units: number): CellSizes {
  return { features, units, paddedUnits: Math.ceil(units / PANEL) * PANEL };
}

/** Gates that the kernel makes for each unit: numbers of one row of its `gates`. */
export function madeGateCount(kernel: CellKernel): number {
  return SECTIONS[kernel].reduce((count, { gates }) => count + gates.length, 0);
}

/** Numbers of the packed weights, without the biases. */
export function packedLength(kernel: CellKernel, { features, units, paddedUnits }: CellSizes): number {
  return SECTIONS[kernel].reduce(
    (sum, { gates, ofInput, ofState }) =>
      sum + gates.length * paddedUnits * ((ofInput ? features : 0) + (ofState ? units : 0)),
    0,
  );
}

/**
 * Write the weights as `product` reads them: section by section, panel by panel, row by row, eight columns at a time. Columns beyond a
 * gate's own units are zeros. Then come the biases, `paddedUnits` for each gate that the kernel makes.
 *
 * @param target room for `packedLength` and `madeGateCount · paddedUnits` numbers.
 */
export function packWeights(kernel: CellKernel, sizes: CellSizes, weights: CellWeights, target: Float32Array): void {
  const { features, units, paddedUnits } = sizes;
  let at = 0;
  for (const { gates, ofInput, ofState } of SECTIONS[kernel]) {
    for (const gate of gates) {
      for (let unit = 0; unit < paddedUnits; unit += PANEL) {
        const columns = { first: gate * units + unit, count: Math.min(PANEL, units - unit) };
        if (ofInput) at = packPanel(weights.kernel, features, columns, target, at);
        if (ofState) at = packPanel(weights.recurrentKernel, units, columns, target, at);
      }
    }
  }
  packBiases(kernel, sizes, weights.bias, target.subarray(at));
}

/** @returns where the next panel starts. */
function packPanel(
  matrix: Float32Array,
  rowCount: number,
  { first, count }: { readonly first: number; readonly count: number },
  target: Float32Array,
  start: number,
): number {
  const rowLength = matrix.length / rowCount;
  for (let row = 0; row < rowCount; row++) {
    const from = row * rowLength + first;
    const to = start + row * PANEL;
    for (let column = 0; column < PANEL; column++) target[to + column] = column < count ? matrix[from + column]! : 0;
  }
  return start + rowCount * PANEL;
}

/** Where both products go into one sum, so do their biases. */
function packBiases(
  kernel: CellKernel,
  { units, paddedUnits }: CellSizes,
  bias: Float32Array | undefined,
  target: Float32Array,
): void {
  const ofState = kernel === "gruResetAfter" ? bias?.subarray(3 * units) : undefined;
  let at = 0;
  for (const section of SECTIONS[kernel]) {
    for (const gate of section.gates) {
      for (let unit = 0; unit < paddedUnits; unit++) {
        const index = gate * units + unit;
        const first = section.ofInput ? (bias?.[index] ?? 0) : 0;
        const second = section.ofState ? (ofState?.[index] ?? 0) : 0;
        target[at++] = unit < units ? first + second : 0;
      }
    }
  }
}
