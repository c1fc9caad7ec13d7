import { afterEach, it, vi } from "vitest";
import { lockJournal } from "../../../../src/sharder/journal/journal-lock.js";
import { rejected } from "../../../fixtures/caught.js";

afterEach(() => void vi.unstubAllGlobals());

/** The platform's locks, all of which another tab holds. */
const locksOfOthers = {
  async request(_: string, { ifAvailable, signal }: LockOptions, granted: LockGrantedCallback<unknown>) {
    if (ifAvailable === true) return granted(null);
    return new Promise((_resolve, reject) =>
      signal?.addEventListener("abort", () => reject(new DOMException("no more", "AbortError"))),
    );
  },
};

it.each(["before", "while"])("a job that is aborted %s it waits does not wait on", async (when) => {
  vi.stubGlobal("navigator", { locks: locksOfOthers });
  const controller = new AbortController();
  if (when === "before") controller.abort();
  const request = { name: "job", file: "f", ifBusy: "wait", signal: controller.signal } as const;
  const locked = lockJournal({ ...request, onWaiting: () => queueMicrotask(() => controller.abort()) });
  await rejected("aborted", Promise.race([locked, new Promise((_, reject) => setImmediate(reject))]));
});
