import type { JournalApi } from "../../src/protocol/journal-api.js";
import type { Offered } from "../runtime/expose.js";
import { acknowledge, reply } from "../runtime/reply.js";
import type { JournalFolder } from "./journal-file.js";
import { JournalService } from "./journal-service.js";

/** What the worker of the journals offers. @param openFolder called when the folder is first needed. */
export function createJournalApi(openFolder: () => Promise<JournalFolder>): Offered<JournalApi<Blob>> {
  const service = new JournalService(openFolder);
  const options = { fallback: "storage-unavailable" } as const;
  return {
    open: (request) => reply(() => service.open(request), options),
    append: (journalId, records) => acknowledge(() => service.append(journalId, records), options),
    read: (journalId, shardId) =>
      reply(() => service.read(journalId, shardId), { ...options, transferables: (payload) => [payload] }),
    close: (journalId) => acknowledge(() => service.close(journalId), options),
    list: () => reply(() => service.list(), options),
    remove: (file) => reply(() => service.remove(file), options),
    export: (file) => reply(() => service.export(file), options),
  };
}
