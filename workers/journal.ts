import type { JournalApi } from "../src/protocol/journal-api.js";
import { createJournalApi } from "./journal/create-journal-api.js";
import { OpfsFolder } from "./journal/opfs-folder.js";
import { exposeApi } from "./runtime/expose.js";

/** The worker of the journals: only workers may open files of the origin-private file system for writing in place. */
exposeApi<JournalApi<Blob>>(createJournalApi(() => OpfsFolder.open()));
