import { parseReference, type GraphNode } from "../graph/graph.js";
import { asJsonObject, asNumber } from "../artifacts.js";
import type { LoopBody } from "./loop-body.js";
import { matchCell } from "./match-cell.js";
import type { MatchedCell } from "./matched-cell.js";
import type { LoopVariable } from "./read-loops.js";

/** A loop that is a recurrent layer. References are to tensors outside the loop. */
export interface MatchedRecurrence {
  readonly cell: MatchedCell;
  readonly x: Sequence;
  /** `[batch, time]`, in the order of x. */
  readonly mask: string | undefined;
  readonly zeroOutputForMask: boolean;
  /** How many steps are made; `undefined`: as many as x has. */
  readonly stepCount: number | undefined;
  /** In the order of the cell. */
  readonly states: readonly { readonly initial: string; readonly isZero: boolean; readonly exits: readonly string[] }[];
  /** The node that stacks the outputs, if anything reads them: of all steps, or of the last one alone. */
  readonly list: { readonly stack: string; readonly isAll: boolean } | undefined;
}

interface Sequence {
  readonly reference: string;
  /** `[batch, time, …]`, else `[time, batch, …]`. */
  readonly isBatchMajor: boolean;
  /** The last step comes first. */
  readonly isReversed: boolean;
  /** The tensor whose axis 0 is the time, before it was put into the list. */
  readonly timeMajor: string;
}

type Readers = ReadonlyMap<string, readonly GraphNode[]>;

/** @returns `undefined` if anything in the loop is not as in Keras' recurrent layers. */
export function matchRecurrence(body: LoopBody, readers: Readers): MatchedRecurrence | undefined {
  const used = new Set<LoopVariable>(body.loop.variables.filter((each) => body.isInvariant(each)));
  const count = matchCount(body);
  if (count === undefined) return undefined;
  for (const each of count.counters) used.add(each);
  const list = matchList(body, readers);
  if (list === "unknown") return undefined;
  if (list !== undefined) used.add(list.variable);
  const found = list === undefined ? matchStates(body) : matchMasked(body, list.value);
  if (found === undefined) return undefined;
  const { cell, mask, zeroOutputForMask, previous } = found;
  for (const each of [...cell.states, ...(previous === undefined ? [] : [previous])]) used.add(each);
  if (body.loop.variables.some((each) => !used.has(each))) return undefined;
  const states = cell.states.map((state, index) => matchState(body, state, cell.nextStates[index]!, mask));
  if (!states.every((state) => state !== undefined)) return undefined;
  // Nothing may read what a node doesn't give.
  const hidden = [...used].filter((each) => !cell.states.includes(each) && each !== list?.variable);
  if (hidden.some(({ exits }) => exits.some((exit) => (readers.get(exit) ?? []).length > 0))) return undefined;
  const x = sequenceOf(body, cell.x);
  const maskSequence = mask === undefined ? undefined : sequenceOf(body, mask);
  if (x === undefined || (mask !== undefined && maskSequence === undefined)) return undefined;
  const stepCount = stepsOf(body, count.limit, x);
  if (stepCount === "unknown" || (list !== undefined && !isCountOf(body, list, count.limit, x))) return undefined;
  const steps = maskSequence && maskOfSteps(body, maskSequence, x);
  if (maskSequence !== undefined && steps === undefined) return undefined;
  const read = list?.stack === undefined ? undefined : { stack: list.stack, isAll: list.isAll };
  return { cell, x, mask: steps, zeroOutputForMask, stepCount, states, list: read };
}

interface Count {
  /** The variables that count the steps from zero: equal in every step. */
  readonly counters: readonly LoopVariable[];
  /** The number of steps, as a reference outside the loop. */
  readonly limit: string;
}

/** The loop runs while time < limit, where time goes up by one from zero. */
function matchCount(body: LoopBody): Count | undefined {
  const { condition, variables } = body.loop;
  const counting = variables.filter((each) => isCounter(body, each));
  const both = body.node(condition, "LogicalAnd");
  const bounds = (both === undefined ? [condition] : both.node.input).map((each) => lessThan(body, each));
  const [first, second = first] = bounds;
  if (first === undefined || second === undefined || bounds.length > 2) return undefined;
  if (![first, second].every(({ variable }) => counting.includes(variable))) return undefined;
  // Two bounds are the same, or one is never reached.
  const limit = first.limit === second.limit ? first.limit : smaller(body, first.limit, second.limit);
  if (limit === undefined) return undefined;
  return { counters: counting, limit };
}

