/** Styles of the event log. @see styles */
export const logStyles = `
.choices { display: flex; flex-wrap: wrap; gap: 0.3rem; margin: 0.5rem 0; padding: 0; border: 0; min-width: 0; }
.choice { position: relative; display: inline-flex; align-items: center; min-height: 1.75rem; padding: 0.1rem 0.6rem; border: 1px solid var(--control); border-radius: 0.5rem; font-size: 0.875rem; cursor: pointer; }
.choice input { position: absolute; inset: 0; margin: 0; opacity: 0; cursor: pointer; }
.choice:has(:checked) { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.choice:has(:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; }
.log { overflow: auto; max-height: 16rem; margin-top: 0.5rem; font-size: 0.8125rem; }
.log p { padding: 0.15rem 0; overflow-wrap: anywhere; }
.log time { color: var(--muted); font-variant-numeric: tabular-nums; }
.log .fault { color: var(--fault); }
.log[data-topic="faults"] > :not([data-topic="faults"]), .log[data-topic="workers"] > :not([data-topic="workers"]),
.log[data-topic="shares"] > :not([data-topic="shares"]), .log[data-topic="jobs"] > :not([data-topic="jobs"]) { display: none; }
`;
