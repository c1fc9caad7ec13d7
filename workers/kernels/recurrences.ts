/**
 * LSTM, GRU and simple recurrent layers over a block of rows and a chunk of steps, compiled by `npm run build:kernels`.
 *
 * The caller sets the globals, all addresses and distances in bytes, and calls the function of the cell. It allocates: the module
 * itself uses no memory. Numbers are float32. `[units]` below is rounded up to a multiple of eight; what is beyond the layer's own
 * units is never read as a state, since `stateCount` is the layer's own.
 */
import { activate } from "./activations";
import { product } from "./product";

const FLOAT_BYTES: usize = 4;

export let rowCount: i32 = 0;
export let stepCount: i32 = 0;
/** Units, a multiple of eight. */
export let unitCount: i32 = 0;
/** The layer's own number of units. */
export let stateCount: i32 = 0;

/** The input of the first row's first step, `featureCount` numbers for each step; steps may go backwards. */
export let x: usize = 0;
export let xRowBytes: usize = 0;
export let xStepBytes: i32 = 0;
export let featureCount: i32 = 0;

/** One byte for each step of each row, 0 where the step changes nothing; the address 0 without a mask. */
export let mask: usize = 0;
export let maskRowBytes: usize = 0;
export let maskStepBytes: i32 = 0;
/** Masked steps give zeros, not the output before them. */
export let zeroesOutput: i32 = 0;

/** Packed as `product` reads them, section after section, with as many biases as columns. */
export let weights: usize = 0;
export let bias: usize = 0;

/** States `[rows][units]`, read and written: h, and c of an LSTM. */
export let h: usize = 0;
export let c: usize = 0;
/** The output of the last step so far `[rows][units]`. Differs from h before the first step that is not masked. */
export let y: usize = 0;
/** Room for `[rows][gates·units]`, four gates for a GRU that resets after the product; then for `[rows][units]`. */
export let gates: usize = 0;
export let scratch: usize = 0;

/** Where the output of each step goes, or the address 0. Steps are written in order, each up to seven numbers beyond its own end. */
export let out: usize = 0;
export let outRowBytes: usize = 0;
export let outStepBytes: usize = 0;

export let activation: i32 = 0;
export let gateActivation: i32 = 0;

function stateBytes(): usize {
  return <usize>unitCount * FLOAT_BYTES;
}

/** Columns of one section: bias + [x, h]·weights, into `gates` from the column of gate `gate` on. */
function section(
  step: i32,
  xCount: i32,
  state: usize,
  hCount: i32,
  gate: i32,
  gateCount: i32,
  gatesInRow: i32,
  weightsOffset: usize,
): void {
  product(
    rowCount,
    x + step * xStepBytes,
    xRowBytes,
    xCount,
    state,
    stateBytes(),
    hCount,
    weights + weightsOffset,
    bias + <usize>gate * stateBytes(),
    gates + <usize>gate * stateBytes(),
    <usize>gatesInRow * stateBytes(),
    gateCount * unitCount,
  );
}

/** Whether a row is masked in a step. Then its output is written, and its states stay. */
function isMasked(row: i32, step: i32): bool {
  return mask != 0 && load<u8>(mask + <usize>row * maskRowBytes + step * maskStepBytes) == 0;
}

function keepRow(row: i32): void {
  if (zeroesOutput) memory.fill(y + <usize>row * stateBytes(), 0, stateBytes());
}

/** Write the outputs of a step after all rows have theirs in `y`. */
function emitStep(step: i32): void {
  if (out == 0) return;
  for (let row: i32 = 0; row < rowCount; row++) {
    const from = y + <usize>row * stateBytes();
    const to = out + <usize>row * outRowBytes + <usize>step * outStepBytes;
    for (let at: usize = 0; at < stateBytes(); at += 16) v128.store(to + at, v128.load(from + at));
  }
}

