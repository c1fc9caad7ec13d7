import { nestedLists, PROTO_KEY, type JsonRecord } from "./model-json.js";
import {
  computing,
  firstInput,
  groupOf,
  list,
  nodesOf,
  onGraphs,
  record,
  text,
  topology,
  weighed,
  type KnownDamage,
} from "./tree-parts.js";

const plain = (name: string, op: string, ...input: string[]): JsonRecord => ({
  name,
  op,
  input,
  attr: { T: { type: "DT_FLOAT" } },
});

/** Adds a chain of `count` nodes after the first input, with an output at its end. */
function chain(tree: JsonRecord, count: number, make: (name: string, before: string) => JsonRecord): void {
  const nodes = list(topology(tree).node);
  let before = firstInput(tree);
  for (let index = 0; index < count; index++) {
    nodes.push(make(`chain${index}`, before));
    before = `chain${index}`;
  }
  tree.signature = { outputs: { end: { name: `${before}:0` } } };
}

/** Adds an empty kernel with `channels` channels and a bias: it has no weight bytes, but would expand to gigabytes. */
function emptyKernel(tree: JsonRecord, channels: number): void {
  const x = firstInput(tree);
  list(topology(tree).node).push(
    plain("hollow", "Const"),
    plain("wide", "Conv2D", x, "hollow"),
    plain("shifted", "AddV2", "wide", "one"),
    plain("one", "Const"),
  );
  const weights = list(groupOf(tree).weights);
  const float32 = { dtype: "float32" };
  weights.push({ name: "hollow", shape: [0, 3, 3, channels], ...float32 });
  // The first weight keeps its bytes, so that the length of the file stays right.
  const { name, shape, ...rest } = weighed(tree);
  weights.splice(0, 1, { ...rest, name: name!, shape: list(shape).length > 0 ? shape! : [1] });
  weights.push({ name: "one", shape: [0], ...float32 });
  tree.signature = { outputs: { end: { name: "shifted:0" } } };
}

/** Adds a constant to itself `count` times: 2^count terms unless they are shared. */
function doubled(tree: JsonRecord, count: number): void {
  const nodes = list(topology(tree).node);
  const conv = nodesOf(tree).find(({ op, input }) => /Conv2D|MatMul/.test(text(op)) && list(input).length > 1);
  if (conv === undefined) return;
  let before = text(list(conv.input)[1]);
  for (let index = 0; index < count; index++) {
    nodes.push(plain(`double${index}`, "AddV2", before, before));
    before = `double${index}`;
  }
  list(conv.input)[1] = before;
}

