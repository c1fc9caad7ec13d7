import { afterAll, vi } from "vitest";

/** The files of a project that shares its modules share their globals, too: each leaves them as they were. */
afterAll(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  vi.restoreAllMocks();
});