/** Gates: input, forget, candidate, output. */
export function lstm(): void {
  const bytes = stateBytes();
  for (let step: i32 = 0; step < stepCount; step++) {
    section(step, featureCount, h, stateCount, 0, 4, 4, 0);
    for (let row: i32 = 0; row < rowCount; row++) {
      if (isMasked(row, step)) {
        keepRow(row);
        continue;
      }
      const gate = gates + <usize>row * 4 * bytes;
      const state = <usize>row * bytes;
      for (let at: usize = 0; at < bytes; at += 16) {
        const input = activate(gateActivation, v128.load(gate + at));
        const forget = activate(gateActivation, v128.load(gate + bytes + at));
        const candidate = activate(activation, v128.load(gate + 2 * bytes + at));
        const output = activate(gateActivation, v128.load(gate + 3 * bytes + at));
        const kept = f32x4.mul(forget, v128.load(c + state + at));
        const carry = f32x4.add(kept, f32x4.mul(input, candidate));
        const result = f32x4.mul(output, activate(activation, carry));
        v128.store(c + state + at, carry);
        v128.store(h + state + at, result);
        v128.store(y + state + at, result);
      }
    }
    emitStep(step);
  }
}

/** z·h + (1 − z)·candidate, into h and y. */
function mix(at: usize, update: v128, candidate: v128): void {
  const z = activate(gateActivation, update);
  const rest = f32x4.mul(f32x4.sub(f32x4.splat(1), z), activate(activation, candidate));
  const result = f32x4.add(f32x4.mul(z, v128.load(h + at)), rest);
  v128.store(h + at, result);
  v128.store(y + at, result);
}

/** Gates: update, reset, the candidate's product with x, that with h. Sections: update and reset, and each of the other two. */
export function gruResetAfter(): void {
  const bytes = stateBytes();
  const ofInput = <usize>(featureCount + stateCount) * 2 * bytes;
  const ofState = ofInput + <usize>featureCount * bytes;
  for (let step: i32 = 0; step < stepCount; step++) {
    section(step, featureCount, h, stateCount, 0, 2, 4, 0);
    section(step, featureCount, h, 0, 2, 1, 4, ofInput);
    section(step, 0, h, stateCount, 3, 1, 4, ofState);
    for (let row: i32 = 0; row < rowCount; row++) {
      if (isMasked(row, step)) {
        keepRow(row);
        continue;
      }
      const gate = gates + <usize>row * 4 * bytes;
      for (let at: usize = 0; at < bytes; at += 16) {
        const reset = activate(gateActivation, v128.load(gate + bytes + at));
        const inner = f32x4.mul(reset, v128.load(gate + 3 * bytes + at));
        mix(<usize>row * bytes + at, v128.load(gate + at), f32x4.add(v128.load(gate + 2 * bytes + at), inner));
      }
    }
    emitStep(step);
  }
}

/** Gates: update, reset, candidate. Sections: update and reset, the candidate. */
export function gruResetBefore(): void {
  const bytes = stateBytes();
  const ofCandidate = <usize>(featureCount + stateCount) * 2 * bytes;
  for (let step: i32 = 0; step < stepCount; step++) {
    section(step, featureCount, h, stateCount, 0, 2, 3, 0);
    for (let row: i32 = 0; row < rowCount; row++) {
      const gate = gates + <usize>row * 3 * bytes + bytes;
      const state = <usize>row * bytes;
      for (let at: usize = 0; at < bytes; at += 16) {
        const reset = activate(gateActivation, v128.load(gate + at));
        v128.store(scratch + state + at, f32x4.mul(reset, v128.load(h + state + at)));
      }
    }
    section(step, featureCount, scratch, stateCount, 2, 1, 3, ofCandidate);
    for (let row: i32 = 0; row < rowCount; row++) {
      if (isMasked(row, step)) {
        keepRow(row);
        continue;
      }
      const gate = gates + <usize>row * 3 * bytes;
      for (let at: usize = 0; at < bytes; at += 16) {
        mix(<usize>row * bytes + at, v128.load(gate + at), v128.load(gate + 2 * bytes + at));
      }
    }
    emitStep(step);
  }
}

export function simple(): void {
  const bytes = stateBytes();
  for (let step: i32 = 0; step < stepCount; step++) {
    section(step, featureCount, h, stateCount, 0, 1, 1, 0);
    for (let row: i32 = 0; row < rowCount; row++) {
      if (isMasked(row, step)) {
        keepRow(row);
        continue;
      }
      const state = <usize>row * bytes;
      for (let at: usize = 0; at < bytes; at += 16) {
        const result = activate(activation, v128.load(gates + state + at));
        v128.store(h + state + at, result);
        v128.store(y + state + at, result);
      }
    }
    emitStep(step);
  }
}

/** Four numbers at `x` through `activation`, into `out`; for the tests of the activations. */
export function activateFour(): void {
  v128.store(out, activate(activation, v128.load(x)));
}
