/** Styles of the settings. @see styles */
export const settingsStyles = `
.settings { margin-top: 0; }
.settings > summary { font-weight: 600; }
.settings .fields { margin-top: 0.75rem; container-type: inline-size; }
.settings .field { grid-template-columns: minmax(0, 1fr); }
.settings .field > :last-child { width: 100%; }
.settings input.short { width: 8rem; }
.settings .setting-problem { color: var(--fault); }
@container (min-width: 30rem) { .settings .field { grid-template-columns: minmax(0, 15rem) minmax(0, 1fr); } .settings .field > :last-child { width: auto; } }
`;
