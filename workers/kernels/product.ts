/**
 * out = bias + [x, h] · weights, in panels of eight columns. Every sum starts with its bias and takes the terms in their order, in
 * whichever tile a row is: results don't depend on the batch, and the plain twin gives the same bits.
 */

const PANEL_BYTES: usize = 32;
const FLOAT_BYTES: usize = 4;

function plusProduct(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

/**
 * @param x       address of the first row; of each row, the first `xCount` numbers are read. So are `h`'s.
 * @param weights panel by panel `[xCount + hCount][8]`
 * @param bias    `[columnCount]`
 * @param out     rows of `columnCount` numbers
 * @param columnCount a multiple of eight
 */
export function product(
  rowCount: i32,
  x: usize,
  xRowBytes: usize,
  xCount: i32,
  h: usize,
  hRowBytes: usize,
  hCount: i32,
  weights: usize,
  bias: usize,
  out: usize,
  outRowBytes: usize,
  columnCount: i32,
): void {
  const panelBytes = <usize>(xCount + hCount) * PANEL_BYTES;
  for (let column: i32 = 0; column < columnCount; column += 8) {
    let row: i32 = 0;
    let xRow = x;
    let hRow = h;
    let outRow = out;
    for (; row + 4 <= rowCount; row += 4) {
      fourRows(xRow, xRowBytes, xCount, hRow, hRowBytes, hCount, weights, bias, outRow, outRowBytes);
      xRow += 4 * xRowBytes;
      hRow += 4 * hRowBytes;
      outRow += 4 * outRowBytes;
    }
    for (; row < rowCount; row++) {
      oneRow(xRow, xCount, hRow, hCount, weights, bias, outRow);
      xRow += xRowBytes;
      hRow += hRowBytes;
      outRow += outRowBytes;
    }
    weights += panelBytes;
    bias += PANEL_BYTES;
    out += PANEL_BYTES;
  }
}

/** A tile of four rows and eight columns, whose sums stay in registers. */
function fourRows(
  x: usize,
  xRowBytes: usize,
  xCount: i32,
  h: usize,
  hRowBytes: usize,
  hCount: i32,
  weights: usize,
  bias: usize,
  out: usize,
  outRowBytes: usize,
): void {
  let sum0a = v128.load(bias);
  let sum0b = v128.load(bias, 16);
  let sum1a = sum0a;
  let sum1b = sum0b;
  let sum2a = sum0a;
  let sum2b = sum0b;
  let sum3a = sum0a;
  let sum3b = sum0b;
  let row0 = x;
  let row1 = row0 + xRowBytes;
  let row2 = row1 + xRowBytes;
  let row3 = row2 + xRowBytes;
  let left = xCount;
  for (let source = 0; source < 2; source++) {
    for (; left >= 2; left -= 2) {
      let a = v128.load(weights);
      let b = v128.load(weights, 16);
      let value = v128.load_splat<f32>(row0);
      sum0a = plusProduct(sum0a, value, a);
      sum0b = plusProduct(sum0b, value, b);
      value = v128.load_splat<f32>(row1);
      sum1a = plusProduct(sum1a, value, a);
      sum1b = plusProduct(sum1b, value, b);
      value = v128.load_splat<f32>(row2);
      sum2a = plusProduct(sum2a, value, a);
      sum2b = plusProduct(sum2b, value, b);
      value = v128.load_splat<f32>(row3);
      sum3a = plusProduct(sum3a, value, a);
      sum3b = plusProduct(sum3b, value, b);
      a = v128.load(weights, 32);
      b = v128.load(weights, 48);
      value = v128.load_splat<f32>(row0, 4);
      sum0a = plusProduct(sum0a, value, a);
      sum0b = plusProduct(sum0b, value, b);
      value = v128.load_splat<f32>(row1, 4);
      sum1a = plusProduct(sum1a, value, a);
      sum1b = plusProduct(sum1b, value, b);
      value = v128.load_splat<f32>(row2, 4);
      sum2a = plusProduct(sum2a, value, a);
      sum2b = plusProduct(sum2b, value, b);
      value = v128.load_splat<f32>(row3, 4);
      sum3a = plusProduct(sum3a, value, a);
      sum3b = plusProduct(sum3b, value, b);
      weights += 2 * PANEL_BYTES;
      row0 += 2 * FLOAT_BYTES;
      row1 += 2 * FLOAT_BYTES;
      row2 += 2 * FLOAT_BYTES;
      row3 += 2 * FLOAT_BYTES;
    }
    if (left > 0) {
      const a = v128.load(weights);
      const b = v128.load(weights, 16);
      let value = v128.load_splat<f32>(row0);
      sum0a = plusProduct(sum0a, value, a);
      sum0b = plusProduct(sum0b, value, b);
      value = v128.load_splat<f32>(row1);
      sum1a = plusProduct(sum1a, value, a);
      sum1b = plusProduct(sum1b, value, b);
      value = v128.load_splat<f32>(row2);
      sum2a = plusProduct(sum2a, value, a);
      sum2b = plusProduct(sum2b, value, b);
      value = v128.load_splat<f32>(row3);
      sum3a = plusProduct(sum3a, value, a);
      sum3b = plusProduct(sum3b, value, b);
      weights += PANEL_BYTES;
    }
    row0 = h;
    row1 = row0 + hRowBytes;
    row2 = row1 + hRowBytes;
    row3 = row2 + hRowBytes;
    left = hCount;
  }
  v128.store(out, sum0a);
  v128.store(out, sum0b, 16);
  out += outRowBytes;
  v128.store(out, sum1a);
  v128.store(out, sum1b, 16);
  out += outRowBytes;
  v128.store(out, sum2a);
  v128.store(out, sum2b, 16);
  out += outRowBytes;
  v128.store(out, sum3a);
  v128.store(out, sum3b, 16);
}

function oneRow(x: usize, xCount: i32, h: usize, hCount: i32, weights: usize, bias: usize, out: usize): void {
  let sumA = v128.load(bias);
  let sumB = v128.load(bias, 16);
  let row = x;
  let left = xCount;
  for (let source = 0; source < 2; source++) {
    for (; left > 0; left--) {
      const value = v128.load_splat<f32>(row);
      sumA = plusProduct(sumA, value, v128.load(weights));
      sumB = plusProduct(sumB, value, v128.load(weights, 16));
      weights += PANEL_BYTES;
      row += FLOAT_BYTES;
    }
    row = h;
    left = hCount;
  }
  v128.store(out, sumA);
  v128.store(out, sumB, 16);
}
