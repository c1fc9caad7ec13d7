/** What tells the storage of an element from that of the others. */
interface Place {
  readonly host: HTMLElement;
  readonly suffix: string;
}

/** Of the elements that are in the page. */
const places = new Set<Place>();

/**
 * A name in the browser's storage that no other element of this page has. The first element has the name itself, so that it finds after a reload
 * what it kept before; the others add their `id` to it or, without one of their own, a number, in the order in which they came.
 * @param host has a place until `signal` aborts.
 */
export function storageName(name: string, host: HTMLElement, signal: AbortSignal): string {
  const place = [...places].find((each) => each.host === host) ?? takePlace(host, signal);
  return `${name}${place.suffix}`;
}

function takePlace(host: HTMLElement, signal: AbortSignal): Place {
  const taken = new Set([...places].map(({ suffix }) => suffix));
  let suffix = ["", ...(host.id === "" ? [] : [` #${host.id}`])].find((each) => !taken.has(each));
  for (let number = 2; suffix === undefined; number++) {
    if (!taken.has(` ${number}`)) suffix = ` ${number}`;
  }
  const place = { host, suffix };
  places.add(place);
  signal.addEventListener("abort", () => places.delete(place), { once: true });
  return place;
}
