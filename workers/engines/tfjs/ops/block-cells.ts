import type { PlainNode, PlainOp } from "./plain-node.js";
import { floats, type FloatTensor, type PlainTensor } from "./plain-tensor.js";

/** TensorFlow's fused recurrent cells, as frozen graphs of TensorFlow 1 have them. Source: their documentation in tf.raw_ops. */

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** `[x, h] · w + b`, row by row, in double precision. */
function affine(rows: number, parts: readonly Matrix[], w: FloatTensor, b: FloatTensor): Float64Array {
  const columns = w.shape[1]!;
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[row * columns + column] = b.data[column]!;
    let inner = 0;
    for (const { data, width, offset } of parts) {
      for (let each = 0; each < width; each++, inner++) {
        const value = data[offset + row * width + each]!;
        for (let column = 0; column < columns; column++)
          out[row * columns + column]! += value * w.data[inner * columns + column]!;
      }
    }
  }
  return out;
}

interface Matrix {
  readonly data: ArrayLike<number>;
  readonly width: number;
  /** Where its first row begins. */
  readonly offset: number;
}

interface Weights {
  readonly w: FloatTensor;
  readonly b: FloatTensor;
  /** For the input, forget and output gates. */
  readonly peepholes: readonly FloatTensor[] | undefined;
  readonly forgetBias: number;
  /** The cell state is kept within this; 0 or less means no bound. */
  readonly clip: number;
  /** Where the gates are in the columns of `w`. */
  readonly order: string;
}

/** What a step gives, each [batch, units]: gate i, state, gates f and o, candidate, tanh of the state, output. */
type Step = readonly Float32Array[];

function lstmStep(x: Matrix, rows: number, state: Float32Array, output: Float32Array, weights: Weights): Step {
  const { w, b, peepholes, forgetBias, clip, order } = weights;
  const units = w.shape[1]! / 4;
  const gates = affine(rows, [x, { data: output, width: units, offset: 0 }], w, b);
  const step = Array.from({ length: 7 }, () => new Float32Array(rows * units));
  const [input, next, forget, out, candidate, squashed, result] = step;
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      const at = row * units + unit;
      const gate = (name: string): number => gates[row * 4 * units + order.indexOf(name) * units + unit]!;
      const peep = (index: number, value: number): number => (peepholes?.[index]?.data[unit] ?? 0) * value;
      input![at] = sigmoid(gate("i") + peep(0, state[at]!));
      forget![at] = sigmoid(gate("f") + forgetBias + peep(1, state[at]!));
      candidate![at] = Math.tanh(gate("c"));
      const cell = candidate![at]! * input![at]! + state[at]! * forget![at]!;
      next![at] = clip > 0 ? Math.min(clip, Math.max(-clip, cell)) : cell;
      out![at] = sigmoid(gate("o") + peep(2, next![at]!));
      squashed![at] = Math.tanh(next![at]!);
      result![at] = squashed![at]! * out![at]!;
    }
  }
  return step;
}

function lstmWeights(node: PlainNode, first: number, isSecond: boolean): Weights {
  return {
    w: node.floats(first),
    b: node.floats(first + 4),
    peepholes: node.flag("use_peephole") ? [1, 2, 3].map((index) => node.floats(first + index)) : undefined,
    forgetBias: isSecond ? 0 : node.number("forget_bias", 1),
    clip: node.number("cell_clip", isSecond ? 0 : 3),
    order: isSecond ? "ifco" : "icfo",
  };
}

function lstmBlockCell(node: PlainNode): PlainTensor[] {
  const [x, state, output] = [node.floats(0), node.floats(1), node.floats(2)];
  const matrix = { data: x.data, width: x.shape[1]!, offset: 0 };
  const step = lstmStep(matrix, x.shape[0]!, state.data, output.data, lstmWeights(node, 3, false));
  return step.map((data) => floats(state.shape, data));
}

/** All steps, [steps, batch, units]; those beyond the longest sequence stay 0. */
function blockLstm(node: PlainNode): PlainTensor[] {
  const [longest, x] = [node.scalar(0), node.floats(1)];
  const [steps = 0, rows = 0, width = 0] = x.shape;
  const weights = lstmWeights(node, 4, node.op.endsWith("V2"));
  let [state, output] = [node.floats(2).data, node.floats(3).data];
  const size = output.length;
  const outputs = Array.from({ length: 7 }, () => new Float32Array(steps * size));
  for (let time = 0; time < Math.min(steps, longest); time++) {
    const step = lstmStep({ data: x.data, width, offset: time * rows * width }, rows, state, output, weights);
    for (const [index, data] of step.entries()) outputs[index]!.set(data, time * size);
    [state, output] = [step[1]!, step[6]!];
  }
  return outputs.map((data) => floats([steps, ...node.floats(3).shape], data));
}

function gruBlockCell(node: PlainNode): PlainTensor[] {
  const [x, h] = [node.floats(0), node.floats(1)];
  const [rows = 0, units = 0] = h.shape;
  const input = { data: x.data, width: x.shape[1]!, offset: 0 };
  const gates = affine(rows, [input, { data: h.data, width: units, offset: 0 }], node.floats(2), node.floats(4));
  const [reset, update] = [new Float32Array(rows * units), new Float32Array(rows * units)];
  for (let at = 0; at < reset.length; at++) {
    const row = Math.floor(at / units);
    reset[at] = sigmoid(gates[row * 2 * units + (at % units)]!);
    update[at] = sigmoid(gates[row * 2 * units + units + (at % units)]!);
  }
  const kept = { data: h.data.map((value, at) => value * reset[at]!), width: units, offset: 0 };
  const candidate = Float32Array.from(affine(rows, [input, kept], node.floats(3), node.floats(5)), Math.tanh);
  const next = h.data.map((value, at) => update[at]! * value + (1 - update[at]!) * candidate[at]!);
  return [reset, update, candidate, next].map((data) => floats(h.shape, data));
}

export const CELL_OPS: Readonly<Record<string, PlainOp>> = {
  LSTMBlockCell: lstmBlockCell,
  BlockLSTM: blockLstm,
  BlockLSTMV2: blockLstm,
  GRUBlockCell: gruBlockCell,
};
