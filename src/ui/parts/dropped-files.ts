/** A folder that holds more is not what somebody meant to drop. */
const MAX_FILES = 10_000;

/**
 * The files that were dropped, folders opened: a model and a set of pictures mostly lie in one. To be called while the
 * event is handled; what was dropped is not to be had any more afterwards.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.some(({ isDirectory }) => isDirectory)) return [...transfer.files];
  const files: File[] = [];
  const waiting: FileSystemEntry[] = entries;
  while (waiting.length > 0 && files.length < MAX_FILES) {
    const entry = waiting.shift()!;
    if (isFile(entry)) files.push(await fileOf(entry));
    else if (isDirectory(entry)) waiting.push(...(await entriesOf(entry)));
  }
  return files;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  // What the system hides (.DS_Store) nobody meant.
  return entry.isFile && !entry.name.startsWith(".");
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory && !entry.name.startsWith(".");
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A reader gives some at a time, and nothing at the end. */
async function entriesOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0 || all.length >= MAX_FILES) return all.toSorted((a, b) => a.name.localeCompare(b.name));
    all.push(...some);
  }
}
