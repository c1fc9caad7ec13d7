import { foreignFormatOfBytes, refuseForeign } from "./foreign-formats.js";
import { pathOf, severalModels } from "./match-files.js";
import { headOf, type SourceFile } from "./source-file.js";

/** Every file's first bytes are looked at up to this count of files; of more files, only those with telling names. */
const FEW_FILES = 100;

/** A format whose models are single files. */
export interface FileKind {
  readonly hasName: (name: string) => boolean;
  readonly hasHead: (head: Uint8Array) => boolean;
  /** The first bytes tell little, so that files without a telling name are only looked at if none has one. */
  readonly prefersNames: boolean;
}

/**
 * Find the one model of a kind among files, by its name or by its first bytes; `undefined` if there is none.
 * @throws ShardError "model-not-found" if there are several, "model-unsupported" for one that is plainly something else (a page, an archive)
 */
export async function findModelFile(
  files: readonly SourceFile[],
  { hasName, hasHead, prefersNames }: FileKind,
): Promise<SourceFile | undefined> {
  const named = files.filter(({ name }) => hasName(name));
  const namesSuffice = files.length > FEW_FILES || (prefersNames && named.length > 0);
  const found: SourceFile[] = [];
  for (const file of namesSuffice ? named : files) {
    const head = await headOf(file);
    if (!hasHead(head)) {
      if (!hasName(file.name)) continue;
      const format = foreignFormatOfBytes(head);
      if (format !== undefined) throw refuseForeign(pathOf(file), format);
    }
    found.push(file);
  }
  if (found.length <= 1) return found[0];
  throw severalModels(found);
}
