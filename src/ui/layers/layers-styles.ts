/** Styles of the layers. @see styles */
export const layersStyles = `
.layers-panel { display: grid; gap: 0.6rem; min-width: 0; }
.layer-strip { display: flex; overflow: hidden; height: 2.25rem; border-radius: 0.35rem; background: var(--line); }
.layer-strip span { flex: 0 1 0; min-width: 0; background: var(--worker-colour, var(--control)); }
.layer-strip span:nth-child(even) { opacity: 0.72; }
.layer-strip span[data-cut] { border-left: 3px solid var(--surface); }
.stages { display: grid; gap: 0.3rem; margin: 0; padding: 0; list-style: none; }
.stages li { display: flex; flex-wrap: wrap; align-items: center; gap: 0.15rem 0.5rem; font-variant-numeric: tabular-nums; }
.stages .bar { flex: 0 1 8rem; min-width: 3rem; }
.sort { min-height: 1.75rem; padding: 0 0.3rem 0 0; border: 0; background: none; color: inherit; font: inherit; text-align: left; }
.layers-panel .layers thead th:not(:first-child) { width: clamp(4.6rem, 16%, 8rem); }
@container sharder (max-width: 30rem) { .layers-panel .layers :is(th, td):nth-child(4) { display: none; } }
[aria-sort="ascending"] .sort::after { content: " ▲"; }
[aria-sort="descending"] .sort::after { content: " ▼"; }
`;
