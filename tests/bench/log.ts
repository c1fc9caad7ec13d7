/** Log progress. The script shows the console messages with this prefix. */
export function log(message: string): void {
  console.log(`bench: ${message}`);
}
