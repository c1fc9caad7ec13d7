import type { PlainNode, PlainOp } from "./plain-node.js";
import { floats, ints, type PlainTensor } from "./plain-tensor.js";

const { fround } = Math;

interface Candidate {
  readonly box: number;
  score: number;
  /** How many of the selected boxes it has been compared with. */
  compared: number;
}

interface Suppression {
  readonly count: number;
  readonly threshold: number;
  readonly scoreThreshold: number;
  /** 0: a box that overlaps too much is dropped. Above: its score is lowered by a Gaussian of the overlap. */
  readonly sigma: number;
}

interface Selection {
  readonly boxes: number[];
  readonly scores: number[];
}

/**
 * Select boxes by score, the highest first and of equals the first one, dropping those that overlap one selected earlier by more than
 * the threshold. Source: TensorFlow's documentation of NonMaxSuppressionV5, and Bodla et al. 2017 (soft NMS).
 */
function suppress(
  scores: ArrayLike<number>,
  overlap: (a: number, b: number) => number,
  { count, threshold, scoreThreshold, sigma }: Suppression,
): Selection {
  const isBefore = (a: Candidate, b: Candidate): boolean => a.score > b.score || (a.score === b.score && a.box < b.box);
  const queue: Candidate[] = [];
  for (let box = 0; box < scores.length; box++)
    if (scores[box]! > scoreThreshold) queue.push({ box, score: scores[box]!, compared: 0 });
  // The best comes last. Only soft suppression puts candidates back.
  queue.sort((a, b) => (isBefore(a, b) ? 1 : -1));
  const selected: Selection = { boxes: [], scores: [] };
  for (let next = queue.pop(); next !== undefined && selected.boxes.length < count; next = queue.pop()) {
    const before = next.score;
    let isDropped = false;
    for (let index = selected.boxes.length - 1; index >= next.compared && !isDropped; index--) {
      const similarity = overlap(next.box, selected.boxes[index]!);
      if (sigma > 0) {
        next.score = fround(next.score * fround(Math.exp(fround((-0.5 / sigma) * similarity * similarity))));
        isDropped = next.score <= scoreThreshold;
      } else isDropped = similarity > threshold;
    }
    next.compared = selected.boxes.length;
    if (isDropped) continue;
    if (next.score === before) {
      selected.boxes.push(next.box);
      selected.scores.push(next.score);
    } else putBack(queue, next, isBefore);
  }
  return selected;
}

function putBack(queue: Candidate[], candidate: Candidate, isBefore: (a: Candidate, b: Candidate) => boolean): void {
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(candidate, queue[middle]!)) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, candidate);
}

/** Intersection over union of two boxes of four corners, at their offsets in `data`. Corners may come in any order. */
function intersectionOverUnion(data: ArrayLike<number>, a: number, b: number): number {
  const side = (offset: number, axis: number): [number, number] => {
    const [one, other] = [data[offset + axis]!, data[offset + axis + 2]!];
    return one < other ? [one, other] : [other, one];
  };
  const [[topA, bottomA], [leftA, rightA]] = [side(a, 0), side(a, 1)];
  const [[topB, bottomB], [leftB, rightB]] = [side(b, 0), side(b, 1)];
  const areaA = fround(fround(bottomA - topA) * fround(rightA - leftA));
  const areaB = fround(fround(bottomB - topB) * fround(rightB - leftB));
  if (areaA <= 0 || areaB <= 0) return 0;
  const height = Math.max(0, fround(Math.min(bottomA, bottomB) - Math.max(topA, topB)));
  const width = Math.max(0, fround(Math.min(rightA, rightB) - Math.max(leftA, leftB)));
  const shared = fround(height * width);
  return fround(shared / fround(fround(areaA + areaB) - shared));
}

