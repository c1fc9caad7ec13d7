/** Attribute: addresses on other sites, separated by spaces, which are loaded from once the user has agreed. */
export const ASK_FIRST = "ask-first";

/**
 * The addresses on other sites that the page's own address asks it to load from. A link may come from anyone: what it names is fetched only
 * once the user has agreed. Addresses on the page's own site are as trustworthy as the page.
 */
export function foreignAddresses(query: URLSearchParams, page: string): string[] {
  return ["model", "src", "sample"].flatMap((name) => {
    const value = query.get(name);
    if (value === null || value === "") return [];
    try {
      const { href, origin } = new URL(value, page);
      return origin === new URL(page).origin ? [] : [href];
    } catch {
      // Nothing can be fetched from it.
      return [];
    }
  });
}

/** The question whether to load from other sites. @param asked the value of `ASK_FIRST`. */
export function askingText(asked: string): string {
  const addresses = asked.split(" ").join(" and ");
  return `The link that opened this page asks it to load from another site: ${addresses} – that site will see your network address, and its model will run here.`;
}
