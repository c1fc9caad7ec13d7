import type { KernelMemory } from "./kernel-memory.js";
import type { KernelModule } from "./kernel-module.js";
import { madeGateCount, type CellKernel, type CellSizes } from "./pack-weights.js";

/** Rows that run together. The weights are read once for all of them in each step, and a block's sums stay in the cache. */
const BLOCK_ROWS = 32;
/** Numbers of inputs and outputs that a block has in the kernels' memory at a time: what a core's cache holds beside weights. */
const CHUNK_NUMBERS = 2 ** 17;
const FLOAT_BYTES = 4;
/** A step's output is written up to so many numbers beyond its end. */
const OVERHANG = 7;

/** A recurrence over a batch; arrays are those of its tensors. */
export interface BlockRun {
  readonly kernel: CellKernel;
  readonly sizes: CellSizes;
  readonly batch: number;
  /** Steps of the input, of which `stepCount` are made. */
  readonly length: number;
  readonly stepCount: number;
  /** Numbers of activations in the kernels. */
  readonly activation: number;
  readonly gateActivation: number;
  /** Addresses in the kernels' memory. */
  readonly weights: number;
  readonly biases: number;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly zeroOutputForMask: boolean;
  /** `[batch, length, features]` */
  readonly x: Float32Array;
  /** `[batch, length]` */
  readonly mask: Uint8Array | undefined;
  /** One for each state `[batch, units]`. */
  readonly initialStates: readonly Float32Array[] | undefined;
  /** Written: `[batch, stepCount, units]` or `[batch, units]`. */
  readonly output: Float32Array;
  /** Written: one for each state `[batch, units]`. */
  readonly states: readonly Float32Array[];
}

/** Addresses of a block's arrays, and the distances of their rows in bytes. */
interface Workspace {
  readonly x: number;
  readonly mask: number;
  readonly h: number;
  readonly c: number;
  readonly y: number;
  readonly gates: number;
  readonly scratch: number;
  readonly out: number;
  readonly chunkSteps: number;
}

/** Run all rows over all steps. @throws ShardError "out-of-memory", before anything is written. */
export function runBlocks(module: KernelModule, memory: KernelMemory, run: BlockRun): void {
  const rows = Math.min(BLOCK_ROWS, run.batch);
  const { byteCount, place } = layOut(run, rows);
  const start = memory.allocate(byteCount);
  try {
    const workspace = place(start);
    for (let row = 0; row < run.batch; row += rows) {
      runBlock(module, memory, run, workspace, row, Math.min(rows, run.batch - row));
    }
  } finally {
    memory.free(start);
  }
}

function layOut(run: BlockRun, rows: number): { byteCount: number; place: (start: number) => Workspace } {
  const { features, units, paddedUnits } = run.sizes;
  const numbersOfStep = rows * (features + (run.returnSequences ? units : 0));
  const chunkSteps = Math.min(run.stepCount, Math.max(1, Math.floor(CHUNK_NUMBERS / numbersOfStep)));
  let byteCount = 0;
  const take = (numberCount: number): number => {
    const offset = byteCount;
    byteCount += Math.ceil((FLOAT_BYTES * numberCount) / 64) * 64;
    return offset;
  };
  const state = rows * paddedUnits;
  const offsets = {
    x: take(rows * chunkSteps * features),
    mask: take((rows * chunkSteps) / FLOAT_BYTES),
    ...{ h: take(state), c: take(state), y: take(state) },
    gates: take(madeGateCount(run.kernel) * state),
    scratch: take(state),
    out: take(rows * outputRowLength(run, chunkSteps)),
  };
  const place = (start: number): Workspace => ({
    x: start + offsets.x,
    mask: run.mask === undefined ? 0 : start + offsets.mask,
    h: start + offsets.h,
    c: start + offsets.c,
    y: start + offsets.y,
    gates: start + offsets.gates,
    scratch: start + offsets.scratch,
    out: run.returnSequences ? start + offsets.out : 0,
    chunkSteps,
  });
  return { byteCount, place };
}

/** Numbers from one row of outputs to the next. */
function outputRowLength({ returnSequences, sizes }: BlockRun, chunkSteps: number): number {
  return returnSequences ? chunkSteps * sizes.units + OVERHANG : 0;
}