function smaller(body: LoopBody, a: string, b: string): string | undefined {
  const [x, y] = [body.constants.integers(a), body.constants.integers(b)];
  if (x?.length !== 1 || y?.length !== 1) return undefined;
  return x[0]! <= y[0]! ? a : b;
}

function lessThan(body: LoopBody, reference: string): { variable: LoopVariable; limit: string } | undefined {
  const node = body.node(reference, "Less");
  const [a, b] = node?.node.input ?? [];
  const variable = body.variable(a);
  const limit = body.fixed(b);
  return variable && limit !== undefined ? { variable, limit } : undefined;
}

function isCounter(body: LoopBody, variable: LoopVariable): boolean {
  const sum = body.node(variable.next, "AddV2", "Add");
  const start = body.constants.integers(variable.initial);
  if (sum === undefined || start?.length !== 1 || start[0] !== 0) return false;
  return body.orders(sum).some(([a, b]) => body.variable(a) === variable && body.integer(b) === 1);
}

/** Whether a reference is a variable that counts the steps from zero. */
function isTime(body: LoopBody, reference: string | undefined): boolean {
  const variable = body.variable(reference);
  return variable !== undefined && isCounter(body, variable);
}

interface OutputList {
  readonly variable: LoopVariable;
  /** `undefined` if nothing reads the list. */
  readonly stack: string | undefined;
  readonly isAll: boolean;
  /** What is written in a step, as a reference within the body. */
  readonly value: string;
  /** How many elements the list has, outside the loop. */
  readonly size: string;
}

/** The list of outputs: one that is reserved before the loop, written in each step and stacked behind it. */
function matchList(body: LoopBody, readers: Readers): OutputList | "unknown" | undefined {
  const lists = body.loop.variables.flatMap((variable): (OutputList | "unknown")[] => {
    const written = body.node(variable.next, "TensorListSetItem");
    if (written === undefined) return [];
    const [handle, index, value] = written.node.input;
    const reserved = body.outside(variable.initial)?.node;
    const [exit, ...otherExits] = variable.exits;
    const [stack, ...otherReaders] = exit === undefined ? [] : (readers.get(exit) ?? []);
    const isStacked = stack === undefined || stack.op === "TensorListStack";
    const isFitting = body.variable(handle) === variable && reserved?.op === "TensorListReserve";
    if (!isFitting || !isStacked || otherExits.length > 0 || otherReaders.length > 0 || value === undefined)
      return ["unknown"];
    const isAll = isTime(body, index);
    if (!isAll && body.integer(index) !== 0) return ["unknown"];
    return [{ variable, stack: stack?.name, isAll, value, size: reserved.input[1]! }];
  });
  return lists.length > 1 ? "unknown" : lists[0];
}

/** Whether the list has as many elements as are written. */
function isCountOf(body: LoopBody, { isAll, size }: OutputList, limit: string, x: Sequence): boolean {
  if (!isAll) return body.constants.integers(size)?.join() === "1";
  const given = body.constants.integers(size)?.join();
  if (given !== undefined) return given === body.constants.integers(limit)?.join();
  return size === limit || (isTimeOf(body, size, x) && isTimeOf(body, limit, x));
}

interface MaskedCell {
  readonly cell: MatchedCell;
  readonly mask: string | undefined;
  readonly zeroOutputForMask: boolean;
  /** The variable that holds the output before a step. */
  readonly previous: LoopVariable | undefined;
}

/** A cell whose outputs nothing reads, only its states. */
function matchStates(body: LoopBody): MaskedCell | undefined {
  for (const variable of body.loop.variables) {
    const choice = body.node(variable.next, "SelectV2");
    const [mask, after, before] = choice?.node.input ?? [];
    const isMasked = mask !== undefined && after !== undefined && body.variable(before) === variable;
    const cell = matchCell(body, isMasked ? after : variable.next);
    if (cell?.states[0] === variable) {
      return { cell, mask: isMasked ? mask : undefined, zeroOutputForMask: false, previous: undefined };
    }
  }
  return undefined;
}

