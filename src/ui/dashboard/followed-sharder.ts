import type { Sharder } from "../../index.js";
import type { LogPanel } from "../parts/log-panel.js";
import { logSharder } from "../workers/sharder-log.js";
import type { Dashboard } from "./dashboard.js";
import type { ItemWord } from "./panel.js";

interface Followers {
  readonly dashboard: Dashboard;
  readonly log: LogPanel;
  /** What the items of its jobs are. */
  readonly one: ItemWord;
  /** Something that is shown has changed. */
  readonly update: () => void;
}

/** Shows in the panels of a tab what one sharder does, and no longer what the one before does. */
export class FollowedSharder {
  readonly #followers: Followers;
  readonly #signal: AbortSignal;
  #following = new AbortController();
  #current: Sharder | undefined;

  /** @param signal aborts when the element leaves the page. */
  constructor(followers: Followers, signal: AbortSignal) {
    this.#followers = followers;
    this.#signal = signal;
  }

  get current(): Sharder | undefined {
    return this.#current;
  }

  /** @returns what aborts when another sharder is followed, or the element leaves the page. */
  follow(sharder: Sharder): AbortSignal {
    const { dashboard, log, one, update } = this.#followers;
    this.#current = sharder;
    this.#following.abort();
    this.#following = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#following.signal]);
    for (const type of ["worker", "progress", "rebalance"] as const) {
      sharder.addEventListener(type, () => update(), { signal });
    }
    dashboard.attach(sharder, signal);
    logSharder(sharder, log, one, signal);
    return signal;
  }
}
