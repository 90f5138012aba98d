// Going through the pages of a list by real links.

import { h } from "./dom.js";
import { whole } from "./format.js";

// `linkTo(page)` gives the address of another page.
export function pager({ page, pages, total }, noun, linkTo) {
  const last = Math.max(1, pages);
  const link = (target, text, rel) => (target < 1 || target > last
    ? h("span", { class: "button off", "aria-hidden": "true" }, text)
    : h("a", { class: "button", href: linkTo(target), rel }, text));
  return h("nav", { class: "pager", "aria-label": `Pages of ${noun}` },
    link(page - 1, "← Previous", "prev"),
    h("span", null, `Page ${whole(page)} of ${whole(last)} · ${whole(total)} ${noun}`),
    link(page + 1, "Next →", "next"));
}
