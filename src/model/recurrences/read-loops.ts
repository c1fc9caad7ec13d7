import { asJsonObject, asText } from "../artifacts.js";
import { parseReference, type GraphNode } from "../graph/graph.js";

/** A variable of a loop: `Enter` → `Merge` ← `NextIteration`, `Merge` → `Switch` → (next step | `Exit`). */
export interface LoopVariable {
  /** What it is before the first step, as a reference to a node outside the loop. */
  readonly initial: string;
  readonly merge: string;
  readonly switchNode: string;
  /** What it becomes in a step, as a reference within the body. */
  readonly next: string;
  /** Names of its `Exit` nodes. */
  readonly exits: readonly string[];
}

/** A while-loop as TensorFlow 1 and the converter of TF.js write it. */
export interface Loop {
  readonly variables: readonly LoopVariable[];
  /** Values that are the same in every step: what each constant `Enter` reads, by the name of that node. */
  readonly constants: ReadonlyMap<string, string>;
  /** Reference to the bool that decides whether another step is made; it reads `Merge` nodes. */
  readonly condition: string;
}

/** The loops of a graph that stand in no other loop or branch, and whose form is understood. @param nodes without control inputs. */
export function readLoops(nodes: readonly GraphNode[]): Loop[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const readers = readersOf(nodes);
  const inside = framedNodes(nodes);
  const frames = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    if (node.op === "Enter") frames.set(frameOf(node), [...(frames.get(frameOf(node)) ?? []), node]);
  }
  return [...frames.values()].flatMap((enters) => readLoop(enters, byName, readers, inside) ?? []);
}

function frameOf({ attr }: GraphNode): string {
  return asText(asJsonObject(attr.frame_name).s);
}

function readLoop(
  enters: readonly GraphNode[],
  byName: ReadonlyMap<string, GraphNode>,
  readers: ReadonlyMap<string, readonly GraphNode[]>,
  inside: ReadonlySet<string>,
): Loop | undefined {
  const variables: LoopVariable[] = [];
  const constants = new Map<string, string>();
  const conditions = new Set<string>();
  for (const enter of enters) {
    const [initial] = enter.input;
    if (enter.input.length !== 1 || inside.has(parseReference(initial!).node)) return undefined;
    if (asJsonObject(enter.attr.is_constant).b === true) {
      constants.set(enter.name, initial!);
      continue;
    }
    const [merge, ...otherMerges] = readers.get(enter.name) ?? [];
    if (merge?.op !== "Merge" || otherMerges.length > 0 || merge.input.length !== 2) return undefined;
    const back = merge.input.map((each) => byName.get(parseReference(each).node)).find((each) => each !== enter);
    const switches = (readers.get(merge.name) ?? []).filter(({ op }) => op === "Switch");
    const [switchNode] = switches;
    if (back?.op !== "NextIteration" || switches.length !== 1 || switchNode!.input.length !== 2) return undefined;
    if (parseReference(switchNode!.input[0]!).node !== merge.name) return undefined;
    const loopCond = byName.get(parseReference(switchNode!.input[1]!).node);
    if (loopCond?.op !== "LoopCond") return undefined;
    conditions.add(loopCond.input[0]!);
    const exits = (readers.get(switchNode!.name) ?? []).filter(({ op }) => op === "Exit").map(({ name }) => name);
    variables.push({ initial: initial!, merge: merge.name, switchNode: switchNode!.name, next: back.input[0]!, exits });
  }
  const [condition] = conditions;
  return condition === undefined || conditions.size > 1 ? undefined : { variables, constants, condition };
}

/** Each node with the nodes that read any of its outputs. */
export function readersOf(nodes: readonly GraphNode[]): Map<string, GraphNode[]> {
  const readers = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    for (const source of new Set(node.input.map((each) => parseReference(each).node))) {
      const list = readers.get(source);
      if (list === undefined) readers.set(source, [node]);
      else list.push(node);
    }
  }
  return readers;
}

/** The nodes whose value differs from step to step or from branch to branch. @param nodes producers first. */
function framedNodes(nodes: readonly GraphNode[]): Set<string> {
  const framed = new Set<string>();
  for (const { name, op, input } of nodes) {
    const reads = input.some((each) => framed.has(parseReference(each).node));
    if (op !== "Exit" && (reads || /^(Ref)?(Enter|Switch|Merge|NextIteration)$/.test(op))) framed.add(name);
  }
  return framed;
}
