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
