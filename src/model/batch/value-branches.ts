import { asJsonObject, isJsonObject, type JsonObject, asNumber } from "../artifacts.js";
import { parseReference, type Graph } from "../graph/graph.js";

/** The results of these ops depend on the shape of a tensor or the length of a list, not on values. */
const SHAPE_OPS = /^(Shape|ShapeN|Size|Rank|TensorListLength|TensorArraySizeV3)$/;
/** The shape of what these ops give depends on values. */
const RAGGED_OPS =
  /^(Where|Unique|ListDiff|NonMaxSuppression|DynamicPartition|Sparse|Ragged|StringSplit|StringNGrams|Unicode)/;

interface FlowNode {
  readonly name: string;
  readonly op: string;
  readonly sources: readonly string[];
  readonly attr: JsonObject;
}

/**
 * Find a branch or a loop that the values of the items decide on. A batch takes one way as a whole, so that each of its items depends
 * on the others, which a trial may not show. Branches and loops on shapes, and on what is no item, don't count.
 *
 * @param inputNames the nodes that take the items.
 * @returns the name of the node, or of the function that it is in; `undefined` if there is none.
 * Functions are followed with what they are called with. O(nodes + edges) for each pass; loops take as many as values take to spread.
 */
export function findValueBranch(
  { nodes, library }: Pick<Graph, "nodes" | "library">,
  inputNames: ReadonlySet<string>,
): string | undefined {
  const search = new BranchSearch(library);
  search.spread(
    nodes.map(({ name, op, input, attr }) => ({ name, op, attr, sources: sourcesOf(input) })),
    inputNames,
  );
  return search.found;
}

function sourcesOf(input: readonly unknown[]): string[] {
  return input.flatMap((each) => {
    if (typeof each !== "string") return [];
    const { node, isControl } = parseReference(each);
    return isControl ? [] : [node];
  });
}

/** How often values may be carried back by a loop, or be used before the node in the file that gives them. */
const MAX_PASSES = 200;
/** How deep functions may call each other before a branch is assumed. */
const MAX_DEPTH = 16;

class BranchSearch {
  found: string | undefined;
  readonly #functions = new Map<string, JsonObject>();
  /** What functions give, by name and arguments. */
  readonly #answers = new Map<string, readonly boolean[]>();
  #depth = 0;

  constructor(library: JsonObject | undefined) {
    const list: unknown = library?.function;
    for (const each of Array.isArray(list) ? list.map(asJsonObject) : []) {
      const { name } = asJsonObject(each.signature);
      if (typeof name === "string") this.#functions.set(name, each);
    }
  }

  /** Find the nodes whose values depend on the given ones. */
  spread(nodes: readonly FlowNode[], given: ReadonlySet<string>): ReadonlySet<string> {
    const depending = new Set(given);
    const ragged = new Set<string>();
    // Once more whenever a loop has carried something back.
    for (let before = -1, pass = 0; before !== depending.size + ragged.size; pass++) {
      // Only a file that was made to be slow needs more.
      if (pass === MAX_PASSES) return new Set(nodes.map(({ name }) => name));
      before = depending.size + ragged.size;
      for (const node of nodes) {
        const { name, op, sources } = node;
        const depends = sources.some((source) => depending.has(source));
        const isRagged = sources.some((source) => ragged.has(source));
        if (depends && (isRagged || RAGGED_OPS.test(op))) ragged.add(name);
        if (SHAPE_OPS.test(op) ? isRagged : depends) depending.add(name);
        if (depends) this.#look(node, depending);
      }
    }
    return depending;
  }

  /** Look at a node whose inputs depend on the items. */
  #look({ name, op, sources, attr }: FlowNode, depending: ReadonlySet<string>): void {
    const decides = (index: number): boolean => depending.has(sources[index] ?? "");
    const isOnLoop = (sources[1] ?? "").includes("LoopCond");
    if (/^(If|StatelessIf|if|Case|StatelessCase|LoopCond)$/.test(op) && decides(0)) this.found ??= name;
    if (/^((Ref)?Switch|_SwitchN)$/.test(op) && decides(1) && !isOnLoop) this.found ??= name;
    const given = sources.map((source) => depending.has(source));
    if (/^(While|StatelessWhile)$/.test(op)) this.#lookIntoLoop(name, attr, given);
    if (/^(If|StatelessIf|if)$/.test(op)) {
      for (const branch of ["then_branch", "else_branch"]) this.#call(nameOf(attr[branch]), given.slice(1));
    }
    if (op.endsWith("PartitionedCall")) this.#call(nameOf(attr.f), given);
  }

  #lookIntoLoop(name: string, attr: JsonObject, given: readonly boolean[]): void {
    let carried = given;
    for (let round = 0; round <= given.length; round++) {
      const after = this.#call(nameOf(attr.body), carried);
      const next = carried.map((depends, index) => depends || after[index] === true);
      if (next.every((depends, index) => depends === carried[index])) break;
      carried = next;
    }
    if (this.#call(nameOf(attr.cond), carried)[0] === true) this.found ??= name;
  }

  /** Which results of a function depend on the items, given which arguments do. */
  #call(name: string, given: readonly boolean[]): readonly boolean[] {
    const body = this.#functions.get(name);
    const key = `${name} ${given.map(asNumber).join("")}`;
    const answer = this.#answers.get(key);
    if (answer !== undefined) return answer;
    if (body === undefined || this.#depth >= MAX_DEPTH) return given.map(() => true);
    const signature = asJsonObject(body.signature);
    const names = (list: unknown): string[] =>
      (Array.isArray(list) ? list : []).map((each) => textOr(asJsonObject(each).name, ""));
    const nodes = (Array.isArray(body.nodeDef) ? body.nodeDef : []).filter(isJsonObject).map((node): FlowNode => ({
      name: textOr(node.name, ""),
      op: textOr(node.op, ""),
      attr: asJsonObject(node.attr),
      sources: sourcesOf(Array.isArray(node.input) ? node.input : []),
    }));
    this.#depth++;
    const depending = this.spread(nodes, new Set(names(signature.inputArg).filter((_, index) => given[index])));
    this.#depth--;
    const results = asJsonObject(body.ret);
    const found = names(signature.outputArg).map((output) =>
      depending.has(parseReference(textOr(results[output], output)).node),
    );
    this.#answers.set(key, found);
    return found;
  }
}

function nameOf(value: unknown): string {
  return textOr(asJsonObject(asJsonObject(value).func).name, "");
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}
