/** Styles of the speed-up and of the report. @see styles */
export const speedStyles = `
.speed-up { display: grid; gap: 0.5rem; min-width: 0; }
.speed-up > * { min-width: 0; }
.speed-figures { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.1rem 1.5rem; font-size: 1.125rem; }
.speed-figures strong { font-size: clamp(1.75rem, 7cqi, 2.75rem); line-height: 1.1; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.speed-up .buttons { align-items: center; }
.speed-up details { margin-top: 0; }
.report { display: grid; gap: 0.5rem; }
.speeds { min-width: 30rem; font-size: 0.875rem; }
.speeds th:first-child { width: 20%; padding-left: 0; }
.speeds :is(th, td):nth-child(2) { width: 34%; }
`;
