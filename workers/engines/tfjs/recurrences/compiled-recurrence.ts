import { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { backend, engine, type Tensor as TfTensor, type TensorInfo } from "@tensorflow/tfjs-core";
import { RECURRENT_CELLS, type RecurrentActivation, type RecurrentOp } from "../../../../src/model/recurrent-ops.js";
import { kernelActivation } from "./kernel-activations.js";
import { KernelMemory } from "./kernel-memory.js";
import { KernelModule } from "./kernel-module.js";
import { cellKernel, madeGateCount, packedLength, packWeights, sizesOf } from "./pack-weights.js";
import { ResidentWeights } from "./resident-weights.js";
import { runBlocks, type BlockRun } from "./run-blocks.js";

/** A recurrent node as `src/model/recurrent-ops.ts` describes it. */
export interface Recurrence {
  readonly op: RecurrentOp;
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly zeroOutputForMask: boolean;
  readonly resetAfter: boolean;
  /** How many steps are made, at most as many as the input has. */
  readonly stepCount: number;
  readonly x: TfTensor;
  readonly mask: TfTensor | undefined;
  readonly initialStates: readonly TfTensor[] | undefined;
  readonly kernel: TfTensor | undefined;
  readonly recurrentKernel: TfTensor;
  readonly bias: TfTensor | undefined;
}

/**
 * Runs recurrences on TF.js's WASM backend with kernels of our own, which make all steps of a block of rows in one call. They have a
 * memory of their own, into which the weights are copied once, and inputs block by block.
 */
export class CompiledRecurrences {
  readonly #module: KernelModule;
  readonly #memory: KernelMemory;
  readonly #weights: ResidentWeights;

  private constructor(module: KernelModule, maxBytes?: number) {
    this.#module = module;
    this.#memory = new KernelMemory(module.memory, maxBytes);
    this.#weights = new ResidentWeights(this.#memory);
  }

  /** @param maxBytes of memory; less than the default only in tests. @returns `undefined` where WASM has no SIMD. */
  static create(maxBytes?: number): CompiledRecurrences | undefined {
    const module = KernelModule.create();
    return module === undefined ? undefined : new CompiledRecurrences(module, maxBytes);
  }

  /** Bytes of the memory that the kernels have, beside TF.js's. */
  get heapBytes(): number {
    return this.#memory.byteCount;
  }

  /**
   * @returns the outputs of the node, or `undefined` if the kernels don't cover it: an activation that they lack, an empty tensor,
   *          tensors of other shapes or dtypes than the description's, or another backend than WASM.
   * @throws ShardError "out-of-memory"; then nothing has changed but tensors that `recordCall` knows of.
   */
  run(recurrence: Recurrence): TfTensor[] | undefined {
    const owner = backend();
    const { op, kernel, recurrentKernel, bias, x, stepCount, returnSequences } = recurrence;
    const name = cellKernel(op, recurrence.resetAfter);
    const activation = kernelActivation(recurrence.activation);
    const gateActivation = kernelActivation(recurrence.recurrentActivation);
    if (!(owner instanceof BackendWasm) || name === undefined || kernel === undefined) return undefined;
    if (activation === undefined || gateActivation === undefined || !hasRightShapes(recurrence)) return undefined;
    const [batch, length, features] = x.shape as [number, number, number];
    const sizes = sizesOf(features, recurrentKernel.shape[0]!);
    const { units } = sizes;
    const data = (tensor: TensorInfo): Float32Array => asFloats(owner.typedArrayFromHeap(tensor));
    const sources = bias === undefined ? [kernel, recurrentKernel] : [kernel, recurrentKernel, bias];
    const weightLength = packedLength(name, sizes);
    const byteCount = 4 * (weightLength + madeGateCount(name) * sizes.paddedUnits);
    const weights = this.#weights.find(name, sources, byteCount, (target) =>
      packWeights(
        name,
        sizes,
        { kernel: data(kernel), recurrentKernel: data(recurrentKernel), bias: bias && data(bias) },
        target,
      ),
    );
    const { stateCount } = RECURRENT_CELLS[op];
    const output = owner.makeOutput(returnSequences ? [batch, stepCount, units] : [batch, units], "float32");
    const states = Array.from({ length: stateCount }, () => owner.makeOutput([batch, units], "float32"));
    const { mask, initialStates } = recurrence;
    const run: BlockRun = {
      ...recurrence,
      kernel: name,
      sizes,
      batch,
      length,
      activation,
      gateActivation,
      weights,
      biases: weights + 4 * weightLength,
      // Only now, since allocating may replace the memory that they are views of.
      x: data(x),
      mask: mask && asBytes(owner.typedArrayFromHeap(mask)),
      initialStates: initialStates?.map(data),
      output: data(output),
      states: states.map(data),
    };
    runBlocks(this.#module, this.#memory, run);
    return [output, ...states].map((info) => engine().makeTensorFromTensorInfo(info, owner));
  }
}

/** Whether all tensors have the shapes and dtypes that the kernels read, and none is empty. */
function hasRightShapes(recurrence: Recurrence): boolean {
  const { op, x, mask, initialStates, kernel, recurrentKernel, bias, stepCount, resetAfter } = recurrence;
  const [batch, length, features] = x.shape;
  const [units] = recurrentKernel.shape;
  if (x.rank !== 3 || recurrentKernel.rank !== 2 || units === undefined) return false;
  const { gateCount, stateCount } = RECURRENT_CELLS[op];
  const columns = gateCount * units;
  const is = (tensor: TfTensor | undefined, dtype: string, ...shape: (number | undefined)[]): boolean =>
    tensor === undefined ||
    (tensor.dtype === dtype &&
      tensor.rank === shape.length &&
      tensor.shape.every((size, axis) => size === shape[axis]));
  return (
    x.size > 0 &&
    stepCount > 0 &&
    is(x, "float32", batch, length, features) &&
    is(mask, "bool", batch, length) &&
    (initialStates === undefined || initialStates.length === stateCount) &&
    (initialStates ?? []).every((state) => is(state, "float32", batch, units)) &&
    is(kernel, "float32", features, columns) &&
    is(recurrentKernel, "float32", units, columns) &&
    is(bias, "float32", ...(op === "_SharderGru" && resetAfter ? [2, columns] : [columns]))
  );
}

function asFloats(values: unknown): Float32Array {
  if (values instanceof Float32Array) return values;
  throw new TypeError("Expected a tensor of floats.");
}

function asBytes(values: unknown): Uint8Array {
  if (values instanceof Uint8Array) return values;
  throw new TypeError("Expected a tensor of booleans.");
}
