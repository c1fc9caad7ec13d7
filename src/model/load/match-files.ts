import { ShardError } from "../../core/errors.js";

/** The part of a `File` that finding it takes. */
export interface NamedFile {
  readonly name: string;
  /** From a folder that was chosen whole: "folder/sub/name"; else empty or absent. */
  readonly webkitRelativePath?: string;
}

/**
 * Which of the files each weight path means: the one at that path, seen from model.json, where folders are known; else the
 * one of that name.
 *
 * @param paths of the manifest: "a.bin", "./a.bin", "sub/a.bin", even "https://…/a.bin".
 * @returns one file per path, in the manifest's order. Files that no path means are left out.
 * @throws ShardError "weights-missing" naming what is not there, or of what there are several.
 */
export function matchWeightFiles<T extends NamedFile>(
  paths: readonly string[],
  modelFile: T,
  files: readonly T[],
): readonly T[] {
  const folder = pathOf(modelFile).split("/").slice(0, -1);
  const byPath = new Map(files.map((file) => [pathOf(file), file]));
  const wantedNames = new Map<string, Set<string>>();
  for (const path of paths) {
    const name = baseName(path);
    wantedNames.set(name, (wantedNames.get(name) ?? new Set()).add(path));
  }
  const found = paths.map((path) => {
    const exact = byPath.get(resolvePath(folder, path));
    if (exact !== undefined) return exact;
    const namesakes = files.filter((file) => file.name === baseName(path));
    // One file for two paths would be the wrong one for one of them.
    const isOnly = namesakes.length === 1 && wantedNames.get(baseName(path))!.size === 1;
    return isOnly ? namesakes[0]! : path;
  });
  const missing = found.filter((file) => typeof file === "string");
  if (missing.length > 0) throw missingFiles(missing, modelFile, files);
  return found.filter((file) => typeof file !== "string");
}

/** For messages: at most six names. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 6).map((name) => `"${name.slice(-60)}"`);
  if (names.length > shown.length) shown.push(`${names.length - shown.length} more`);
  return shown.join(", ") || "none";
}

export function pathOf({ name, webkitRelativePath }: NamedFile): string {
  return webkitRelativePath || name;
}

function resolvePath(folder: readonly string[], path: string): string {
  const parts = [...folder];
  for (const part of withoutQuery(path).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

function baseName(path: string): string {
  return withoutQuery(path).split(/[/\\]/).at(-1)!;
}

function withoutQuery(path: string): string {
  return path.replace(/[?#].*$/s, "");
}

function missingFiles(missing: readonly string[], modelFile: NamedFile, files: readonly NamedFile[]): ShardError {
  const others = files.filter((file) => file !== modelFile).map(pathOf);
  const namesakes = files.filter((file) => file.name === baseName(missing[0]!));
  const advice =
    namesakes.length === 0
      ? "choose the weight files together with model.json"
      : "choose the folder as a whole, so that it shows which file lies where";
  return new ShardError(
    "weights-missing",
    `Expected the weight files ${listNames(missing)} that ${modelFile.name} names, received ${listNames(others)}: ${advice}.`,
  );
}
