/**
 * The names that the attribute `controls` knows, each of a part of the element that a host may do without:
 * - of the whole: "header", "tabs";
 * - of both jobs: "buttons", "speed-up", "workers", "settings", "log", "timeline", "totals", "throughput", "layers", "report";
 * - of pictures: "pitch", "view"; of models: "source", "inputs", "results", "facts".
 */
export function asControl<E extends HTMLElement>(name: string, root: E): E {
  root.dataset["control"] = name;
  root.part.add(name);
  return root;
}

/**
 * The styles that leave only the controls with these names.
 * @param names separated by spaces; `null`: all are shown. Names of no control, such as "none", match nothing.
 */
export function controlStyles(names: string | null): string {
  if (names === null) return "";
  // A name with other characters is none, and could end the rule.
  const shown = names.split(/\s+/).filter((name) => /^[a-z][a-z-]*$/.test(name));
  const selectors = shown.map((name) => `[data-control="${name}"]`).join(", ");
  const all = "[data-control] { display: none !important; }";
  // Without anything beside it, the picture has the whole width.
  const wide = "grid-template-columns: minmax(0, 1fr) !important;";
  if (selectors === "") return `${all} .columns { ${wide} }`;
  return `[data-control]:not(${selectors}) { display: none !important; } .columns:not(:has(> .side > :is(${selectors}))) { ${wide} }`;
}
