/** Styles of the totals. @see styles */
export const totalsStyles = `
.totals { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 0.9rem; margin-top: 0.6rem; }
.totals dd strong { font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.lazy-panel:has(> [hidden]) { display: none; }
.lazy-panel { display: grid; min-width: 0; min-height: 6rem; }
`;
