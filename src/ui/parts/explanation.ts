import { element } from "./dom.js";
import { EXPLANATIONS, type Topic } from "./explanation-texts.js";

/** "What you see here": unfolds a short explanation of the panel that it is in. */
export function explanation(topic: Topic): HTMLElement {
  return element(
    "details",
    { class: "explanation", "data-testid": `explain-${topic}` },
    element("summary", {}, "What you see here"),
    ...EXPLANATIONS[topic].map((text) => element("p", {}, text)),
  );
}

/** @see styles */
export const explanationStyles = `
.explanation { margin-top: 0.75rem; color: var(--muted); font-size: 0.875rem; }
.explanation summary { width: fit-content; cursor: pointer; }
.explanation p { max-width: 65ch; margin-top: 0.4rem; }
`;
