// `npm run build:kernels` compiles workers/kernels to WASM, and writes the bytes to a module of their own. The bytes are committed, so
// that neither a build nor the tests need the compiler; tests/unit/workers/recurrences notices when they are older than their sources.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { root } from "./run.mjs";

const folder = join(root, "workers", "kernels");
const built = join(root, "workers", "engines", "tfjs", "recurrences", "kernel-binary.ts");

/** SIMD without relaxed operations, so that every machine computes the same bits. The memory starts empty and is the caller's. */
const options = [
  ...["--enable", "simd", "-O3", "--converge", "--noAssert", "--runtime", "stub", "--initialMemory", "0"],
  ...["--disableWarning", "112"],
];

/** The SHA-256 of all that the bytes depend on, in hexadecimal. @returns {string} */
export function digestOfSources() {
  const hash = createHash("sha256").update(JSON.stringify([compilerVersion(), options]));
  const names = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  for (const name of names.toSorted()) {
    hash.update(`${name}\n`).update(readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n"));
  }
  return hash.digest("hex");
}

/** The version that package.json pins. @returns {string} */
function compilerVersion() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.assemblyscript;
}

/** Compile the kernels. @returns {string} the bytes, in base64 */
export function compileKernels() {
  const temporary = mkdtempSync(join(tmpdir(), "kernels-"));
  try {
    const compiler = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));
    const binary = join(temporary, "kernels.wasm");
    execFileSync(process.execPath, [compiler, "recurrences.ts", "--outFile", binary, ...options], { cwd: folder });
    return readFileSync(binary).toString("base64");
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const bytes = compileKernels();
  writeFileSync(
    built,
    `// Written by \`npm run build:kernels\` from workers/kernels.

/** The SHA-256 of the sources, their compiler's version and its options. */
export const KERNEL_SOURCES = "${digestOfSources()}";

/** The compiled module, in base64. */
export const KERNEL_BASE64 =
  "${bytes}";
`,
  );
  console.log(`${built}: ${Math.round((bytes.length * 3) / 4)} bytes`);
}
