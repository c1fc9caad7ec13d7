import { ShardError } from "../../core/errors.js";
import { throwIfAborted } from "../../protocol/abort.js";
import { messageOf } from "../../protocol/error-record.js";
import type { PathBlob } from "../../protocol/reader-api.js";
import { HeadTarget, readPieces, type ByteTarget } from "./byte-target.js";
import { HEAD_BYTES } from "./foreign-formats.js";
import { pathOf, type NamedFile } from "./match-files.js";

/** A file that a model is read from: chosen, dropped, downloaded or taken out of an archive. */
export interface SourceFile extends NamedFile {
  readonly blob: Blob;
}

export function sourceOf(file: File): SourceFile {
  return { name: file.name, webkitRelativePath: file.webkitRelativePath, blob: file };
}

export function sourceInArchive({ path, blob }: PathBlob<Blob>): SourceFile {
  return { name: path.slice(path.lastIndexOf("/") + 1), webkitRelativePath: path, blob };
}

/**
 * Read a file into `target`.
 * @param onHead sees the first bytes; may refuse the file by throwing.
 * @throws ShardError `code` if the file can't be read, "aborted", and any ShardError that `target` or a listener throws.
 */
export async function readSource(
  file: SourceFile,
  code: "model-not-found" | "weights-missing",
  target: ByteTarget,
  signal: AbortSignal | undefined,
  onBytes: (byteCount: number) => void,
  onHead: (head: Uint8Array) => void = () => {},
): Promise<void> {
  throwIfAborted(signal);
  const headed = new HeadTarget(target, HEAD_BYTES, onHead);
  headed.begin(file.blob.size);
  await orRefuse(file, code, () =>
    readPieces(file.blob.stream(), signal, (piece) => {
      headed.write(piece);
      onBytes(piece.byteLength);
    }),
  );
  headed.end();
}

/** The first bytes of a file. @throws ShardError "model-not-found" if it can't be read. */
export async function headOf(file: SourceFile): Promise<Uint8Array> {
  return orRefuse(
    file,
    "model-not-found",
    async () => new Uint8Array(await file.blob.slice(0, HEAD_BYTES).arrayBuffer()),
  );
}

async function orRefuse<T>(
  file: SourceFile,
  code: "model-not-found" | "weights-missing",
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof ShardError) throw thrown;
    throw new ShardError(
      code,
      `Expected to read "${pathOf(file)}", received a failure (${messageOf(thrown)}): the file was moved or changed after it was chosen; choose it again.`,
      { cause: thrown },
    );
  }
}
