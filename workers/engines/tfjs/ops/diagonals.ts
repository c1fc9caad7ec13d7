import type { Tensor as TfTensor } from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";
import { flatIndex as flat, mapIndices, stridesOf, take, zeroLike as zero } from "./take.js";

/** A band of diagonals: `k = column − row` from `lowest` to `highest`. */
interface Band {
  readonly lowest: number;
  readonly highest: number;
}

/** Where the band's diagonals lie in matrices of `rows` × `columns`, and in the compact form, one row per diagonal. */
class Diagonals {
  readonly #rows: number;
  readonly #columns: number;
  readonly #longest: number;
  readonly #align: string;

  constructor(rows: number, columns: number, longest: number, align: string) {
    this.#rows = rows;
    this.#columns = columns;
    this.#longest = longest;
    this.#align = align;
  }

  lengthOf(k: number): number {
    return Math.min(this.#columns - Math.max(k, 0), this.#rows + Math.min(k, 0));
  }

  /** How many places of a compact row stay empty before the diagonal begins. */
  offsetOf(k: number): number {
    const [above, below] = this.#align.split("_");
    const isLeft = (k >= 0 && above === "LEFT") || (k <= 0 && below === "LEFT");
    return isLeft ? 0 : this.#longest - this.lengthOf(k);
  }
}

function bandOf(node: KernelNode, index: number): Band {
  const values = node.tensors.length > index ? node.numbers(index) : [0];
  return { lowest: values[0]!, highest: values.at(-1)! };
}

/** V3 states the alignment, V2 has all diagonals begin at the left, and V1 has only one. */
function alignOf(node: KernelNode): string {
  return node.attr.op.endsWith("V3") ? node.attr.text("align", "RIGHT_LEFT") : "LEFT_LEFT";
}

/** Matrices from their diagonals; other elements are 0 or what is given. */
const build: KernelOp = (node) => {
  const diagonal = node.tensor(0);
  const { lowest, highest } = bandOf(node, 1);
  const longest = diagonal.shape.at(-1)!;
  const batch = diagonal.shape.slice(0, lowest === highest ? -1 : -2);
  const [leastRows, leastColumns] = [longest - Math.min(highest, 0), longest + Math.max(lowest, 0)];
  const given = (index: number): number => (node.tensors.length > index ? node.number(index) : -1);
  const [rowsGiven, columnsGiven] = [given(2), given(3)];
  const square = Math.max(leastRows, leastColumns);
  const isOpen = rowsGiven < 0 && columnsGiven < 0;
  const rows = isOpen ? square : rowsGiven < 0 ? leastRows : rowsGiven;
  const columns = isOpen ? square : columnsGiven < 0 ? leastColumns : columnsGiven;
  const places = new Diagonals(rows, columns, longest, alignOf(node));
  const count = highest - lowest + 1;
  const strides = stridesOf([...batch, count, longest]);
  const shape = [...batch, rows, columns];
  const indices = mapIndices(shape, (place) => {
    const [row, column] = [place.at(-2)!, place.at(-1)!];
    const k = column - row;
    if (k < lowest || k > highest) return diagonal.size;
    const along = column - Math.max(k, 0) + places.offsetOf(k);
    return flat([...place.slice(0, -2), highest - k, along], strides);
  });
  return take(diagonal, shape, indices, fill(node, 4, diagonal));
};

/** The diagonals of matrices. */
const part: KernelOp = (node) => {
  const matrices = node.tensor(0);
  const { lowest, highest } = bandOf(node, 1);
  const [rows, columns] = [matrices.shape.at(-2)!, matrices.shape.at(-1)!];
  const longest = Math.min(rows + Math.min(highest, 0), columns + Math.min(-lowest, 0));
  const places = new Diagonals(rows, columns, longest, alignOf(node));
  const batch = matrices.shape.slice(0, -2);
  const strides = stridesOf(matrices.shape);
  const shape = [...batch, ...(lowest === highest ? [] : [highest - lowest + 1]), longest];
  const indices = mapIndices(shape, (place) => {
    const k = lowest === highest ? lowest : highest - place.at(-2)!;
    const along = place.at(-1)! - places.offsetOf(k);
    if (along < 0 || along >= places.lengthOf(k)) return matrices.size;
    const at = [...place.slice(0, batch.length), along - Math.min(k, 0), along + Math.max(k, 0)];
    return flat(at, strides);
  });
  return take(matrices, shape, indices, fill(node, 2, matrices));
};

/** Matrices with other diagonals. */
const set: KernelOp = (node) => {
  const [matrices, diagonal] = [node.tensor(0), node.tensor(1)];
  const { lowest, highest } = bandOf(node, 2);
  const longest = diagonal.shape.at(-1)!;
  const [rows, columns] = [matrices.shape.at(-2)!, matrices.shape.at(-1)!];
  const places = new Diagonals(rows, columns, longest, alignOf(node));
  const batch = matrices.shape.slice(0, -2);
  const own = stridesOf(matrices.shape);
  const strides = stridesOf([...batch, highest - lowest + 1, longest]);
  const indices = mapIndices(matrices.shape, (place) => {
    const k = place.at(-1)! - place.at(-2)!;
    if (k < lowest || k > highest) return flat(place, own);
    const along = place.at(-1)! - Math.max(k, 0) + places.offsetOf(k);
    return matrices.size + flat([...place.slice(0, -2), highest - k, along], strides);
  });
  return take(matrices, matrices.shape, indices, diagonal);
};

/** A tensor of twice the rank with `x` on its diagonal. */
const diag: KernelOp = (node) => {
  const x = node.tensor(0);
  const strides = stridesOf(x.shape);
  const shape = [...x.shape, ...x.shape];
  const indices = mapIndices(shape, (place) => {
    const isOn = strides.every((_, axis) => place[axis] === place[axis + x.rank]);
    return isOn ? flat(place.slice(0, x.rank), strides) : x.size;
  });
  return take(x, shape, indices, zero(x));
};

const diagPart: KernelOp = (node) => {
  const x = node.tensor(0);
  const shape = x.shape.slice(0, x.rank / 2);
  const strides = stridesOf(x.shape);
  return take(
    x,
    shape,
    mapIndices(shape, (place) => flat([...place, ...place], strides)),
  );
};

function fill(node: KernelNode, index: number, like: TfTensor): TfTensor {
  return node.tensors.length > index ? node.tensor(index) : zero(like);
}

export const DIAGONAL_OPS: Readonly<Record<string, KernelOp>> = {
  MatrixDiag: build,
  MatrixDiagV2: build,
  MatrixDiagV3: build,
  MatrixDiagPart: part,
  MatrixDiagPartV2: part,
  MatrixDiagPartV3: part,
  MatrixSetDiag: set,
  MatrixSetDiagV2: set,
  MatrixSetDiagV3: set,
  Diag: diag,
  DiagPart: diagPart,
};
