// Addresses as text: pure.

export type QueryValue = string | number | boolean | null | undefined;
export type Query = Record<string, QueryValue | QueryValue[]>;

// A query string with its question mark; arrays repeat their name, empty values are left out.
export function queryText(values: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") search.append(name, String(one));
    }
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

// Whether an address from elsewhere (a scene's, a Stash's) may stand in a link.
export function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}
