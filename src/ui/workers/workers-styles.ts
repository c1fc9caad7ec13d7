/** Styles of the workers panel. @see styles */
export const workersStyles = `
.change-note { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.75rem; margin: 0.75rem 0; padding: 0.6rem 0.75rem; border: 1px solid var(--accent); border-radius: 0.5rem; }
.change-note p { flex: 1 1 14rem; font-variant-numeric: tabular-nums; }
.breaking { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.75rem; margin-top: 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--line); }
.breaking p { flex: 1 1 12rem; }
.server-form { display: grid; gap: 0.35rem; margin-top: 0.5rem; }
.server-form label { color: var(--muted); }
.server-form input { width: 100%; min-width: 0; min-height: 2.25rem; padding: 0.3rem 0.6rem; border: 1px solid var(--control); border-radius: 0.5rem; background: var(--page); color: var(--text); font: inherit; }
.server-buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-top: 0.25rem; }
.server-answer { overflow-wrap: anywhere; }
.server-answer[data-verdict="unfit"] { color: var(--fault); }
.stopped-workers .workers { overflow: visible; max-height: none; padding: 0; }
button[aria-disabled="true"] { border-color: var(--line); color: var(--muted); opacity: 0.65; cursor: default; }
.removal-warning { color: var(--fault); font-size: 0.875rem; }
.worker-head strong { white-space: nowrap; }
`;
