import { recurrentAttrs, RECURRENT_CELLS, type RecurrentOp } from "../recurrent-ops.js";
import type { StoredWeight, WeightRecipe } from "../../protocol/weight-recipe.js";
import { requireShape, reshaped } from "./convolutions.js";
import { attrs, type Emitter, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";
import { readRecurrentActivation } from "./recurrent-activation.js";
import { cellWeight, findWeight, fromCudnn, isCudnnBias, type CellPlace } from "./recurrent-weights.js";

const OPS: ReadonlyMap<string, RecurrentOp> = new Map([
  ["LSTM", "_SharderLstm"],
  ["LSTMCell", "_SharderLstm"],
  ["CuDNNLSTM", "_SharderLstm"],
  ["GRU", "_SharderGru"],
  ["GRUCell", "_SharderGru"],
  ["CuDNNGRU", "_SharderGru"],
  ["SimpleRNN", "_SharderRnn"],
  ["SimpleRNNCell", "_SharderRnn"],
]);

/** How a cell runs over a sequence. */
export interface CellRun {
  readonly x: Symbolic;
  /** `undefined`: every step counts. */
  readonly mask: Symbolic | undefined;
  /** One for each state, or `undefined`: zeros. */
  readonly initialStates: readonly Symbolic[] | undefined;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly zeroOutputForMask: boolean;
}

export interface CellResult {
  readonly output: Symbolic;
  readonly states: readonly Symbolic[];
}

/** How many states a cell has. @throws Untranslatable for a class of cell that is not known. */
export function stateCountOf({ className }: LayerConfig): number {
  return RECURRENT_CELLS[opOf(className)].stateCount;
}

function opOf(className: string): RecurrentOp {
  const op = OPS.get(className);
  if (op === undefined) throw new Untranslatable(`a cell of class ${className}`);
  return op;
}

/**
 * Emit the run of a cell over a sequence `[batch, time, features]` as one node.
 * @param cell the config of a cell, or of a layer that holds the options of its cell.
 */
export function emitCell(
  emitter: Emitter,
  name: string,
  cell: LayerConfig,
  place: CellPlace,
  run: CellRun,
): CellResult {
  const op = opOf(cell.className);
  const [batch, time, features] = run.x.shape;
  const [units] = cell.sizes("units", 1) as [number];
  const { gateCount, stateCount } = RECURRENT_CELLS[op];
  if (features === undefined) throw new Untranslatable("an unknown number of features");
  const initialStates = run.initialStates ?? [];
  if (initialStates.length > 0) requireStates(initialStates, stateCount, units);
  const scope = place.paths[0]!.join("/");
  const hasBias = cell.boolean("use_bias", true);
  const resetAfter = op === "_SharderGru" && readResetAfter(emitter, cell, place, hasBias);
  const weights = weightsOf(emitter, scope, place, { features, units, gateCount, hasBias, resetAfter });
  const given = [run.x, ...(run.mask === undefined ? [] : [run.mask]), ...initialStates];
  const attr = recurrentAttrs({
    activation: readRecurrentActivation(emitter, cell.config.activation ?? "tanh"),
    recurrentActivation:
      op === "_SharderRnn" ? "linear" : readRecurrentActivation(emitter, cell.config.recurrent_activation ?? "sigmoid"),
    goBackwards: run.goBackwards,
    returnSequences: run.returnSequences,
    zeroOutputForMask: run.zeroOutputForMask,
    resetAfter,
    hasMask: run.mask !== undefined,
    hasInitialState: initialStates.length > 0,
    hasBias,
  });
  const reference = emitter.node(name, op, [...given.map((each) => each.reference), ...weights], attr);
  return results(reference, { batch, time, inner: [units], stateCount, isSequence: run.returnSequences });
}

interface Sizes {
  readonly features: number;
  readonly units: number;
  readonly gateCount: number;
  readonly hasBias: boolean;
  /** The bias has a row for each of the two products. */
  readonly resetAfter: boolean;
}

/** The kernel, the recurrent kernel and the bias, as the node reads them. */
function weightsOf(
  emitter: Emitter,
  scope: string,
  place: CellPlace,
  { features, units, gateCount, hasBias, resetAfter }: Sizes,
): string[] {
  const columns = gateCount * units;
  const kernel = cellWeight(emitter, place, "kernel", [features, columns]);
  const recurrent = cellWeight(emitter, place, "recurrent_kernel", [units, columns]);
  const bias = hasBias ? findWeight(emitter, place, "bias") : undefined;
  // GPUs had layers of their own in Keras before 2.3, whose weights other layers can load.
  const isCudnn = bias !== undefined && gateCount > 1 && isCudnnBias(bias, columns);
  const plain = (weight: StoredWeight, isRecurrent: boolean): WeightRecipe =>
    isCudnn ? fromCudnn(weight, gateCount, isRecurrent) : weight;
  const references = [
    emitter.constant(`${scope}/kernel`, plain(kernel, false)),
    emitter.constant(`${scope}/recurrent_kernel`, plain(recurrent, true)),
  ];
  if (bias === undefined) return references;
  if (!isCudnn) {
    requireShape(bias, resetAfter ? [2, columns] : [columns]);
    return [...references, emitter.constant(`${scope}/bias`, bias)];
  }
  const rows = emitter.constant(`${scope}/biases`, reshaped(bias, [2, columns]));
  if (resetAfter) return [...references, rows];
  if (gateCount === 3) throw new Untranslatable("biases of cuDNN without reset_after");
  const attr = { ...FLOAT, keep_dims: attrs.bool(false) };
  return [...references, emitter.node(`${scope}/bias`, "Sum", [rows, emitter.int32(`${scope}/axis`, [0])], attr)];
}

/** The outputs of a recurrent node as tensors. */
export function results(
  reference: string,
  {
    batch,
    time,
    inner,
    stateCount,
    isSequence,
  }: {
    readonly batch: number | undefined;
    readonly time: number | undefined;
    readonly inner: readonly (number | undefined)[];
    readonly stateCount: number;
    readonly isSequence: boolean;
  },
): CellResult {
  const state = { shape: [batch, ...inner], dtype: "float32" } as const;
  return {
    output: { reference, shape: isSequence ? [batch, time, ...inner] : [batch, ...inner], dtype: "float32" },
    states: Array.from({ length: stateCount }, (_, index) => ({ ...state, reference: `${reference}:${index + 1}` })),
  };
}

function requireStates(states: readonly Symbolic[], count: number, units: number): void {
  const fits = states.every(({ shape, dtype }) => dtype === "float32" && shape.length === 2 && shape[1] === units);
  if (states.length !== count || !fits) throw new Untranslatable("initial states of other shapes than the cell's");
}

/** Layers before Keras 2.2 don't have the option; then the shape of the bias shows it. */
function readResetAfter(emitter: Emitter, cell: LayerConfig, place: CellPlace, hasBias: boolean): boolean {
  if (cell.className === "CuDNNGRU") return true;
  if (cell.config.reset_after !== undefined && cell.config.reset_after !== null)
    return cell.boolean("reset_after", true);
  if (hasBias) return findWeight(emitter, place, "bias").shape.length === 2;
  return emitter.kerasMajor === 3;
}
