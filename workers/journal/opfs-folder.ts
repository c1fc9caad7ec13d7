import { ShardError } from "../../src/core/errors.js";
import { messageOf } from "../../src/protocol/error-record.js";
import { BlobFile } from "./blob-file.js";
import type { JournalFile, JournalFolder, StoredFile } from "./journal-file.js";

/** Below the root of the origin-private file system. */
const FOLDER = ["inference-sharder", "journals"] as const;

/** After a page was killed, its file is released only once its worker has ended. */
const RETRY_INTERVAL_MS = 50;
const RETRY_COUNT = 300;

/** A folder in the origin-private file system. */
export class OpfsFolder implements JournalFolder {
  readonly #folder: FileSystemDirectoryHandle;

  private constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  /** @throws ShardError "storage-unavailable" where there is no such file system: an insecure or a private page, an old browser. */
  static async open(): Promise<OpfsFolder> {
    try {
      let folder = await navigator.storage.getDirectory();
      for (const name of FOLDER) folder = await folder.getDirectoryHandle(name, { create: true });
      return new OpfsFolder(folder);
    } catch (cause) {
      throw new ShardError(
        "storage-unavailable",
        `Expected the origin-private file system, where journals are kept, received none (${messageOf(cause)}): serve the page over HTTPS, and open it outside a private window.`,
        { cause },
      );
    }
  }

  async openFile(name: string): Promise<JournalFile> {
    const file = await this.#folder.getFileHandle(name, { create: true });
    for (let attempt = 0; ; attempt++) {
      try {
        return await file.createSyncAccessHandle();
      } catch (thrown) {
        const isTaken = isNamed(thrown, "NoModificationAllowedError");
        if (!isTaken || attempt >= RETRY_COUNT) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
      }
    }
  }

  async read(name: string): Promise<StoredFile | undefined> {
    try {
      const handle = await this.#folder.getFileHandle(name);
      const read = (): Promise<File> => handle.getFile();
      return new BlobFile(await read(), read);
    } catch (thrown) {
      if (isNamed(thrown, "NotFoundError")) return undefined;
      throw thrown;
    }
  }

  async readAll(): Promise<StoredFile[]> {
    const names: string[] = [];
    for await (const [name, handle] of this.#folder.entries()) if (handle.kind === "file") names.push(name);
    const files = await Promise.all(names.map((name) => this.read(name)));
    return files.filter((file) => file !== undefined);
  }

  async remove(name: string): Promise<boolean> {
    try {
      await this.#folder.removeEntry(name);
      return true;
    } catch (thrown) {
      if (isNamed(thrown, "NotFoundError")) return false;
      if (!isNamed(thrown, "NoModificationAllowedError")) throw thrown;
      throw new ShardError(
        "journal-busy",
        "Expected a journal that no job uses, received one in use: end the job first.",
      );
    }
  }
}

function isNamed(thrown: unknown, name: string): boolean {
  return thrown instanceof DOMException && thrown.name === name;
}
