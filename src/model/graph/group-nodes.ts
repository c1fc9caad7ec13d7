/**
 * Put nodes that must stay together into groups that can still be put in order: every node on a path that leaves a group and comes
 * back to it joins that group.
 *
 * @param sources for each node, the indices of the nodes that it reads; without cycles.
 * @param bonds pairs of nodes that must stay together.
 * @returns the group of each node, numbered from 0.
 * O(nodes + edges). Union–find, then Kosaraju's strongly connected components.
 */
export function groupNodes(
  sources: readonly (readonly number[])[],
  bonds: Iterable<readonly [number, number]>,
): { readonly groupOf: readonly number[]; readonly groupCount: number } {
  const bonded = compact(unite(sources.length, bonds));
  const groupSources = condense(sources, bonded);
  const components = connectedComponents(groupSources);
  return { groupOf: bonded.groupOf.map((group) => components.groupOf[group]!), groupCount: components.groupCount };
}

interface Grouping {
  readonly groupOf: readonly number[];
  readonly groupCount: number;
}

/** For each group, the groups that it reads, each listed once. */
export function condense(sources: readonly (readonly number[])[], { groupOf, groupCount }: Grouping): number[][] {
  const groups = Array.from({ length: groupCount }, () => new Set<number>());
  for (const [target, each] of sources.entries()) {
    for (const source of each) if (groupOf[source] !== groupOf[target]) groups[groupOf[target]!]!.add(groupOf[source]!);
  }
  return groups.map((group) => [...group]);
}

/** Union–find: returns the root of each node's tree. */
function unite(count: number, bonds: Iterable<readonly [number, number]>): number[] {
  const parents = Array.from({ length: count }, (_, index) => index);
  const find = (node: number): number => {
    let root = node;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root]!]!;
      root = parents[root]!;
    }
    return root;
  };
  for (const [a, b] of bonds) parents[find(b)] = find(a);
  return parents.map((_, node) => find(node));
}

/** Number the distinct labels from 0, in order of first appearance. */
function compact(labels: readonly number[]): Grouping {
  const numbers = new Map<number, number>();
  const groupOf = labels.map((label) => {
    const number = numbers.get(label) ?? numbers.size;
    numbers.set(label, number);
    return number;
  });
  return { groupOf, groupCount: numbers.size };
}

function connectedComponents(sources: readonly (readonly number[])[]): Grouping {
  const targets: number[][] = sources.map(() => []);
  for (const [target, each] of sources.entries()) for (const source of each) targets[source]!.push(target);
  const labels = sources.map(() => -1);
  const finished: number[] = [];
  const isSeen = sources.map(() => false);
  for (const root of sources.keys()) visit(root, targets, isSeen, (node) => finished.push(node));
  const isLabelled = sources.map(() => false);
  for (const root of finished.toReversed()) visit(root, sources, isLabelled, (node) => (labels[node] = root));
  return compact(labels);
}

/** Depth-first search, without recursion because chains may be long. */
function visit(
  root: number,
  edges: readonly (readonly number[])[],
  isSeen: boolean[],
  finish: (node: number) => void,
): void {
  if (isSeen[root]) return;
  isSeen[root] = true;
  const stack = [{ node: root, next: 0 }];
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const edge = edges[top.node]![top.next++];
    if (edge === undefined) {
      finish(top.node);
      stack.pop();
    } else if (!isSeen[edge]) {
      isSeen[edge] = true;
      stack.push({ node: edge, next: 0 });
    }
  }
}
