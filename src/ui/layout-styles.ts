/**
 * Where things are. The element adapts to the width that its container gives it, from 280 px on, never to the window's. Widths of panels'
 * contents are their owners' business; they ask the same container.
 */
export const layoutStyles = `
:host {
  display: block; box-sizing: border-box; min-width: min(100%, 17.5rem); container: sharder / inline-size;
  background: var(--page); color: var(--text); font: 1rem/1.45 system-ui, sans-serif;
}
:host([hidden]) { display: none; }
.page { position: relative; max-width: 84rem; margin: 0 auto; padding: 1rem clamp(0.75rem, 3cqi, 2rem) 2rem; }
.header { margin-bottom: 0.75rem; }
.header p { color: var(--muted); }
:host([embed]) .header { display: none; }
.tabs { margin-bottom: 1rem; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) 22rem; gap: 1.25rem; align-items: start; }
.columns > :is(.notice, .offer) { grid-column: 1 / -1; }
.columns > .dashboard { grid-column: 1; }
.columns > .side { grid-row: span 2; }
.picture, .side, .dashboard { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; min-width: 0; }
/* The last row is as wide as the others, however many panels it has. */
.dashboard { display: flex; flex-wrap: wrap; align-items: flex-start; }
.dashboard > * { flex: 1 1 min(100%, 26rem); min-width: 0; }
.dashboard > [data-control="timeline"] { flex-basis: 100%; }
.lazy-panel > p:only-child { min-height: 8rem; padding: 0.9rem 1rem; border: 1px solid var(--line); border-radius: 0.75rem; background: var(--surface); }
.lazy-panel:has(> [hidden]) { display: none; }

@container sharder (min-width: 110rem) {
  .page { max-width: 150rem; }
  .columns { grid-template-columns: minmax(0, 1fr) 28rem; }
}
@container sharder (max-width: 60rem) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .columns > .side { grid-row: auto; }
}
`;
