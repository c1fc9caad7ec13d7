import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const tsc = resolve("node_modules/typescript/bin/tsc");

/**
 * Compile a program of somebody who uses the library.
 * @param folder below `.tsbuild`, of this test alone.
 * @param options of the compiler that differ from ours.
 * @returns what the compiler says; empty where it has nothing to say.
 */
export function compile(folder: string, code: string, options: object = {}): Promise<string> {
  const place = resolve(".tsbuild", folder);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "example.ts"), code);
  const compilerOptions = {
    ...{
      composite: false,
      emitDeclarationOnly: false,
      noEmit: true,
      noUnusedLocals: false,
      lib: ["ESNext", "DOM", "DOM.Iterable"],
    },
    paths: {
      "inference-sharder": ["../../src/index.ts"],
      "inference-sharder/element": ["../../src/ui/element.ts"],
    },
    ...options,
  };
  const config = { extends: "../../tsconfig.base.json", compilerOptions, files: ["example.ts"] };
  writeFileSync(join(place, "tsconfig.json"), JSON.stringify(config));
  return new Promise((done) => execFile(process.execPath, [tsc, "-p", place], (_error, stdout) => done(stdout)));
}
