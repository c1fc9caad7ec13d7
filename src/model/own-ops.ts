/** An op that our TF.js workers implement themselves, in workers/engines/tfjs/ops. It replaces TF.js's own op of that name. */
export interface OwnOp {
  /** TF.js kernels that it calls; most compute in plain code and need none. */
  readonly kernels: readonly string[];
  /** Whether it returns a promise, so that its graph must run asynchronously. */
  readonly isAsync: boolean;
}

/** Ops in plain code: they read their inputs, which takes a promise on GPUs, and call no kernel. */
const PLAIN_OPS = ["Bitcast"];

const OWN_OPS: ReadonlyMap<string, OwnOp> = new Map(
  PLAIN_OPS.flatMap((ops) => ops.split(" ")).map((op) => [op, { kernels: [], isAsync: true }]),
);

/**
 * Returns what an op needs that our workers implement; `undefined` for an op of TF.js or an unknown one. Oracle: what is registered,
 * tests/unit/workers/ops/register-ops.test.ts.
 */
export function ownOp(op: string): OwnOp | undefined {
  return OWN_OPS.get(op);
}

/** The names of all such ops. */
export function ownOpNames(): readonly string[] {
  return [...OWN_OPS.keys()];
}
