/** What is needed of a `FileSystemSyncAccessHandle`. Offsets and sizes are in bytes. */
export interface JournalFile extends ReadableFile {
  /** @returns how many bytes were written. @throws `QuotaExceededError` where there is no room. */
  write(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  truncate(byteLength: number): void;
  /** Return once everything is on the disk. */
  flush(): void;
  close(): void;
}

export interface ReadableFile {
  /** Fill `bytes` from the file. @returns how many were read: fewer at its end. */
  read(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  getSize(): number;
}

/** A journal that may be open elsewhere, as it was when it was looked at. */
export interface StoredFile extends ReadableFile {
  readonly name: string;
  /** When it was last written, ms since 1970. */
  readonly changedAtMs: number;
  /** It has been written to or deleted since, so that reading it has ended early. */
  readonly isOutdated: boolean;
  /** A copy that later changes leave alone. */
  copy(): Promise<Blob>;
}

/** Where the files of all journals of this origin are. */
export interface JournalFolder {
  /** Open a file for reading and writing; nobody else can meanwhile. It is created if need be. */
  openFile(name: string): Promise<JournalFile>;
  /** `undefined` if there is none. */
  read(name: string): Promise<StoredFile | undefined>;
  readAll(): Promise<StoredFile[]>;
  /** @returns whether there was one. @throws ShardError "journal-busy" if it is open. */
  remove(name: string): Promise<boolean>;
}
