/**
 * Call one of the user's functions. Whatever it throws is reported as an uncaught error, as the platform does for event listeners,
 * and harms no job.
 */
export function callListener<T>(listener: ((value: T) => void) | undefined, value: T): void {
  try {
    listener?.(value);
  } catch (thrown) {
    reportError(thrown);
  }
}
