/** What happened and what a job has to do about it. */
interface EventOwner<E> {
  /** Whether whatever comes from now on is discarded. */
  isOver(): boolean;
  /** Apply one event to the state machine, and carry out what it decides. */
  step(event: E): void;
  /** Every event that had come is applied. */
  applied(): void;
}

/**
 * The events of one state machine. Each is carried out to its end before the next one begins ("run to completion"): what a listener does
 * meanwhile waits for its turn.
 */
export class EventQueue<E> {
  readonly #owner: EventOwner<E>;
  readonly #events: E[] = [];
  #isApplying = false;

  constructor(owner: EventOwner<E>) {
    this.#owner = owner;
  }

  /** Whether an event is being carried out. */
  get isApplying(): boolean {
    return this.#isApplying;
  }

  /** Something happened: apply it now, or after the event that is being carried out. @throws what `step` throws; nothing waits then. */
  apply(event: E): void {
    this.#events.push(event);
    if (this.#isApplying) return;
    this.#isApplying = true;
    try {
      while (this.#events.length > 0 && !this.#owner.isOver()) this.#owner.step(this.#events.shift()!);
    } finally {
      this.#events.length = 0;
      this.#isApplying = false;
    }
    this.#owner.applied();
  }
}