/** A cell, with its outputs and states chosen by a mask, or without one. */
function matchMasked(body: LoopBody, output: string): MaskedCell | undefined {
  const choice = body.node(output, "SelectV2");
  const plain = matchCell(body, output);
  if (choice === undefined) {
    return plain && { cell: plain, mask: undefined, zeroOutputForMask: false, previous: undefined };
  }
  const [mask, after, before] = choice.node.input;
  const cell = after === undefined ? undefined : matchCell(body, after);
  if (cell === undefined || mask === undefined || before === undefined) return undefined;
  const previous = body.variable(before);
  if (previous === undefined) {
    const isZero = isZeros(body, body.fixed(before));
    return isZero ? { cell, mask, zeroOutputForMask: true, previous: undefined } : undefined;
  }
  // The output before the first step is zero, and then what was written last.
  const isOutputBefore = isZeros(body, previous.initial) && isSameTensor(body, previous.next, output);
  return isOutputBefore ? { cell, mask, zeroOutputForMask: false, previous } : undefined;
}

function matchState(body: LoopBody, state: LoopVariable, next: string, mask: string | undefined) {
  const { initial, exits } = state;
  const result = { initial, isZero: isZeros(body, initial), exits };
  if (mask === undefined) return isSameTensor(body, state.next, next) ? result : undefined;
  const choice = body.node(state.next, "SelectV2");
  const [condition, after, before] = choice?.node.input ?? [];
  const isChosen =
    isSameTensor(body, condition, mask) && isSameTensor(body, after, next) && body.variable(before) === state;
  return isChosen ? result : undefined;
}

function isSameTensor(body: LoopBody, a: string | undefined, b: string | undefined): boolean {
  const [x, y] = [a, b].map((each) => (each === undefined ? undefined : body.resolve(each)));
  return x?.kind === "node" && y?.kind === "node" && x.node === y.node && x.index === y.index;
}

/** Whether a tensor outside the loop holds zeros. */
function isZeros(body: LoopBody, reference: string | undefined): boolean {
  const source = reference === undefined ? undefined : body.outside(reference);
  if (source?.node.op === "ZerosLike") return true;
  return source?.node.op === "Fill" && body.constants.scalar(source.node.input[1]) === 0;
}

/** The sequence whose element at `time` a step reads. */
function sequenceOf(body: LoopBody, reference: string): Sequence | undefined {
  const read = body.node(reference, "TensorListGetItem");
  const [handle, index] = read?.node.input ?? [];
  const list = body.fixed(handle);
  const made = list === undefined ? undefined : body.outside(list)?.node;
  if (made?.op !== "TensorListFromTensor" || !isTime(body, index)) return undefined;
  const listed = made.input[0]!;
  const reversal = body.outside(listed)?.node;
  const isReversed = reversal?.op === "ReverseV2" && body.constants.integers(reversal.input[1])?.join() === "0";
  const timeMajor = isReversed ? reversal.input[0]! : listed;
  const swap = body.outside(timeMajor)?.node;
  const isBatchMajor = swap?.op === "Transpose" && body.constants.integers(swap.input[1])?.join() === "1,0,2";
  return { reference: isBatchMajor ? swap.input[0]! : timeMajor, isBatchMajor, isReversed, timeMajor };
}

/** Whether a number outside the loop is how many steps the sequence has. */
function isTimeOf(body: LoopBody, reference: string, x: Sequence): boolean {
  const slice = body.outside(reference)?.node;
  if (slice?.op !== "StridedSlice") return false;
  const [from, to, step] = slice.input.slice(1).map((each) => body.constants.integers(each)?.join());
  const isOne = asNumber(asJsonObject(slice.attr.shrink_axis_mask).i) === 1 && step === "1";
  const shape = body.outside(slice.input[0]!)?.node;
  if (!isOne || shape?.op !== "Shape") return false;
  const source = key(shape.input[0]!);
  if (source === key(x.timeMajor)) return from === "0" && to === "1";
  return x.isBatchMajor && source === key(x.reference) && from === "1" && to === "2";
}

function key(reference: string): string {
  const { node, index } = parseReference(reference);
  return `${node}:${index}`;
}

function stepsOf(body: LoopBody, limit: string, x: Sequence): number | "unknown" | undefined {
  const constant = body.constants.integers(limit);
  if (constant?.length === 1) return constant[0]! > 0 ? constant[0] : "unknown";
  return isTimeOf(body, limit, x) ? undefined : "unknown";
}

/** The mask as `[batch, time]`, from a sequence `[time, batch, 1]` that is read in the same order as x. */
function maskOfSteps(body: LoopBody, mask: Sequence, x: Sequence): string | undefined {
  const wide = body.outside(mask.reference)?.node;
  if (!mask.isBatchMajor || mask.isReversed !== x.isReversed || wide?.op !== "ExpandDims") return undefined;
  const axis = body.constants.integers(wide.input[1])?.join();
  return axis === "-1" || axis === "2" ? wide.input[0]! : undefined;
}
