/**
 * inference-sharder/element: the `<inference-sharder>` element. Importing it does nothing yet: call `defineInferenceSharder()`.
 *
 * @module
 */
import { InferenceSharderElement } from "./inference-sharder-element.js";

export { InferenceSharderElement };
export type { DoneDetail, ErrorDetail, InferenceSharderEventMap } from "./element-events.js";
export type { JobKind, SplitKind } from "./element-options.js";
export type { ShownJobState, JobStatus } from "./job-view.js";
export type { HostCommand, FrameMessage, HostMessage } from "./embed/frame-protocol.js";

/**
 * Register the element, unless this name is registered already.
 * @param name a valid name for a custom element. A second name gets a class of its own, as browsers require.
 * @returns the class that has the name.
 */
export function defineInferenceSharder(name = "inference-sharder"): CustomElementConstructor {
  const known = customElements.get(name);
  if (known !== undefined) return known;
  const isNamed = customElements.getName(InferenceSharderElement) !== null;
  const definition = isNamed ? class extends InferenceSharderElement {} : InferenceSharderElement;
  customElements.define(name, definition);
  return definition;
}
