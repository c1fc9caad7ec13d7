/**
 * Sparse immutable array: a 32-way radix trie. `set` copies one path and shares the rest; entries set to
 * `undefined` are pruned, so that a window sliding over ever larger indices stays small.
 * Replaces a plain array where one event may touch one of a thousand entries.
 */
export interface PersistentArray<T> {
  /** Levels below the root; the trie spans 32^(depth + 1) indices. */
  readonly depth: number;
  readonly root: Node<T> | undefined;
}

type Node<T> = readonly (Node<T> | T | undefined)[];

const bits = 5;
const width = 1 << bits;

export function emptyArray<T>(): PersistentArray<T> {
  return { depth: 0, root: undefined };
}

/** @param index whole, 0 ≤ index < 2^30. O(log32 n). */
export function getAt<T>(array: PersistentArray<T>, index: number): T | undefined {
  if (!inSpan(array.depth, index)) return undefined;
  let node: unknown = array.root;
  for (let level = array.depth; level >= 0; level--) {
    if (node === undefined) return undefined;
    node = (node as Node<T>)[(index >> (level * bits)) & (width - 1)];
  }
  return node as T | undefined;
}

/** @returns a new array with `value` at `index`; `undefined` removes. O(log32 n), each level copying ≤ 32 references. */
export function setAt<T>(array: PersistentArray<T>, index: number, value: T | undefined): PersistentArray<T> {
  let { depth, root } = array;
  while (!inSpan(depth, index)) {
    root = root === undefined ? undefined : [root];
    depth++;
  }
  return { depth, root: setIn(root, depth, index, value) };
}

/**
 * `setAt` in place, for an index that the latest `setAt` on this very array has just set, before anyone else has seen the
 * result: the path is already a private copy.
 */
export function replaceLatest<T>(array: PersistentArray<T>, index: number, value: T & {}): void {
  let node: unknown = array.root;
  for (let level = array.depth; level > 0; level--) node = (node as Node<T>)[(index >> (level * bits)) & (width - 1)];
  (node as T[])[index & (width - 1)] = value;
}

function inSpan(depth: number, index: number): boolean {
  return depth >= 5 || index >> ((depth + 1) * bits) === 0;
}

function setIn<T>(node: Node<T> | undefined, level: number, index: number, value: T | undefined): Node<T> | undefined {
  const at = (index >> (level * bits)) & (width - 1);
  const copy: (Node<T> | T | undefined)[] = node === undefined ? [] : node.slice();
  while (copy.length < at) copy.push(undefined); // holes would cost the fast element kinds
  copy[at] = level === 0 ? value : setIn(copy[at] as Node<T> | undefined, level - 1, index, value);
  if (value === undefined && copy.every((entry) => entry === undefined)) return undefined;
  return copy;
}
