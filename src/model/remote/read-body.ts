/**
 * Read the body of an answer, into one piece of memory.
 * @param mostBytes how many are read.
 * @returns `undefined` if there are more.
 * @throws what the connection fails with.
 */
export async function readBody(response: Response, mostBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const stated = Number(response.headers.get("Content-Length") ?? Number.NaN);
  if (stated > mostBytes) {
    await response.body?.cancel();
    return undefined;
  }
  if (response.body === null) return new Uint8Array(0);
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  let bytes = new Uint8Array(stated >= 0 ? stated : 0);
  let byteCount = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return byteCount === bytes.length ? bytes : bytes.slice(0, byteCount);
    if (byteCount + value.length > mostBytes) {
      await reader.cancel();
      return undefined;
    }
    // A compressed body is longer than it states.
    if (byteCount + value.length > bytes.length) {
      const grown = new Uint8Array(Math.min(mostBytes, Math.max(2 * bytes.length, byteCount + value.length)));
      grown.set(bytes.subarray(0, byteCount));
      bytes = grown;
    }
    bytes.set(value, byteCount);
    byteCount += value.length;
  }
}
