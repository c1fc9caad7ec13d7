// Proves that the lint rules the layers rely on find what they are there for, and nothing in what is legal.
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

/** A file per rule; each is expected to break that rule once and no other, or none. */
const cases: readonly (readonly [file: string, code: string, rule: string | undefined])[] = [
  ["src/core/date-now.ts", "export const x = Date.now();", "eslint(no-restricted-globals)"],
  ["src/core/new-date.ts", "export const x = new Date();", "eslint(no-restricted-globals)"],
  ["src/core/random.ts", "export const x = Math.random();", "eslint(no-restricted-properties)"],
  ["src/core/destructured.ts", "export const { random } = Math;", "eslint(no-restricted-properties)"],
  ["src/core/global-this.ts", "export const x = globalThis.Date;", "eslint(no-restricted-properties)"],
  ["src/core/legal.ts", "export const x = Math.max(1, 2);", undefined],
  ["src/core/worker.ts", `export const x = new Worker("x.js");`, "eslint(no-restricted-globals)"],
  ["src/pool/worker.ts", `export const x = new Worker("x.js");`, undefined],
  ["src/sharder/worker.ts", `export const x = new Worker("x.js");`, "eslint(no-restricted-globals)"],
  ["src/jobs/worker.ts", `export const x = new Worker("x.js");`, "eslint(no-restricted-globals)"],
  ["workers/worker.ts", `export const x = new Worker("x.js");`, "eslint(no-restricted-globals)"],
  ["workers/runtime/worker.ts", `export const x = new Worker("x.js");`, "eslint(no-restricted-globals)"],
  ["src/pool/clock.ts", "export const x = [Date.now(), Math.random()];", undefined],
  ["src/pool/tfjs.ts", `import "@tensorflow/tfjs-core";`, "eslint(no-restricted-imports)"],
  ["workers/tfjs.ts", `import "@tensorflow/tfjs-core";`, "eslint(no-restricted-imports)"],
  ["workers/picture/tfjs.ts", `import "@tensorflow/tfjs-core";`, "eslint(no-restricted-imports)"],
  ["workers/runtime/tfjs.ts", `import "@tensorflow/tfjs-core";`, "eslint(no-restricted-imports)"],
  ["workers/engines/tfjs/tfjs.ts", `import "@tensorflow/tfjs-core";`, undefined],
  ["src/model/litert.ts", `import "@litertjs/core";`, "eslint(no-restricted-imports)"],
  ["src/pool/litert.ts", `import "@litertjs/core";`, "eslint(no-restricted-imports)"],
  ["workers/reader/litert.ts", `import "@litertjs/core";`, "eslint(no-restricted-imports)"],
  ["workers/runtime/litert.ts", `import "@litertjs/core";`, "eslint(no-restricted-imports)"],
  ["workers/engines/litert/litert.ts", `import "@litertjs/core";`, undefined],
  ["src/model/onnx.ts", `import "onnxruntime-web/wasm";`, "eslint(no-restricted-imports)"],
  ["src/pool/onnx.ts", `import "onnxruntime-web";`, "eslint(no-restricted-imports)"],
  ["workers/reader/onnx.ts", `import "onnxruntime-web";`, "eslint(no-restricted-imports)"],
  ["workers/runtime/onnx.ts", `import "onnxruntime-web/webgpu";`, "eslint(no-restricted-imports)"],
  ["workers/engines/onnx/onnx.ts", `import "onnxruntime-web/wasm";`, undefined],
  ["src/pool/comlink.ts", `import "comlink";`, undefined],
  ["src/jobs/comlink.ts", `import "comlink";`, "eslint(no-restricted-imports)"],
  ["src/comlink.ts", `import * as comlink from "comlink"; export { comlink };`, "eslint(no-restricted-imports)"],
  ["workers/comlink.ts", `import "comlink";`, "eslint(no-restricted-imports)"],
  ["workers/runtime/comlink.ts", `import "comlink";`, undefined],
  ["workers/engines/tfjs/comlink.ts", `import "comlink";`, "eslint(no-restricted-imports)"],
  ["tests/comlink.ts", `import "comlink"; export const x = new Worker("x.js");`, undefined],
  ["workers/runtime/reply.ts", "export const reply = 1;", undefined],
  ["workers/runtime/engine.ts", "export const engine = 1;", undefined],
  ["workers/engines/tfjs/engine.ts", `import "../../runtime/engine.js"; import "./tfjs.js";`, undefined],
  ["workers/engines/tfjs/reply.ts", `import "../../runtime/reply.js";`, "eslint(no-restricted-imports)"],
  ["workers/runtime/driver.ts", `import "../engines/tfjs/engine.js";`, "eslint(no-restricted-imports)"],
  ["workers/entry.ts", `import "./engines/tfjs/engine.js"; import "./runtime/reply.js";`, undefined],
  ["src/pool/any.ts", "export const x: any = 1;", "typescript(no-explicit-any)"],
  ["src/pool/floating.ts", "Promise.resolve(1);", "typescript(no-floating-promises)"],
  ["src/pool/awaited.ts", "await Promise.resolve(1);", undefined],
  ["src/pool/cycle-a.ts", `import { b } from "./cycle-b.js"; export const a = () => b;`, "import(no-cycle)"],
  ["src/pool/cycle-b.ts", `import { a } from "./cycle-a.js"; export const b = () => a;`, "import(no-cycle)"],
  ["src/pool/types-a.ts", `import type { B } from "./types-b.js"; export type A = B | 1;`, "import(no-cycle)"],
  ["src/pool/types-b.ts", `import type { A } from "./types-a.js"; export type B = A[];`, "import(no-cycle)"],
];

const root = resolve(import.meta.dirname, "../..");
let folder: string;
let found: Map<string, string[]>;

beforeAll(async () => {
  // Outside the checkout, whose .gitignore would hide the files from the linter.
  folder = mkdtempSync(join(tmpdir(), "lint-"));
  for (const name of [".oxlintrc.json", "tsconfig.base.json"]) copyFileSync(join(root, name), join(folder, name));
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "./tsconfig.base.json", include: ["src", "workers", "tests"] }),
  );
  for (const [file, code] of cases) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${code}\n`);
  }
  const report = await new Promise<string>((settle) => {
    const args = [join(root, "node_modules/oxlint/bin/oxlint"), "--type-aware", "--format=json"];
    const env = { ...process.env, OXLINT_TSGOLINT_PATH: join(root, "node_modules/oxlint-tsgolint/bin/tsgolint.js") };
    execFile(process.execPath, args, { cwd: folder, env }, (_, stdout) => settle(stdout));
  });
  const { diagnostics } = JSON.parse(report) as { diagnostics: { filename: string; code: string }[] };
  found = new Map();
  for (const { filename, code } of diagnostics) found.set(filename, [...(found.get(filename) ?? []), code]);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(cases)("%s: %s", (file, _, rule) => {
  expect(found.get(file) ?? []).toEqual(rule === undefined ? [] : [rule]);
});
