import { ShardError } from "../../core/errors.js";
import { asJsonObject, asText } from "../artifacts.js";
import { givesComplex } from "../cut/uncuttable.js";
import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";
import { neededNodes } from "../graph/needed-nodes.js";
import { kernelsOf } from "../kernels-of-ops.js";
import { calledNodes } from "../lower/called-functions.js";
import { ownOp } from "../own-ops.js";

/** What an op belongs to that no engine here has, and what to do instead. */
const REASONS: readonly (readonly [RegExp, string, string])[] = [
  [
    /^(Batch)?(Cholesky(Grad)?|Qr|Svd|SelfAdjointEig(V2)?|Eig|Lu|Matrix(Inverse|Solve|SolveLs|TriangularSolve|Determinant|Exponential|Logarithm|SquareRoot)|LogMatrixDeterminant|Tridiagonal\w+)$/,
    "linear algebra",
    "compute it outside of the model",
  ],
  [
    /^(Igammac?|IgammaGradA|Lgamma|Digamma|Polygamma|Zeta|Ndtri|Erfinv|Betainc|Bessel\w+|Dawsn|Expint|Fresnel\w+|Spence)$/,
    "special functions",
    "compute it outside of the model",
  ],
  [/^(Mfcc|DecodeWav|EncodeWav)$/, "audio operations", "compute features outside of the model"],
  [
    /^(Decode(Jpeg|Png|Gif|Bmp|Image|AndCropJpeg)|Encode(Jpeg|Png)\w*|DecodeRaw|ReadFile|WriteFile)$/,
    "files",
    "pass tensors as inputs",
  ],
  [/^(PyFunc|PyFuncStateless|EagerPyFunc)$/, "Python code", "write it with TensorFlow's operations"],
  [/^Unicode|^Tokenizer|^Wordpiece|^Sentencepiece/, "Unicode and tokenizer operations", "pass tokens as inputs"],
  [
    /^Lookup|^MutableHash|^MutableDense|^Initialize/,
    "tables that aren't filled with constants",
    "look the keys up outside of the model",
  ],
];

/** Ops that pass on or measure whatever they are given. */
const PASSING =
  /^(Identity|IdentityN|Snapshot|StopGradient|PreventGradient|Shape|ShapeN|Size|Rank|Const|Placeholder\w*|Switch|_SwitchN|Merge|Enter|Exit|NextIteration|NoOp|(Stateless)?(If|While|Case)|PartitionedCall|StatefulPartitionedCall)$/;

/**
 * Refuse a graph whose outputs need an op that no engine here has, when the model is loaded and by the name of the node.
 * @throws ShardError "model-unsupported"
 */
export function requireKnownOps(graph: Graph): void {
  const fed = new Set(graph.inputs.map(({ tensorName }) => parseReference(tensorName).node));
  const reached = neededNodes(graph, fed);
  const needed = graph.nodes.filter(({ name }) => reached.has(name) && !fed.has(name));
  for (const node of [...needed, ...calledNodes(needed, graph.library)]) {
    if (/^(Lookup|Initialize)/.test(node.op) || kernelsOf(node.op) === undefined) throw unknownOp(node);
    const isComplex = asText(asJsonObject(node.attr.T).type).startsWith("DT_COMPLEX");
    if (isComplex && ownOp(node.op) === undefined && !PASSING.test(node.op))
      throw refusal(node, "which no engine here has for complex numbers: take their real and imaginary parts first");
  }
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  for (const { name, tensorName } of graph.outputs) {
    const node = byName.get(parseReference(tensorName).node);
    if (node === undefined || !givesComplex(node)) continue;
    throw new ShardError(
      "model-unsupported",
      `Expected outputs of dtype float32, int32, bool or string, received complex numbers as "${name}", for which no engine here has a type: ` +
        `return their real and imaginary parts instead.`,
    );
  }
}

function unknownOp(node: GraphNode): ShardError {
  const [, what, remedy] = REASONS.find(([pattern]) => pattern.test(node.op)) ?? [];
  if (what === undefined)
    return refusal(node, "which no engine here has: change the model, or compute this part outside of it");
  return refusal(node, `and no engine here has ${what}: ${remedy}`);
}

function refusal({ name, op }: GraphNode, reason: string): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected operations that an engine here can run, received node "${name.slice(0, 120)}" (${op}), ${reason}.`,
  );
}
