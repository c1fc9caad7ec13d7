/** Styles of the timeline. @see styles */
export const timelineStyles = `
.panel-head { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem; }
.timeline-panel { grid-column: 1 / -1; }
.timeline-body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.6rem; min-width: 0; min-height: 14rem; margin-top: 0.6rem; }
.timeline-tools { display: flex; flex-wrap: wrap; gap: 0.4rem; }
.timeline-tools button { min-width: 2.25rem; justify-content: center; }
.timeline-frame { position: relative; min-width: 0; }
.timeline { display: block; width: 100%; height: 100px; cursor: grab; touch-action: pan-y; user-select: none; }
.timeline:active { cursor: grabbing; }
.timeline-tip {
  position: absolute; z-index: 1; top: 0; left: 0; max-width: min(22rem, 100%); padding: 0.35rem 0.6rem; pointer-events: none;
  border: 1px solid var(--control); border-radius: 0.4rem; background: var(--surface); color: var(--text); font-size: 0.8125rem; overflow-wrap: anywhere;
}
.timeline-legend { display: flex; flex-wrap: wrap; gap: 0.25rem 0.9rem; list-style: none; color: var(--muted); font-size: 0.8125rem; }
.timeline-legend li { display: flex; align-items: center; gap: 0.35rem; }
.timeline-legend canvas { width: 26px; height: 14px; }
.lane-numbers { font-size: 0.875rem; }
.lane-numbers summary { width: fit-content; cursor: pointer; }
.lane-table { overflow-x: auto; }
.lane-table table { width: auto; min-width: 100%; table-layout: auto; font-size: inherit; }
.lane-table :is(th, td) { padding: 0.2rem 0.7rem 0.2rem 0; text-align: right; white-space: nowrap; }
.lane-table :is(th:first-child) { text-align: left; }
.lane-table thead th { color: var(--muted); font-weight: 400; }
`;