function nonMaxSuppression(node: PlainNode): PlainTensor[] {
  const version = Number(node.op.at(-1)) || 1;
  const [boxes, scores] = [node.floats(0), node.floats(1)];
  const count = node.scalar(2);
  const threshold = version === 1 ? node.number("iou_threshold", 0.5) : node.scalar(3);
  const scoreThreshold = version >= 3 ? node.scalar(4) : -Infinity;
  const sigma = version === 5 ? node.scalar(5) : 0;
  const overlap = (a: number, b: number): number => intersectionOverUnion(boxes.data, 4 * a, 4 * b);
  const selected = suppress(scores.data, overlap, { count, threshold, scoreThreshold, sigma });
  const valid = ints([], [selected.boxes.length]);
  const isPadded = version >= 4 && node.flag("pad_to_max_output_size");
  const length = isPadded ? count : selected.boxes.length;
  const padded = (values: readonly number[]): number[] => Array.from({ length }, (_, index) => values[index] ?? 0);
  const indices = ints([length], padded(selected.boxes));
  if (version === 5) return [indices, floats([length], padded(selected.scores)), valid];
  return version === 4 ? [indices, valid] : [indices];
}

function suppressOverlaps(node: PlainNode): PlainTensor {
  const [overlaps, scores] = [node.floats(0), node.floats(1)];
  const boxCount = scores.data.length;
  const { boxes } = suppress(scores.data, (a, b) => overlaps.data[a * boxCount + b]!, {
    count: node.scalar(2),
    threshold: node.scalar(3),
    scoreThreshold: node.scalar(4),
    sigma: 0,
  });
  return ints([boxes.length], boxes);
}

/** Suppression for each class of each item; what is left of all classes is ordered by score. */
function combinedNonMaxSuppression(node: PlainNode): PlainTensor[] {
  const [boxes, scores] = [node.floats(0), node.floats(1)];
  const [batch = 0, boxCount = 0, boxClasses = 1] = boxes.shape;
  const classCount = scores.shape[2] ?? 1;
  const perClass = node.scalar(2);
  const total = node.scalar(3);
  const size = node.flag("pad_per_class") ? Math.min(total, perClass * classCount) : total;
  const clip = (value: number): number => (node.flag("clip_boxes", true) ? Math.min(1, Math.max(0, value)) : value);
  const outputs = {
    boxes: new Float32Array(batch * size * 4),
    scores: new Float32Array(batch * size),
    classes: new Float32Array(batch * size),
    valid: new Int32Array(batch),
  };
  for (let item = 0; item < batch; item++) {
    const found: { score: number; offset: number; of: number }[] = [];
    for (let of = 0; of < classCount; of++) {
      const offsetOf = (box: number): number =>
        4 * ((item * boxCount + box) * boxClasses + (boxClasses === 1 ? 0 : of));
      const classScores = Float32Array.from(
        { length: boxCount },
        (_, box) => scores.data[(item * boxCount + box) * classCount + of]!,
      );
      const overlap = (a: number, b: number): number => intersectionOverUnion(boxes.data, offsetOf(a), offsetOf(b));
      const limits = { count: perClass, threshold: node.scalar(4), scoreThreshold: node.scalar(5), sigma: 0 };
      const selected = suppress(classScores, overlap, limits);
      for (const [index, box] of selected.boxes.entries())
        found.push({ score: selected.scores[index]!, offset: offsetOf(box), of });
    }
    found.sort((a, b) => b.score - a.score);
    outputs.valid[item] = Math.min(size, found.length);
    for (const [index, { score, offset, of }] of found.slice(0, size).entries()) {
      const row = item * size + index;
      outputs.scores[row] = score;
      outputs.classes[row] = of;
      for (let corner = 0; corner < 4; corner++) outputs.boxes[4 * row + corner] = clip(boxes.data[offset + corner]!);
    }
  }
  return [
    floats([batch, size, 4], outputs.boxes),
    floats([batch, size], outputs.scores),
    floats([batch, size], outputs.classes),
    ints([batch], outputs.valid),
  ];
}

export const BOX_OPS: Readonly<Record<string, PlainOp>> = {
  NonMaxSuppression: nonMaxSuppression,
  NonMaxSuppressionV2: nonMaxSuppression,
  NonMaxSuppressionV3: nonMaxSuppression,
  NonMaxSuppressionV4: nonMaxSuppression,
  NonMaxSuppressionV5: nonMaxSuppression,
  NonMaxSuppressionWithOverlaps: suppressOverlaps,
  CombinedNonMaxSuppression: combinedNonMaxSuppression,
};
