/** The text of a failure. A `ShardError` is never shortened: its advice stands at the end. */
export function failureText(thrown: unknown): string {
  return thrown instanceof Error && thrown.message !== "" ? thrown.message : String(thrown);
}
