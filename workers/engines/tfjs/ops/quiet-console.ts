/** TF.js prints this for every call of a graph that is asynchronous only because of our own ops. Its advice can't be followed. */
const ADVICE = "This model execution did not contain any nodes with control flow or dynamic output shapes.";

/** Leave out that one line of TF.js's, in this worker. */
export function dropAdvice(): void {
  const { warn } = console;
  console.warn = (...parts: unknown[]): void => {
    if (!String(parts[0]).startsWith(ADVICE)) warn.apply(console, parts);
  };
}
