import { expose } from "comlink";
import type { Reply } from "../../src/protocol/error-record.js";
import type { LinkedApi } from "../../src/protocol/link.js";

/** The part of an API that a worker's own code provides. The rest is the same for all workers. */
export type Offered<Api extends LinkedApi> = Omit<Api, keyof LinkedApi>;

/** The part of a `MessagePort` that Comlink listens on. */
type MessageEnd = Parameters<typeof expose>[1];

/**
 * Offer an API to whoever holds the other end.
 * @param endpoint by default the worker itself; tests pass a port.
 */
export function exposeApi<Api extends LinkedApi>(api: Offered<Api>, endpoint?: MessageEnd): void {
  const linked: Offered<Api> & LinkedApi = { ...api, attach: holdLifeline };
  expose(linked, endpoint);
}

/** Resolves as soon as the lock is held, so that the page never asks for it before the worker does. */
function holdLifeline(name: string): Promise<Reply<boolean>> {
  return new Promise((resolve) => {
    const answer = (isHeld: boolean): void => resolve({ ok: true, value: isHeld });
    const untilTheEnd = (): Promise<never> => {
      answer(true);
      return new Promise(() => {});
    };
    // An insecure page has no locks, and a sandboxed one refuses them.
    const locks = globalThis.navigator?.locks as LockManager | undefined;
    if (locks === undefined) answer(false);
    else locks.request(name, untilTheEnd).catch(() => answer(false));
  });
}
