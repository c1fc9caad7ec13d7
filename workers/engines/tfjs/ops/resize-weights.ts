/** For each output place along one axis, how much of each input place it takes: `[outputs][inputs]`, row by row. */
export type AxisWeights = Float32Array;

type Spread = (output: number, add: (input: number, weight: number) => void) => void;

function weightsOf(inputs: number, outputs: number, spread: Spread): AxisWeights {
  const weights = new Float32Array(outputs * inputs);
  for (let output = 0; output < outputs; output++) {
    spread(output, (input, weight) => {
      const at = output * inputs + Math.min(Math.max(input, 0), inputs - 1);
      weights[at]! += weight;
    });
  }
  return weights;
}

export interface Sampling {
  readonly alignsCorners: boolean;
  readonly hasHalfPixels: boolean;
}

/** Input places per output place. */
function scaleOf(inputs: number, outputs: number, { alignsCorners }: Pick<Sampling, "alignsCorners">): number {
  return alignsCorners && outputs > 1 ? (inputs - 1) / (outputs - 1) : inputs / outputs;
}

const { fround } = Math;

/** TensorFlow looks cubic weights up in a table of this many steps between two input places. */
const TABLE_STEPS = 1024;

function roundHalfToEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/**
 * Cubic convolution: with a = −0.5 and weights outside the picture left out if pixels have centres, else with a = −0.75 and the edge
 * repeated. Source: Keys, Cubic convolution interpolation for digital image processing (1981); TensorFlow's ResizeBicubic.
 */
export function bicubicWeights(inputs: number, outputs: number, sampling: Sampling): AxisWeights {
  const scale = scaleOf(inputs, outputs, sampling);
  const a = sampling.hasHalfPixels ? -0.5 : -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return weightsOf(inputs, outputs, (output, add) => {
    const at = sampling.hasHalfPixels ? (output + 0.5) * scale - 0.5 : output * scale;
    const first = Math.floor(at);
    const part = roundHalfToEven((at - first) * TABLE_STEPS) / TABLE_STEPS;
    const taps = [far(1 + part), near(part), near(1 - part), far(2 - part)];
    const isInside = (tap: number): boolean => first - 1 + tap >= 0 && first - 1 + tap < inputs;
    const used = sampling.hasHalfPixels ? taps.map((weight, tap) => (isInside(tap) ? weight : 0)) : taps;
    const total = sampling.hasHalfPixels ? used.reduce((sum, weight) => sum + weight) : 1;
    for (const [tap, weight] of used.entries()) add(first - 1 + tap, Math.abs(total) < 1e-30 ? weight : weight / total);
  });
}

/** The mean of what lies under each output place, counting parts of input places. */
export function areaWeights(inputs: number, outputs: number, sampling: Pick<Sampling, "alignsCorners">): AxisWeights {
  const scale = scaleOf(inputs, outputs, sampling);
  return weightsOf(inputs, outputs, (output, add) => {
    const [from, to] = [output * scale, (output + 1) * scale];
    for (let input = Math.floor(from); input < Math.ceil(to); input++) {
      add(input, (Math.min(input + 1, to) - Math.max(input, from)) / scale);
    }
  });
}

interface Kernel {
  readonly radius: number;
  readonly weight: (distance: number) => number;
}

function lanczos(radius: number): Kernel {
  const weight = (x: number): number => {
    if (x > radius) return 0;
    return x <= 1e-3 ? 1 : (radius * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / radius)) / (Math.PI * x) ** 2;
  };
  return { radius, weight };
}

/** By TensorFlow's names. Mitchell–Netravali has B = C = ⅓, and the Gaussian a deviation of a third of its radius. */
const KERNELS: Readonly<Record<string, Kernel>> = {
  lanczos1: lanczos(1),
  lanczos3: lanczos(3),
  lanczos5: lanczos(5),
  gaussian: { radius: 1.5, weight: (x) => (x >= 1.5 ? 0 : Math.exp(-2 * x * x)) },
  box: { radius: 1, weight: (x) => (x < 0.5 ? 1 : x === 0.5 ? 0.5 : 0) },
  triangle: { radius: 1, weight: (x) => Math.max(0, 1 - x) },
  keyscubic: {
    radius: 2,
    weight: (x) => (x >= 2 ? 0 : x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1),
  },
  mitchellcubic: {
    radius: 2,
    weight: (x) =>
      x >= 2 ? 0 : x >= 1 ? (((-7 / 18) * x + 2) * x - 10 / 3) * x + 16 / 9 : ((7 / 6) * x - 2) * x * x + 8 / 9,
  },
};

export interface Placement {
  /** Output places per input place. */
  readonly scale: number;
  readonly translation: number;
  readonly kernel: string;
  readonly isAntialiased: boolean;
}

/** @returns undefined for a kernel that TensorFlow doesn't have. Source: TensorFlow's ScaleAndTranslate. */
export function kernelWeights(
  inputs: number,
  outputs: number,
  { scale, translation, kernel, isAntialiased }: Placement,
): AxisWeights | undefined {
  if (!Object.hasOwn(KERNELS, kernel)) return undefined;
  const { radius, weight } = KERNELS[kernel]!;
  // Ties between two input places depend on TensorFlow's single precision.
  const step = fround(1 / fround(scale));
  const shift = fround(-fround(step * fround(translation)));
  const stretch = isAntialiased ? Math.max(step, 1) : 1;
  return weightsOf(inputs, outputs, (output, add) => {
    const at = fround(fround((output + 0.5) * step) + shift);
    if (at < 0 || at > inputs) return;
    const first = Math.max(0, Math.ceil(at - radius * stretch - 0.5));
    const last = Math.min(inputs - 1, Math.floor(at + radius * stretch - 0.5));
    const taps: number[] = [];
    for (let input = first; input <= last; input++) taps.push(weight(Math.abs(input + 0.5 - at) / stretch));
    const total = taps.reduce((sum, tap) => sum + tap, 0);
    for (const [index, tap] of taps.entries()) add(first + index, Math.abs(total) < 1e-30 ? tap : tap / total);
  });
}
