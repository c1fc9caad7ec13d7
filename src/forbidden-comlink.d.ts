// Every layer but `src/pool`, `workers/runtime` and `tests` resolves `comlink` to this empty module (tsconfig.base.json, `paths`):
// importing anything of it there is a type error, since pages and workers meet through `openWebWorker` and `exposeApi` alone.
export {};
