// The README's examples compile as they stand there.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const folder = resolve(".tsbuild/readme");
const tsc = resolve("node_modules/typescript/bin/tsc");

const examples = [...readFileSync("README.md", "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

/** @returns what the compiler says; empty where it has nothing to say. */
function compile(code: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "example.ts"), code);
  const compilerOptions = {
    ...{
      composite: false,
      emitDeclarationOnly: false,
      noEmit: true,
      noUnusedLocals: false,
      lib: ["ESNext", "DOM", "DOM.Iterable"],
    },
    paths: { "inference-sharder": ["../../src/index.ts"] },
  };
  const config = { extends: "../../tsconfig.base.json", compilerOptions, files: ["example.ts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  return new Promise((done) => execFile(process.execPath, [tsc, "-p", folder], (_error, stdout) => done(stdout)));
}

it("has examples, and they compile", async () => {
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) expect(await compile(example)).toBe("");
}, 60_000);

it("would not if they were wrong", async () => {
  expect(await compile(examples[0]!.replace('model: "', 'modle: "'))).toMatch(/TS\d+/);
}, 60_000);
