/** Room for what is yet to come, so that nothing moves when it does: the picture, and the workers. @see styles */
export const steadyStyles = `
.preview:has(> .empty:not([hidden])) { width: 100%; aspect-ratio: 1.5; max-height: calc(var(--preview-height, 60vh) + 2px); }
.coming-workers { min-height: calc(var(--worker-count, 1) * 12.7rem); }
`;
