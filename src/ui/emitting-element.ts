import type { InferenceSharderEventMap } from "./element-events.js";

type Listener<This, E extends Event> = (this: This, event: E) => unknown;

/** An `HTMLElement` whose listeners get the events of `InferenceSharderEventMap`, and those of every element. */
interface EmittingElementType extends HTMLElement {
  addEventListener<K extends keyof InferenceSharderEventMap>(
    type: K,
    listener: Listener<this, InferenceSharderEventMap[K]>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: Listener<HTMLElement, HTMLElementEventMap[K]>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof InferenceSharderEventMap>(
    type: K,
    listener: Listener<this, InferenceSharderEventMap[K]>,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: Listener<HTMLElement, HTMLElementEventMap[K]>,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

// Outside browsers, where a page may be rendered, importing the element must not fail; nothing there creates one.
const Base = globalThis.HTMLElement ?? class {};

/** The platform's types can't be narrowed by overriding, hence the cast. */
export const EmittingElement = Base as unknown as new () => EmittingElementType;
