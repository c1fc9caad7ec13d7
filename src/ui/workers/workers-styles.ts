/** Styles of the workers panel. @see styles */
export const workersStyles = `
.change-note { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.75rem; margin: 0.75rem 0; padding: 0.6rem 0.75rem; border: 1px solid var(--accent); border-radius: 0.5rem; }
.change-note p { flex: 1 1 14rem; font-variant-numeric: tabular-nums; }
.breaking { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.75rem; margin-top: 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--line); }
.breaking p { flex: 1 1 12rem; }
.stopped-workers .workers { overflow: visible; max-height: none; padding: 0; }
button[aria-disabled="true"] { border-color: var(--line); color: var(--muted); opacity: 0.65; cursor: default; }
.removal-warning { color: var(--fault); font-size: 0.875rem; }
.worker-head strong { white-space: nowrap; }
`;
