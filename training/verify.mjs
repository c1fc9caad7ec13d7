// SPDX-License-Identifier: Apache-2.0
// Checks the exported model in TensorFlow.js: it loads, it returns what torch returns
// (training/cache/probe.json, written by export.py), and a tile cut with the stated
// halo gives the same numbers as the whole picture.
// Usage: node training/verify.mjs [cpu] [wasm]      (default: both)
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
// TFJS_ROOT: folder whose node_modules holds TensorFlow.js, if not this project's.
const require = createRequire(join(process.env.TFJS_ROOT ?? here, 'package.json'));
const tf = require('@tensorflow/tfjs-core');
const { loadGraphModel } = require('@tensorflow/tfjs-converter');
const folder = join(here, '..', 'public', 'models', 'upscale-x2');
const probe = JSON.parse(readFileSync(join(here, 'cache', 'probe.json'), 'utf8'));

function artifacts() {
  const json = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const bytes = readFileSync(join(folder, json.weightsManifest[0].paths[0]));
  return {
    modelTopology: json.modelTopology, format: json.format, signature: json.signature,
    userDefinedMetadata: json.userDefinedMetadata,
    weightSpecs: json.weightsManifest[0].weights,
    weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  };
}

function largest(a, b) {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  return worst;
}

let failed = false;
function report(name, worst, limit) {
  const ok = worst <= limit;
  failed ||= !ok;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}: ${worst.toExponential(2)} (limit ${limit})`);
}

async function run(model, image) {
  const output = tf.tidy(() => model.execute({ image }, 'upscaled'));
  const data = await output.data();
  const shape = output.shape;
  output.dispose();
  return { data, shape };
}

/** Largest difference between joined tiles, whose halo ends at the picture's border, and the whole. */
async function tiles(model, image, halo, core) {
  const [, h, w] = image.shape;
  const whole = await run(model, image);
  let worst = 0;
  for (let y = 0; y < h; y += core) {
    for (let x = 0; x < w; x += core) {
      const [y1, x1] = [Math.min(h, y + core), Math.min(w, x + core)];
      const [ty, tx] = [Math.max(0, y - halo), Math.max(0, x - halo)];
      const [by, bx] = [Math.min(h, y1 + halo), Math.min(w, x1 + halo)];
      const cut = tf.slice(image, [0, ty, tx, 0], [1, by - ty, bx - tx, 3]);
      const part = await run(model, cut);
      cut.dispose();
      for (let r = 2 * y; r < 2 * y1; r++) {
        for (let c = 2 * x; c < 2 * x1; c++) {
          for (let k = 0; k < 3; k++) {
            const a = whole.data[(r * 2 * w + c) * 3 + k];
            const b = part.data[((r - 2 * ty) * 2 * (bx - tx) + c - 2 * tx) * 3 + k];
            worst = Math.max(worst, Math.abs(a - b));
          }
        }
      }
    }
  }
  return worst;
}

const wanted = process.argv.slice(2);
for (const backend of wanted.length ? wanted : ['cpu', 'wasm']) {
  const pkg = require(`@tensorflow/tfjs-backend-${backend}`);
  if (backend === 'wasm') {
    const dist = dirname(require.resolve('@tensorflow/tfjs-backend-wasm'));
    pkg.setWasmPaths(dist + '/');
  }
  await tf.setBackend(backend);
  await tf.ready();
  const model = await loadGraphModel({ load: async () => artifacts() });
  const { halo, scale } = artifacts().userDefinedMetadata;
  console.log(`# ${tf.getBackend()}, halo ${halo}, inputs ${model.inputs.map(t => t.name)}, outputs ${model.outputs.map(t => t.name)}`);
  const image = tf.tensor4d(probe.input, probe.shape);
  const out = await run(model, image);
  if (out.shape[1] !== scale * probe.shape[1]) throw new Error(`shape ${out.shape}`);
  report('equals torch', largest(out.data, Float32Array.from(probe.output)), 1e-5);
  report('tiles equal whole', await tiles(model, image, halo, 13), 1e-5);
  const less = await tiles(model, image, halo - 1, 13);
  console.log(`     with halo ${halo - 1}: ${less.toExponential(2)} (for comparison)`);
  for (const [h, w] of [[1, 1], [1, 5], [2, 1], [3, 3]]) {
    const flat = tf.fill([1, h, w, 3], 0.6);
    const small = await run(model, flat);
    report(`flat ${h}x${w} stays near flat`, largest(small.data, new Float32Array(12 * h * w).fill(0.6)), 0.05);
    flat.dispose();
  }
  image.dispose();
  model.dispose();
}
process.exit(failed ? 1 : 0);
