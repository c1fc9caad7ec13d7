import { show } from "../malformed.js";
import { type Emitter, FLOAT, requireFloat, type Symbolic, Untranslatable } from "./emitter.js";
import type { EmitLayer } from "./emit-layer.js";
import { type LayerCall, PLAIN_CALL } from "./layer-call.js";
import { LayerConfig, readLayerConfig } from "./layer-config.js";
import { emitCell, stateCountOf, type CellRun } from "./recurrent-cell.js";
import type { CellPlace } from "./recurrent-weights.js";

/** What a recurrent layer needs to know beside its config when it stands in a wrapper. */
export interface RecurrentContext {
  /** Scopes of its weights. */
  readonly paths: CellPlace["paths"];
  /** Overrides the option of that name. */
  readonly zeroOutputForMask?: boolean;
  /** Run over masked steps as over others. Sequences of outputs keep the mask all the same. */
  readonly ignoresMask?: boolean;
}

/**
 * LSTM, GRU, SimpleRNN, and RNN with any of their cells or several of them. Inputs: a sequence `[batch, time, features]`, then the
 * initial states, if given. Outputs: the sequence of outputs or the last one, then the final states with `return_state`.
 * States start at zero in every call, with `stateful` too. Dropout does nothing at inference.
 * Source: Keras' documentation of its recurrent layers; masks as in its `backend.rnn`.
 */
export const emitRecurrentLayer: EmitLayer = (emitter, layer, inputs, name, call) =>
  emitRecurrence(emitter, layer, inputs, name, {
    paths: [[layer.name], name.split("/")],
    ignoresMask: ignoresMask(emitter, inputs, call),
  });

/**
 * Keras 3 passes the mask of a sequence to its layer by itself only if no states come with it.
 * Source: step 6 of `Layer.__call__` in Keras 3.15.
 */
export function ignoresMask(emitter: Emitter, inputs: readonly Symbolic[], call: LayerCall = PLAIN_CALL): boolean {
  const isGiven = call.tensors.has("mask") || call.options.mask !== undefined;
  return emitter.kerasMajor === 3 && inputs.length > 1 && !isGiven;
}

export function emitRecurrence(
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  name: string,
  context: RecurrentContext,
): Symbolic[] {
  requireNoConstants(layer);
  const { cells, areReversed } = cellsOf(emitter, layer);
  const isTimeMajor = layer.boolean("time_major", false);
  const [given, ...initialStates] = inputs;
  const x = swapped(emitter, `${name}/x`, requireFloat(given!), isTimeMajor);
  if (x.shape.length !== 3) throw new Untranslatable(`an input of rank ${x.shape.length}`);
  if (given!.mask !== undefined && layer.className.startsWith("CuDNN")) throw new Untranslatable("a mask");
  const mask =
    given!.mask && context.ignoresMask !== true
      ? stepMask(swapped(emitter, `${name}/mask`, given!.mask, isTimeMajor))
      : undefined;
  const returnSequences = layer.boolean("return_sequences", false);
  const { output, states } = emitCells(emitter, isTimeMajor && returnSequences ? `${name}/run` : name, cells, context, {
    x,
    mask,
    initialStates: statesOfCells(cells, initialStates, areReversed),
    goBackwards: layer.boolean("go_backwards", false),
    returnSequences,
    zeroOutputForMask: context.zeroOutputForMask ?? layer.boolean("zero_output_for_mask", false),
  });
  const ordered = (areReversed ? states.toReversed() : states).flat();
  const first = returnSequences ? swapped(emitter, name, output, isTimeMajor) : output;
  const masked = { ...first, mask: returnSequences ? given!.mask : undefined };
  return layer.boolean("return_state", false) ? [masked, ...ordered] : [masked];
}

