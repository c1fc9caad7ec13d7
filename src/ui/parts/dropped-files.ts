/** A folder with more files was hardly dropped on purpose. */
const MAX_FILES = 10_000;

/**
 * The dropped files, including those inside dropped folders, since a model or a set of pictures mostly lies in one.
 * Call it while the event is handled; afterwards the browser no longer gives access to the files.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.some(({ isDirectory }) => isDirectory)) return [...transfer.files];
  const files: File[] = [];
  const waiting: FileSystemEntry[] = entries;
  while (waiting.length > 0 && files.length < MAX_FILES) {
    const entry = waiting.shift()!;
    if (isFile(entry)) files.push(withPath(await fileOf(entry), entry.fullPath.slice(1)));
    else if (isDirectory(entry)) waiting.push(...(await entriesOf(entry)));
  }
  return files;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  // Nobody drops hidden files such as .DS_Store on purpose.
  return entry.isFile && !entry.name.startsWith(".");
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory && !entry.name.startsWith(".");
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** Give a dropped file the path that a chosen one has: weight files of one name may lie in several folders. */
function withPath(file: File, path: string): File {
  return Object.defineProperty(file, "webkitRelativePath", { value: path });
}

/** A reader returns some entries per call, and none at the end. */
async function entriesOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0 || all.length >= MAX_FILES) return all.toSorted((a, b) => a.name.localeCompare(b.name));
    all.push(...some);
  }
}
