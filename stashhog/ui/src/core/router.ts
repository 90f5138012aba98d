// Which page is shown: its path below the service's root, and its query. Rules: every page has a
// real address; the root is where the shell says it is, so any sub-path works; links are plain
// `<a href>`, and a click on one is taken here unless a new tab is asked for.

import { signal } from "@preact/signals";
import { queryText, type Query } from "./links";

export interface Place {
  path: string;
  query: URLSearchParams;
}

// Read once, before any navigation: afterwards the relative way would lead elsewhere.
const root = findRoot();
export const place = signal<Place>(read());

function findRoot(): URL {
  const meta = document.querySelector<HTMLMetaElement>("meta[name=stashhog-root]");
  return new URL(meta?.content ?? "./", location.href);
}

function read(): Place {
  const path = `/${location.pathname.slice(root.pathname.length)}`;
  return { path: path.replace(/(.)\/+$/, "$1"), query: new URLSearchParams(location.search) };
}

// An address below the root, for links of our own and for the API.
export function addressOf(path: string): URL {
  return new URL(path.replace(/^\//, ""), root);
}

export function href(path: string, values?: Query): string {
  return addressOf(path).pathname + queryText(values);
}

export function go(path: string, values?: Query, how: { replace?: boolean } = {}): void {
  visit(href(path, values), how);
}

function visit(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  place.value = read();
}

// The same page with other filters; by default without a step in the history.
export function setQuery(values: Query, { replace = true } = {}): void {
  go(place.value.path, values, { replace });
}

function isOurs(link: HTMLAnchorElement): boolean {
  const here = link.origin === root.origin && link.pathname.startsWith(root.pathname);
  const below = link.pathname.slice(root.pathname.length);
  return here && !link.target && !link.hasAttribute("download") && !/^(api|docs|ui|metrics)\b/.test(below);
}

export function startRouter(): void {
  // Else the browser looks for the icon beside whatever address is shown later.
  const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (icon) icon.href = addressOf("ui/icon.svg").href;
  addEventListener("popstate", () => {
    place.value = read();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.("a[href]") as HTMLAnchorElement | null;
    if (!link || link.getAttribute("href")!.startsWith("#") || !isOurs(link)) return;
    event.preventDefault();
    if (link.href !== location.href) visit(link.pathname + link.search);
  });
}
