import type { Emit } from "./events.js";

/** Passes events on to the sharder once there is one; what happens while it is made is nobody's to hear. */
export class EventRelay {
  target: Emit | undefined;
  readonly emit: Emit = (type, detail) => this.target?.(type, detail);
}
