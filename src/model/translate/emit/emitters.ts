import type { EmitNode } from "../node-call.js";
import { CONVOLUTIONS } from "./convolutions.js";
import { ELEMENTWISE } from "./elementwise.js";
import { MOVEMENT } from "./movement.js";
import { PICTURES } from "./pictures.js";
import { POOLING } from "./pooling.js";
import { PRODUCTS } from "./products.js";
import { REDUCTIONS } from "./reductions.js";
import { SLICING } from "./slicing.js";

const EMITTERS: ReadonlyMap<string, EmitNode> = new Map(
  [CONVOLUTIONS, ELEMENTWISE, MOVEMENT, PICTURES, POOLING, PRODUCTS, REDUCTIONS, SLICING].flatMap((family) =>
    Object.entries(family),
  ),
);

/** What writes the nodes of an op; `undefined` for an op that has no counterpart. */
export function emitterOf(op: string): EmitNode | undefined {
  return EMITTERS.get(op);
}
