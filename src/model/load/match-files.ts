import { ShardError } from "../../core/errors.js";

/** The properties of a `File` that are needed to find it. */
export interface NamedFile {
  readonly name: string;
  /** "folder/sub/name" if the user chose a whole folder; else empty or absent. */
  readonly webkitRelativePath?: string;
}

/**
 * Find the file that each weight path refers to: the file at that path, relative to model.json, if folders are known; else the
 * only file of that name.
 *
 * @param paths of the manifest: "a.bin", "./a.bin", "sub/a.bin", even "https://…/a.bin".
 * @returns one file per path, in the manifest's order. Files that no path refers to are left out.
 * @throws ShardError "weights-missing" naming the paths that match no file, or several.
 */
export function matchWeightFiles<T extends NamedFile>(
  paths: readonly string[],
  modelFile: T,
  files: readonly T[],
): readonly T[] {
  const folder = pathOf(modelFile).split("/").slice(0, -1);
  const byPath = new Map(files.map((file) => [normalized(pathOf(file)), file]));
  const wantedNames = new Map<string, Set<string>>();
  for (const path of paths) {
    const name = baseName(withoutQuery(path));
    wantedNames.set(name, (wantedNames.get(name) ?? new Set()).add(path));
  }
  const found = paths.map((path) => {
    for (const spelling of spellings(path)) {
      const exact = byPath.get(normalized(resolvePath(folder, spelling)));
      if (exact !== undefined) return exact;
    }
    const names = spellings(path).map((spelling) => normalized(baseName(spelling)));
    const namesakes = files.filter((file) => names.includes(normalized(file.name)));
    // If two paths matched the same file, it would be the wrong one for at least one of them.
    const isOnly = namesakes.length === 1 && wantedNames.get(baseName(withoutQuery(path)))!.size === 1;
    return isOnly ? namesakes[0]! : path;
  });
  const missing = found.filter((file) => typeof file === "string");
  if (missing.length > 0) throw missingFiles(missing, modelFile, files);
  return found.filter((file) => typeof file !== "string");
}

/** The error for files of several models. */
export function severalModels(files: readonly NamedFile[], what = "model"): ShardError {
  return new ShardError(
    "model-not-found",
    `Expected one ${what}, received ${files.length}: ${listNames(files.map(pathOf))}: choose the files of one model.`,
  );
}

/** Quote at most six names for a message. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 6).map((name) => `"${name.slice(-60)}"`);
  if (names.length > shown.length) shown.push(`${names.length - shown.length} more`);
  return shown.join(", ") || "none";
}

export function pathOf({ name, webkitRelativePath }: NamedFile): string {
  return webkitRelativePath || name;
}

/** A path as it is, for names with odd characters; without its query; and with its escapes resolved: it may be an address. */
function spellings(path: string): readonly string[] {
  const plain = withoutQuery(path);
  try {
    return [...new Set([path, plain, decodeURIComponent(plain)])];
  } catch {
    return [...new Set([path, plain])];
  }
}

/** Some systems store letters with accents in two parts. */
function normalized(path: string): string {
  return path.normalize("NFC");
}

function resolvePath(folder: readonly string[], path: string): string {
  const parts = [...folder];
  for (const part of path.split(/[/\\]/)) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1)!;
}

function withoutQuery(path: string): string {
  return path.replace(/[?#].*$/s, "");
}

function missingFiles(missing: readonly string[], modelFile: NamedFile, files: readonly NamedFile[]): ShardError {
  const others = files.filter((file) => file !== modelFile).map(pathOf);
  const namesakes = files.filter((file) => file.name === baseName(withoutQuery(missing[0]!)));
  const advice =
    namesakes.length === 0
      ? `choose them together with ${modelFile.name.slice(-60)}`
      : "choose the whole folder, so that the paths of the files are known";
  return new ShardError(
    "weights-missing",
    `Expected the weight files ${listNames(missing)} that ${modelFile.name} names, received ${listNames(others)}: ${advice}.`,
  );
}
