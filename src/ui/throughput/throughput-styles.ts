/** Styles of the throughput chart. The rules for `.u-…` are what uPlot needs of its own style sheet. @see styles */
export const throughputStyles = `
.throughput { display: grid; gap: 0.5rem; min-width: 0; }
.throughput-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 1rem; }
.throughput-head h2 { margin-right: auto; }
.chart { position: relative; min-height: 200px; min-width: 0; overflow: hidden; }
.chart .uplot { position: absolute; inset: 0 auto auto 0; line-height: 1.5; }
.chart .u-wrap { position: relative; user-select: none; }
.chart :is(.u-over, .u-under) { position: absolute; }
.chart .u-under { overflow: hidden; }
.chart canvas { position: relative; display: block; width: 100%; height: 100%; }
.chart .u-axis { position: absolute; }
.chart .u-cursor-x { position: absolute; top: 0; left: 0; height: 100%; border-right: 1px dashed var(--muted); pointer-events: none; }
.chart .u-cursor-pt { position: absolute; top: 0; left: 0; border: 0 solid; border-radius: 50%; pointer-events: none; }
.chart :is(.u-select, .u-axis.u-off, .u-cursor-x.u-off, .u-cursor-y, .u-cursor-pt.u-off) { display: none; }
.chart-legend { display: flex; flex-wrap: wrap; gap: 0.35rem; margin: 0; padding: 0; list-style: none; }
.chart-legend button { gap: 0.4rem; font-variant-numeric: tabular-nums; }
.chart-legend button[aria-pressed="true"] { border-color: var(--control); background: var(--surface); color: var(--text); }
.chart-legend button[aria-pressed="false"] { border-style: dashed; color: var(--muted); }
.chart-legend button[aria-pressed="false"] .swatch { opacity: 0.25; }
.chart-legend .total .swatch { background: var(--text); }
.chart-readout { min-height: 1.3rem; }
`;
