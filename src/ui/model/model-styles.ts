/** Styles of the tabs and of "Your own model". @see styles */
export const modelStyles = `
.tabs { display: flex; gap: 0.25rem; border-bottom: 1px solid var(--line); }
.tabs [role="tab"] { border: 0; border-bottom: 3px solid transparent; border-radius: 0.5rem 0.5rem 0 0; background: none; color: var(--muted); font-weight: 600; }
.tabs [role="tab"]:hover { color: var(--text); }
.tabs [aria-selected="true"] { border-bottom-color: var(--accent); color: var(--text); }

.fields { display: grid; gap: 0.75rem; min-width: 0; }
.field { display: grid; grid-template-columns: 12rem minmax(0, 1fr); align-items: center; gap: 0.35rem 0.75rem; }
.field label { color: var(--muted); }
.field > :last-child { justify-self: start; max-width: 100%; }
.address { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.35rem 0.5rem; }
.address label { grid-column: 1 / -1; color: var(--muted); }
input[type="text"], input[type="number"] { min-width: 0; min-height: 2.25rem; padding: 0.3rem 0.6rem; border: 1px solid var(--control); border-radius: 0.5rem; background: var(--page); color: var(--text); font: inherit; }
input[type="number"] { width: 8rem; }
::placeholder { color: var(--muted); opacity: 1; }
.radios { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
.radios label { display: flex; align-items: center; gap: 0.4rem; min-height: 1.75rem; }
.radios input { width: 1.1rem; height: 1.1rem; margin: 0; accent-color: var(--accent); }
.buttons .muted { overflow-wrap: anywhere; }

.facts { margin-top: 0.6rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.3rem 0.9rem; margin: 0; font-size: 0.875rem; }
dt { color: var(--muted); }
dd { display: grid; margin: 0; }
details { margin-top: 0.6rem; font-size: 0.875rem; }
summary { cursor: pointer; }
details ul { display: grid; gap: 0.25rem; overflow: auto; max-height: 14rem; margin: 0.4rem 0 0; padding-left: 1.1rem; }
.facts p { margin-top: 0.6rem; }
.facts + button { margin-top: 0.75rem; }
.scrolling { overflow: auto; max-height: 20rem; }
.layers { margin: 0.4rem 0 0; font-size: 0.8125rem; }
.layers :is(th, td) { padding: 0.25rem 0.4rem; }
.layers th:first-child { padding-left: 0; }
.layers thead th:not(:first-child) { width: 4.6rem; }
.layers .muted { font-weight: 400; }
.layers :is(th, td) > span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

table { width: 100%; margin-top: 0.5rem; border-collapse: collapse; table-layout: fixed; font-size: 0.9375rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.45rem 0.5rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { border-top: 0; color: var(--muted); font-size: 0.8125rem; font-weight: 600; }
.item, thead th:first-child { padding-left: 0; }
.outputs th:nth-child(1) { width: 26%; }
.outputs th:nth-child(2) { width: 28%; }
td > span { display: block; }
.item { font-weight: 600; }
.item img { display: block; width: 3rem; height: 3rem; margin-bottom: 0.25rem; border-radius: 0.35rem; object-fit: cover; background: var(--line); }
.output-name { font-weight: 600; }
.classes { display: grid; gap: 0.25rem; margin: 0; padding: 0; list-style: none; }
.classes li { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr) 4rem; align-items: center; gap: 0.6rem; }
.classes .share { grid-column: 3; text-align: right; }
.scrolling:has(> .outputs) { max-height: 26rem; }
.outputs thead th { position: sticky; top: 0; background: var(--surface); }
.scrolling + p:not(:empty) { margin-top: 0.5rem; }

@container sharder (max-width: 30rem) {
  .field { grid-template-columns: minmax(0, 1fr); }
  .tabs [role="tab"] { flex: 1; justify-content: center; padding: 0.3rem 0.4rem; font-size: 0.875rem; }
  .outputs { font-size: 0.875rem; }
  .outputs th:nth-child(1) { width: 24%; }
  .outputs th:nth-child(2) { width: 34%; }
  .outputs :is(th, td):not(:last-child) { padding-right: 0.25rem; }
  .classes li { grid-template-columns: minmax(0, 1fr) auto; }
  .classes .bar { grid-row: 2; grid-column: 1 / -1; height: 0.35rem; }
  .classes .share { grid-column: 2; }
}
`;
