/** Styles of the outputs of one's own model, and of the fields for its inputs. @see styles */
export const outputsStyles = `
.field-problem { grid-column: 1 / -1; color: var(--fault); font-size: 0.875rem; overflow-wrap: anywhere; }
.field-problem:empty { display: none; }
input[aria-invalid="true"] { border-color: var(--fault); }
.tensor-input { font-weight: 600; overflow-wrap: anywhere; }

.output-others { margin: 0; }
.output-others .output-view { margin-top: 0.75rem; }
h2 + .fields { margin-top: 0.6rem; }
.item-viewer { display: grid; gap: 0.75rem; min-width: 0; }
.single-value { font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.item-head, .output-head, .downloads { display: flex; flex-wrap: wrap; align-items: center; gap: 0.35rem 0.6rem; min-width: 0; }
.item-head input[type="number"] { width: 6.5rem; min-height: 1.75rem; padding: 0.1rem 0.4rem; }
.item-head strong { overflow-wrap: anywhere; }
.output-views { display: grid; gap: 1rem; }
.output-view { display: grid; gap: 0.4rem; min-width: 0; padding-top: 0.6rem; border-top: 1px solid var(--line); }
.output-head h3 { margin: 0; font-size: 0.9375rem; overflow-wrap: anywhere; }
.output-body { display: grid; gap: 0.4rem; min-width: 0; justify-items: start; }
.output-body > ol, .output-body > .scrolling { width: 100%; }
.output-canvas { display: block; max-width: 100%; min-width: min(100%, 12rem); height: auto; max-height: 28rem; border-radius: 0.35rem; background: repeating-conic-gradient(var(--check) 0 25%, var(--surface) 0 50%) 0 0 / 1.25rem 1.25rem; object-fit: contain; }
.output-canvas.pixelated { image-rendering: pixelated; }
.output-legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin: 0; padding: 0; list-style: none; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.output-legend li { display: flex; align-items: center; gap: 0.4rem; overflow-wrap: anywhere; }
.output-legend .swatch { flex: none; width: 0.9rem; height: 0.9rem; border-radius: 0.2rem; }
.numbers { width: auto; margin: 0; table-layout: auto; font-size: 0.8125rem; }
.numbers :is(th, td) { padding: 0.15rem 0.5rem; text-align: right; white-space: nowrap; }
.downloads { padding-top: 0.6rem; border-top: 1px solid var(--line); }
.downloads select { max-width: 12rem; }
.downloads [aria-disabled="true"] { opacity: 0.65; }
.link { min-height: 1.75rem; padding: 0; border: 0; background: none; color: var(--accent); font-weight: inherit; text-align: left; text-decoration: underline; text-underline-offset: 0.15em; overflow-wrap: anywhere; }
`;
