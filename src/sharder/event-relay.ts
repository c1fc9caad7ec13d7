import type { Emit } from "./events.js";

/** Passes events on to the sharder once it exists. Earlier events are discarded, since nobody can listen yet. */
export class EventRelay {
  target: Emit | undefined;
  readonly emit: Emit = (type, detail) => this.target?.(type, detail);
}
