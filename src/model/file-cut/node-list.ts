import type { TensorKey } from "../graph/graph.js";

/** An operation of a file in another engine's format, as far as cutting has to know it. */
export interface FileNode {
  readonly name: string;
  readonly op: string;
  /** The tensors that it reads, those that its branches and bodies take from around them too. */
  readonly reads: readonly TensorKey[];
  readonly makes: readonly TensorKey[];
  /** It computes little, and engines fuse it with what is before it: no layer begins with it. */
  readonly isLight: boolean;
  /**
   * Which stages may have a copy of it, so that what it makes need not pass between them: none; every one that reads it, if it reads
   * constants alone; or every one that reads it, since what it reads is smaller.
   */
  readonly copied: "never" | "if-constant" | "always";
}

/** A model as a list of operations that read and make named tensors. */
export interface NodeList {
  /** Makers come before readers, and each tensor has one maker at most. */
  readonly nodes: readonly FileNode[];
  /** Tensors that the caller gives and gets. */
  readonly inputs: readonly TensorKey[];
  readonly outputs: readonly TensorKey[];
  /** Constants of the file, with their bytes. Every stage has those that it reads. */
  readonly constants: ReadonlyMap<TensorKey, number>;
  /** Whether a tensor that an operation makes can leave a worker and enter another one without change. */
  readonly crosses: (key: TensorKey) => boolean;
  /** Whether engines compute a node together with the maker of a tensor that it alone reads, so that a cut between them would show. */
  readonly fuses: (node: FileNode, key: TensorKey) => boolean;
}
