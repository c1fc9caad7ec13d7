/** The element's style sheet. Every colour is a custom property. Text has a contrast of at least 4.5 in both themes. */
export const styles = `
:host {
  --page: var(--sharder-page, #f7f8fa); --surface: var(--sharder-surface, #ffffff); --text: var(--sharder-text, #1b1f24); --muted: var(--sharder-muted, #57606a); --line: var(--sharder-line, #d5dae1); --control: var(--sharder-control, #7d8793);
  --accent: var(--sharder-accent, #1f5fbf); --on-accent: var(--sharder-on-accent, #ffffff); --fault: var(--sharder-fault, #a3261d); --fault-surface: var(--sharder-fault-surface, #fdecea); --check: var(--sharder-check, #e6e9ee);
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :host {
    --page: var(--sharder-page, #12151a); --surface: var(--sharder-surface, #1a1f26); --text: var(--sharder-text, #e6e9ee); --muted: var(--sharder-muted, #9aa5b1); --line: var(--sharder-line, #303743); --control: var(--sharder-control, #717d8b);
    --accent: var(--sharder-accent, #7db0ff); --on-accent: var(--sharder-on-accent, #0b1a30); --fault: var(--sharder-fault, #ff9d94); --fault-surface: var(--sharder-fault-surface, #3a1c1a); --check: var(--sharder-check, #262c35);
  }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h1, h2, p, ul { margin: 0; padding: 0; }
h1 { font-size: 1.35rem; letter-spacing: -0.01em; }
h2 { font-size: 1rem; }
.muted { color: var(--muted); font-size: 0.875rem; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.notice { padding: 0.75rem 1rem; border: 1px solid var(--fault); border-radius: 0.5rem; background: var(--fault-surface); }
.offer { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1rem; padding: 0.75rem 1rem; border: 1px solid var(--accent); border-radius: 0.5rem; }
.offer[hidden] { display: none; }
.offer p { flex: 1 1 20rem; margin: 0; overflow-wrap: anywhere; }
.notice strong { color: var(--fault); }
.notice p { overflow-wrap: anywhere; }
.notice button { margin-top: 0.5rem; }
.panel, .job { padding: 0.9rem 1rem; border: 1px solid var(--line); border-radius: 0.75rem; background: var(--surface); }

button, .button, select {
  display: inline-flex; align-items: center; min-height: 2.25rem; padding: 0.3rem 0.8rem;
  border: 1px solid var(--control); border-radius: 0.5rem; background: var(--surface); color: var(--text); font: inherit; cursor: pointer;
}
select { padding-right: 0.4rem; }
.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.small { min-height: 1.75rem; padding: 0.1rem 0.6rem; font-size: 0.875rem; }
.button:has(:disabled) { opacity: 0.5; cursor: default; }
button:hover:enabled { border-color: var(--accent); }
button:disabled { border-color: var(--line); background: var(--surface); color: var(--muted); opacity: 0.65; cursor: default; }
button[aria-pressed="true"] { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
:focus-visible, .button:focus-within { outline: 3px solid var(--accent); outline-offset: 2px; }
.button input:focus-visible { outline: none; }
.buttons, .adding { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; }

.progress-head { display: flex; align-items: baseline; gap: 1rem; margin: 0.9rem 0 0.35rem; }
.headline { flex: 1; min-width: 0; overflow: hidden; font-weight: 600; text-overflow: ellipsis; white-space: nowrap; }
.percent, .share, .rate, .tiles, .factor, .detail { font-variant-numeric: tabular-nums; }
.bar { display: block; overflow: hidden; height: 0.6rem; border-radius: 0.3rem; background: var(--line); }
.bar-fill { display: block; height: 100%; background: var(--worker-colour, var(--accent)); transform: scaleX(0); transform-origin: left; }
[data-unknown] .bar-fill { width: 25%; transform: none !important; animation: seek 1.2s ease-in-out infinite alternate; }
@keyframes seek { to { translate: 300% 0; } }
.job .detail { min-height: 1.3rem; margin-top: 0.35rem; }

.workers { display: grid; gap: 0.9rem; margin: 0.75rem 0; list-style: none; }
.worker { display: grid; gap: 0.3rem; padding-bottom: 0.9rem; border-bottom: 1px solid var(--line); }
.worker-head, .worker-share, .worker-numbers, .worker-slow { display: flex; align-items: center; gap: 0.6rem; min-width: 0; }
.worker-head .state { flex: 1; color: var(--muted); font-size: 0.875rem; }
.worker .device { overflow-wrap: anywhere; }
.swatch { flex: none; width: 0.9rem; height: 0.9rem; border-radius: 0.2rem; background: var(--worker-colour); }
.worker-share .bar { flex: 1; }
.worker-share .share { min-width: 3rem; text-align: right; }
.worker-numbers .tiles { margin-left: auto; }
.worker-slow { font-size: 0.875rem; }
.worker-slow input { flex: 1; min-width: 0; height: 1.5rem; accent-color: var(--worker-colour); }
.factor { min-width: 2.2rem; text-align: right; }
.worker-faults { font-size: 0.875rem; }
.worker-faults summary { width: fit-content; cursor: pointer; }
.fault-choice { display: flex; gap: 0.5rem; margin: 0.4rem 0 0.2rem; }
.fault-choice select { flex: 1; min-width: 0; min-height: 1.75rem; font-size: 0.875rem; }
.worker-error { color: var(--fault); font-size: 0.875rem; overflow-wrap: anywhere; }
.worker:is([data-state="dead"], [data-state="restarting"], [data-state="quarantined"], [data-state="unloaded"]) .swatch { opacity: 0.4; }
.worker[data-state="dead"] :is(.worker-share, .worker-numbers, .worker-slow, .worker-faults) { display: none; }
.adding label { color: var(--muted); font-size: 0.875rem; }
.adding button { margin-left: auto; }

.drop-hint { position: absolute; inset: 0.75rem; z-index: 1; display: none; place-items: start center; border: 3px dashed var(--accent); border-radius: 1rem; background: color-mix(in srgb, var(--page) 85%, transparent); font-size: 1.25rem; pointer-events: none; }
:host([data-dragging]) .drop-hint { display: grid; }
.drop-hint span { position: sticky; top: 40svh; margin: min(20%, 30svh) 0; }

@container sharder (max-width: 30rem) { .buttons > * { flex: 1 1 auto; justify-content: center; } }
@media (prefers-reduced-motion: reduce) {
  *, *::before { transition: none !important; }
  [data-unknown] .bar-fill { width: 100%; opacity: 0.4; animation: none; }
}
`;
