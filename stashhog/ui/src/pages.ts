// All pages, in the order in which their addresses are looked at. To add one: write
// `pages/NAME.tsx` with an exported `Page`, and name it here. The server sends the shell to the
// first parts of these addresses (`stashhog/api/routes/ui.py`).

import type { FunctionComponent } from "preact";
import { homePage } from "./pages/home";
import { jobPage } from "./pages/job";
import { jobsPage } from "./pages/jobs";
import { planPage } from "./pages/plan";
import { plansPage } from "./pages/plans";
import { rejectionsPage } from "./pages/rejections";
import { scenePage } from "./pages/scene";
import { scenesPage } from "./pages/scenes";
import { settingsPage } from "./pages/settings";

export interface PageProps {
  // What stands in the address for `:id`, else "".
  id: string;
  query: URLSearchParams;
}

export interface Page {
  // "/", "/plans", "/plans/rejected" or "/plans/:id".
  path: string;
  view: FunctionComponent<PageProps>;
  // In the bar at the top: its word, and the second key of `g …`.
  nav?: { label: string; key: string };
  // Starts loading what the page shows, before it is known who is asking.
  prepare?: (id: string) => void;
  // Fills the window and scrolls by itself, like the review.
  whole?: boolean;
}

export const pages: readonly Page[] = [
  homePage,
  scenesPage,
  scenePage,
  plansPage,
  rejectionsPage,
  planPage,
  jobsPage,
  jobPage,
  settingsPage,
];

export function findPage(path: string): { page: Page; id: string } | null {
  const [, first = "", second, ...rest] = path.split("/");
  if (rest.length) return null;
  for (const page of pages) {
    const [, name = "", part] = page.path.split("/");
    if (name !== first || (part === ":id" ? second === undefined : part !== second)) continue;
    return { page, id: plain(second ?? "") };
  }
  return null;
}

// A part of an address as text; what is not encoded well stands for itself.
function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
