/** The elements that are in the page, in the places that they have taken. */
const places: (HTMLElement | undefined)[] = [];

/**
 * A name in the browser's storage that no other element of this page has. The first element has the name itself, so that it finds after a reload
 * what it kept before; the others have numbers after it, in the order in which they came.
 * @param host has a place until `signal` aborts.
 */
export function storageName(name: string, host: HTMLElement, signal: AbortSignal): string {
  let place = places.indexOf(host);
  if (place < 0) {
    const free = places.indexOf(undefined);
    place = free < 0 ? places.length : free;
    places[place] = host;
    signal.addEventListener("abort", () => (places[place] = undefined), { once: true });
  }
  return place === 0 ? name : `${name} ${place + 1}`;
}
