// Which scenes: the filters in the page's address, and the same for the API: pure.

import type { Query } from "../core/links";
import { LACKING, type Lacking } from "../core/library";

export const SORTS: readonly (readonly [string, string])[] = [
  ["-created_at", "Newest first"],
  ["created_at", "Oldest first"],
  ["-updated_at", "Last changed"],
  ["title", "Title"],
  ["path", "Path"],
  ["-date", "Date, latest first"],
  ["date", "Date, earliest first"],
  ["-duration", "Longest first"],
  ["-size", "Largest first"],
];
export const DEFAULT_SORT = "-created_at";

const REPEATED = ["performer_id", "tag_id", "missing"] as const;
const SINGLE = ["q", "studio_id", "organized", "analyzed", "path", "date_from", "date_to", "deleted"] as const;
const FLAGS = new Set<string>(["organized", "analyzed", "deleted"]);

export type FilterName = (typeof REPEATED)[number] | (typeof SINGLE)[number];

// The filters alone, as the query of `GET /api/scenes` has them.
export function filterQuery(search: URLSearchParams): Query {
  const query: Query = {};
  for (const name of SINGLE) if (search.get(name)) query[name] = search.get(name);
  for (const name of REPEATED) if (search.has(name)) query[name] = search.getAll(name).filter(Boolean);
  return query;
}

// The same as the body of an analysis has them; none at all says everything in so many words.
export function filterBody(search: URLSearchParams): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(filterQuery(search))) {
    body[name] = FLAGS.has(name) ? value === "true" : value;
  }
  return Object.keys(body).length ? body : { all: true };
}

export function hasFilters(search: URLSearchParams): boolean {
  return Object.keys(filterQuery(search)).length > 0;
}

export function sortOf(search: URLSearchParams): string {
  const sort = search.get("sort");
  return SORTS.some(([key]) => key === sort) ? sort! : DEFAULT_SORT;
}

export function pageOf(search: URLSearchParams): number {
  return Math.max(1, Math.floor(Number(search.get("page"))) || 1);
}

// The address's query after a change of some of its values; another filter begins at page 1.
export function changed(search: URLSearchParams, values: Query): Query {
  const query: Query = { ...filterQuery(search) };
  for (const name of ["sort", "view"]) if (search.get(name)) query[name] = search.get(name);
  return { ...query, ...values };
}

export function toggled(list: readonly string[], one: string): string[] {
  return list.includes(one) ? list.filter((other) => other !== one) : [...list, one];
}

export function missingOf(search: URLSearchParams): Lacking[] {
  return search.getAll("missing").filter((name): name is Lacking => (LACKING as readonly string[]).includes(name));
}