/** The cells of a layer. `areReversed`: its states are listed from the last cell to the first. */
function cellsOf(emitter: Emitter, layer: LayerConfig): { cells: readonly LayerConfig[]; areReversed: boolean } {
  if (layer.className !== "RNN") return { cells: [layer], areReversed: false };
  const cell = readLayerConfig(layer.config.cell);
  if (cell.className !== "StackedRNNCells") return { cells: [cell], areReversed: false };
  const { cells } = cell.config;
  if (!Array.isArray(cells) || cells.length === 0) throw new Untranslatable("StackedRNNCells without cells");
  return { cells: cells.map(readLayerConfig), areReversed: cell.boolean("reverse_state_order", emitter.isOfTfjs) };
}

/**
 * Cells that are stacked run one after another over the whole sequence, which gives the same as all of them step by step. A masked
 * step changes no state of any cell.
 */
function emitCells(
  emitter: Emitter,
  name: string,
  cells: readonly LayerConfig[],
  { paths }: RecurrentContext,
  run: Omit<CellRun, "initialStates"> & { readonly initialStates: readonly (readonly Symbolic[])[] | undefined },
): { output: Symbolic; states: (readonly Symbolic[])[] } {
  const states: (readonly Symbolic[])[] = [];
  let { x, mask } = run;
  for (const [index, cell] of cells.entries()) {
    const isLast = index === cells.length - 1;
    const isFirst = index === 0;
    // TF.js names the cells by their number.
    const names = [cell.name, `RNNCell_${index}`];
    const place: CellPlace = cell.className.endsWith("Cell")
      ? {
          paths: paths.flatMap((path) => names.map((each) => [...path, each])),
          inLayer: { paths, cellIndex: index, cellCount: cells.length },
        }
      : { paths };
    const result = emitCell(emitter, isLast ? name : `${name}/cell_${index}`, cell, place, {
      x,
      mask,
      initialStates: run.initialStates?.[index],
      goBackwards: run.goBackwards && isFirst,
      returnSequences: run.returnSequences || !isLast,
      zeroOutputForMask: run.zeroOutputForMask && isLast,
    });
    states.push(result.states);
    x = result.output;
    // The first cell gives its outputs in the order of its computation.
    if (isFirst && run.goBackwards && !isLast && mask !== undefined)
      mask = reversed(emitter, `${name}/mask_reversed`, mask);
  }
  return { output: x, states };
}

export function reversed(emitter: Emitter, name: string, x: Symbolic, axis = 1): Symbolic {
  const attr = { T: { type: x.dtype === "bool" ? "DT_BOOL" : "DT_FLOAT" }, Tidx: { type: "DT_INT32" } };
  return {
    ...x,
    reference: emitter.node(name, "ReverseV2", [x.reference, emitter.int32(`${name}/axis`, [axis])], attr),
  };
}

function statesOfCells(
  cells: readonly LayerConfig[],
  given: readonly Symbolic[],
  areReversed: boolean,
): readonly (readonly Symbolic[])[] | undefined {
  if (given.length === 0) return undefined;
  const rest = [...given];
  const inOrder = areReversed ? cells.toReversed() : cells;
  const states = inOrder.map((cell) => rest.splice(0, stateCountOf(cell)));
  if (rest.length > 0) throw new Untranslatable(`${given.length} initial states`);
  return areReversed ? states.reverse() : states;
}

/** Swap batch and time if time comes first. */
function swapped(emitter: Emitter, name: string, x: Symbolic, isTimeMajor: boolean): Symbolic {
  if (!isTimeMajor) return x;
  const axes = x.shape.map((_, axis) => (axis < 2 ? 1 - axis : axis));
  const attr = x.dtype === "bool" ? { T: { type: "DT_BOOL" } } : FLOAT;
  const reference = emitter.node(name, "Transpose", [x.reference, emitter.int32(`${name}/perm`, axes)], attr);
  return { ...x, reference, shape: axes.map((axis) => x.shape[axis]) };
}

/** @throws Untranslatable unless the mask has one value for each step. */
export function stepMask(mask: Symbolic): Symbolic {
  if (mask.shape.length === 2) return mask;
  throw new Untranslatable(`a mask of rank ${mask.shape.length} for a recurrent layer`);
}

export function requireNoConstants({ config }: LayerConfig): void {
  const count = config.num_constants ?? 0;
  if (count !== 0) throw new Untranslatable(`num_constants = ${show(count, 20)}`);
}
