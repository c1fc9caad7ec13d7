/**
 * Node removes a listener that was added with a signal through a closure on that signal, which it holds weakly, one for each target: with
 * two listeners on the same target, a garbage collection may take the closure of the first, which is then called even after the signal
 * has been aborted (seen in Node 20.20). Browsers do not, and what is tested here runs in browsers: keep the closures as long as the signal.
 */
const kept = new WeakMap<EventTarget, unknown[]>();
AbortSignal.prototype.addEventListener = function (
  this: AbortSignal,
  ...args: Parameters<EventTarget["addEventListener"]>
): void {
  const listeners = kept.get(this) ?? [];
  listeners.push(args[1]);
  kept.set(this, listeners);
  EventTarget.prototype.addEventListener.apply(this, args);
};
