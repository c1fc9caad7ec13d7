/**
 * Long work in steps, each short enough not to be noticed: it yields between them, and returns its result. Who runs it decides whether to
 * let others have a turn in between.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Run all steps at once. */
export function allAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** How many cheap things, such as nodes of a graph, make a step. */
const STEP_SIZE = 1000;

/** Apply `each` to every entry, with a step after every thousand. */
export function* mapInSteps<T, R>(list: readonly T[], each: (entry: T, index: number) => R): Steps<R[]> {
  const results: R[] = [];
  for (const [index, entry] of list.entries()) {
    results.push(each(entry, index));
    if (index % STEP_SIZE === STEP_SIZE - 1) yield;
  }
  return results;
}
