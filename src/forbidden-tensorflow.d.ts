// Every layer but `workers/engines/tfjs` and `tests` resolves `@tensorflow/*` to this empty module (tsconfig.base.json, `paths`):
// importing anything of TF.js there is a type error, since TF.js must never be loaded on the page.
export {};
