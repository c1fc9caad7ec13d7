/** Progress for whoever waits; the script shows console messages that begin so. */
export function log(message: string): void {
  console.log(`bench: ${message}`);
}