function runBlock(
  module: KernelModule,
  memory: KernelMemory,
  run: BlockRun,
  workspace: Workspace,
  firstRow: number,
  rowCount: number,
): void {
  const { sizes, length, stepCount, goBackwards } = run;
  const { features, units, paddedUnits } = sizes;
  const { chunkSteps } = workspace;
  const floats = memory.floats();
  const bytes = memory.bytes();
  const stateAddresses = [workspace.h, workspace.c];
  for (const address of [...stateAddresses, workspace.y]) {
    floats.fill(0, address / FLOAT_BYTES, address / FLOAT_BYTES + rowCount * paddedUnits);
  }
  const inTensor = { firstRow, rowCount, rowLength: units, stride: units, from: 0 };
  run.initialStates?.forEach((state, index) =>
    copyIn(state, inTensor, floats, stateAddresses[index]! / FLOAT_BYTES, paddedUnits),
  );
  module.set({
    ...{ rowCount, unitCount: paddedUnits, stateCount: units, featureCount: features },
    ...{ activation: run.activation, gateActivation: run.gateActivation },
    ...{ weights: run.weights, bias: run.biases, h: workspace.h, c: workspace.c, y: workspace.y },
    ...{ gates: workspace.gates, scratch: workspace.scratch, out: workspace.out },
    outRowBytes: FLOAT_BYTES * outputRowLength(run, chunkSteps),
    outStepBytes: FLOAT_BYTES * units,
    zeroesOutput: run.zeroOutputForMask ? 1 : 0,
  });
  for (let first = 0; first < stepCount; first += chunkSteps) {
    const count = Math.min(chunkSteps, stepCount - first);
    // Backwards, a chunk ends with its first step.
    const from = goBackwards ? length - first - count : first;
    const inRows = { firstRow, rowCount };
    copyIn(
      run.x,
      { ...inRows, rowLength: count * features, stride: length * features, from: from * features },
      floats,
      workspace.x / FLOAT_BYTES,
      count * features,
    );
    if (run.mask !== undefined) {
      copyIn(run.mask, { ...inRows, rowLength: count, stride: length, from }, bytes, workspace.mask, count);
    }
    const start = goBackwards ? count - 1 : 0;
    const direction = goBackwards ? -1 : 1;
    module.set({
      stepCount: count,
      x: workspace.x + FLOAT_BYTES * features * start,
      xRowBytes: FLOAT_BYTES * features * count,
      xStepBytes: FLOAT_BYTES * features * direction,
      mask: run.mask === undefined ? 0 : workspace.mask + start,
      maskRowBytes: count,
      maskStepBytes: direction,
    });
    module.run(run.kernel);
    if (!run.returnSequences) continue;
    const target = { firstRow, rowCount, rowLength: count * units, stride: stepCount * units, from: first * units };
    copyOut(floats, workspace.out / FLOAT_BYTES, outputRowLength(run, chunkSteps), run.output, target);
  }
  if (!run.returnSequences) copyOut(floats, workspace.y / FLOAT_BYTES, paddedUnits, run.output, inTensor);
  run.states.forEach((state, index) =>
    copyOut(floats, stateAddresses[index]! / FLOAT_BYTES, paddedUnits, state, inTensor),
  );
}

/** A part of each of some rows of a tensor, in elements. */
interface RowParts {
  readonly firstRow: number;
  readonly rowCount: number;
  readonly rowLength: number;
  /** From one row to the next. */
  readonly stride: number;
  /** Where the part starts in its row. */
  readonly from: number;
}

/** Copy parts of rows of a tensor to rows of a block, `blockStride` elements apart. */
function copyIn<T extends Float32Array | Uint8Array>(
  tensor: T,
  { firstRow, rowCount, rowLength, stride, from }: RowParts,
  block: T,
  address: number,
  blockStride: number,
): void {
  for (let row = 0; row < rowCount; row++) {
    const start = (firstRow + row) * stride + from;
    block.set(tensor.subarray(start, start + rowLength), address + row * blockStride);
  }
}

/** The other way round. */
function copyOut(
  block: Float32Array,
  address: number,
  blockStride: number,
  tensor: Float32Array,
  { firstRow, rowCount, rowLength, stride, from }: RowParts,
): void {
  for (let row = 0; row < rowCount; row++) {
    const start = address + row * blockStride;
    tensor.set(block.subarray(start, start + rowLength), (firstRow + row) * stride + from);
  }
}
