/**
 * Hold the lock until this worker is gone: that tells the page of its end.
 * @returns whether it is held: a sandboxed page may have no locks. Resolves before anything else waits for the worker.
 */
export function holdLifeline(name: string | undefined): Promise<boolean> {
  if (name === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const untilTheEnd = (): Promise<never> => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks.request(name, untilTheEnd).catch(() => resolve(false));
  });
}
