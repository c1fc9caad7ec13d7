import type { RecurrentActivation, RecurrentOp } from "../recurrent-ops.js";
import type { LoopVariable } from "./read-loops.js";

/** A cell that was found in the body of a loop. References are to tensors outside the loop. */
export interface MatchedCell {
  readonly op: RecurrentOp;
  /** The variables that hold h and, for an LSTM, c. */
  readonly states: readonly LoopVariable[];
  /** What these are after the step, before any mask, as references within the body. */
  readonly nextStates: readonly string[];
  /** The step's input, as a reference within the body. */
  readonly x: string;
  readonly units: number;
  readonly kernel: string;
  /** To be joined along their columns. */
  readonly recurrentKernels: readonly string[];
  /** None, or one of all gates; two for a GRU with `resetAfter`. */
  readonly biases: readonly string[];
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
  readonly resetAfter: boolean;
}