/** Damage to graphs: nodes, edges, attributes, functions, signatures. */
export const GRAPH_DAMAGE: readonly KnownDamage[] = [
  onGraphs("a node twice", (tree) => void list(topology(tree).node).push(structuredClone(computing(tree)))),
  onGraphs("no nodes", (tree) => void (topology(tree).node = [])),
  onGraphs("a node that is null", (tree) => void list(topology(tree).node).push(null)),
  onGraphs("a node without op", (tree) => void delete computing(tree).op),
  onGraphs("an unknown op", (tree) => void (computing(tree).op = "Frobnicate")),
  onGraphs("an op of the prototype", (tree) => void (computing(tree).op = "constructor")),
  onGraphs("an input that does not exist", (tree) => void (computing(tree).input = ["nowhere"])),
  onGraphs("no inputs", (tree) => void (computing(tree).input = [])),
  onGraphs("input = text", (tree) => void (computing(tree).input = "x")),
  onGraphs("an output that a node does not have", (tree) => {
    const node = computing(tree);
    node.input = list(node.input).map((name) => `${text(name)}:7`);
  }),
  onGraphs("a node that reads itself", (tree) => void (computing(tree).input = [computing(tree).name!])),
  onGraphs("a cycle", (tree) => void (computing(tree).input = [nodesOf(tree).at(-1)!.name!, "cycle"])),
  onGraphs("a control input that does not exist", (tree) => void list(computing(tree).input).push("^nowhere")),
  onGraphs("a node named __proto__", (tree) => {
    list(topology(tree).node).push(plain("__proto__", "Identity", text(computing(tree).name)));
    tree.signature = { outputs: { [PROTO_KEY]: { name: "__proto__:0" } } };
  }),
  onGraphs("a node named constructor", (tree) => {
    list(topology(tree).node).push(plain("constructor", "Identity", text(computing(tree).name)));
    tree.signature = { outputs: { constructor: { name: "constructor:0" } } };
  }),
  onGraphs("a node with NUL in its name", (tree) => void (computing(tree).name = "a\u0000b")),
  onGraphs("a node with a name of a megabyte", (tree) => void (computing(tree).name = "n".repeat(1_000_000))),
  onGraphs("attributes nested 100,000 deep", (tree) => void (computing(tree).attr = { x: nestedLists(100_000) })),
  onGraphs("attributes = list", (tree) => void (computing(tree).attr = [1])),
  onGraphs(
    "huge strides",
    (tree) => void (record(computing(tree).attr).strides = { list: { i: ["1", "9".repeat(30), "-1", "0"] } }),
  ),
  onGraphs("60 doublings of a constant", (tree) => doubled(tree, 60)),
  onGraphs("3,000 doublings of a constant", (tree) => doubled(tree, 3_000)),
  onGraphs("10,000 nodes in a row", (tree) => chain(tree, 10_000, (name, before) => plain(name, "Neg", before))),
  onGraphs("200,000 nodes in a row", (tree) => chain(tree, 200_000, (name, before) => plain(name, "Neg", before))),
  onGraphs("20,000 Identities", (tree) => chain(tree, 20_000, (name, before) => plain(name, "Identity", before))),
  onGraphs("20,000 branches", (tree) => {
    const first = firstInput(tree);
    chain(tree, 20_000, (name) => plain(name, "Neg", first));
  }),
  onGraphs("a node with 200,000 inputs", (tree) => {
    const name = firstInput(tree);
    list(topology(tree).node).push({ ...plain("wide", "AddN"), input: Array.from({ length: 200_000 }, () => name) });
    tree.signature = { outputs: { end: { name: "wide:0" } } };
  }),
  onGraphs("a node with 150,000 constants", (tree) => {
    const names = Array.from({ length: 150_000 }, (_, index) => `c${index}`);
    const nodes = list(topology(tree).node);
    for (const name of names) nodes.push(plain(name, "Const"));
    nodes.push({ ...plain("wide", "AddN"), input: names });
    tree.signature = { outputs: { end: { name: "wide:0" } } };
  }),
  onGraphs("an empty kernel of 300 million channels", (tree) => emptyKernel(tree, 300_000_000)),
  onGraphs("an empty kernel of 2^40 channels", (tree) => emptyKernel(tree, 2 ** 40)),
  onGraphs(
    "a signature that points nowhere",
    (tree) => void (tree.signature = { outputs: { y: { name: "nowhere:0" } } }),
  ),
  onGraphs("a signature with names of numbers", (tree) => void (tree.signature = { outputs: { y: { name: 5 } } })),
  onGraphs("an input of unknown dtype", (tree) => {
    for (const node of nodesOf(tree)) if (node.op === "Placeholder") node.attr = { dtype: { type: "DT_VARIANT" } };
  }),
  onGraphs("a function that calls itself", (tree) => {
    const func = { func: { name: "again" } };
    const again = {
      signature: { name: "again" },
      nodeDef: [{ ...plain("If", "StatelessIf"), attr: { then_branch: func, else_branch: func } }],
    };
    topology(tree).library = { function: [again] };
    computing(tree).attr = { then_branch: func, else_branch: func };
    computing(tree).op = "StatelessIf";
  }),
  onGraphs("functions = text", (tree) => void (topology(tree).library = { function: "f" })),
  onGraphs("functions of nothing", (tree) => void (topology(tree).library = { function: [null, { nodeDef: [null] }] })),
  onGraphs("an initialiser without nodes", (tree) => void (tree.modelInitializer = { node: [null] })),
  onGraphs("an initialiser of another model", (tree) => {
    tree.modelInitializer = { node: [plain("t", "HashTableV2"), plain("s", "LookupTableImportV2", "t", "k", "v")] };
    tree.initializerSignature = { outputs: { t: { name: "t:0" } } };
  }),
];
