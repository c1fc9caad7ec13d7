/** Room for what is yet to come, so that nothing moves when it does: the picture, the workers, and what a job says of itself. @see styles */
export const steadyStyles = `
.preview:has(> .empty:not([hidden])) { width: 100%; aspect-ratio: 1.5; max-height: calc(var(--preview-height, 60vh) + 2px); }
.details > .running-with { flex: 1 0 100%; min-height: 1.3rem; }
.coming-workers { min-height: calc(var(--worker-count, 1) * 12.7rem); }
`;
