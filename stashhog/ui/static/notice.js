// Saying what happened. Rules: errors stay until they are dismissed and carry the request id;
// good news goes by itself; a person who was signed out sees the sign-in page instead.

import { fill, h } from "./dom.js";
import { Problem } from "./api.js";

const SHOWN_MS = 6000;
const MOST_SHOWN = 4;

function region() {
  return document.getElementById("notices");
}

function show(kind, role, ...content) {
  const dismiss = h("button", { type: "button", class: "plain", "aria-label": "Dismiss" }, "×");
  const box = h("div", { class: `notice ${kind}`, role }, h("div", { class: "notice-text" }, ...content), dismiss);
  dismiss.addEventListener("click", () => box.remove());
  for (const other of [...region().children]) if (other.textContent === box.textContent) other.remove();
  region().append(box);
  while (region().children.length > MOST_SHOWN) region().firstElementChild.remove();
  return box;
}

export function say(...content) {
  const box = show("good", "status", ...content);
  setTimeout(() => box.remove(), SHOWN_MS);
}

// A Problem's words, the fields that were wrong, and what to quote when asking for help.
export function problemText(problem) {
  const fields = problem.errors.map((error) =>
    h("li", null, h("code", null, (error.loc ?? []).join(".")), ` ${error.msg}`));
  const reference = [problem.code, problem.requestId && `request ${problem.requestId}`].filter(Boolean).join(" · ");
  return [
    h("p", null, problem.message),
    fields.length > 0 && h("ul", null, fields),
    problem.retryAfter && h("p", null, `Try again in ${problem.retryAfter} s.`),
    problem.jobId && h("p", null, h("a", { href: `#/jobs/${problem.jobId}` }, "Show the job that is in the way")),
    h("p", { class: "reference" }, reference),
  ];
}

// Show any error; a request that was given up on purpose is none.
export function complain(error) {
  if (error.name === "AbortError") return;
  if (error instanceof Problem) {
    if (error.status !== 401) show("bad", "alert", ...problemText(error));
    return;
  }
  console.error(error);
  show("bad", "alert", h("p", null, "Something in this page went wrong; what was saved is safe."),
    h("p", { class: "reference" }, `${error.name}: ${error.message}`));
}

// An error in the place where a page would have been, with a way to try again.
export function failedPage(root, error, again) {
  const text = error instanceof Problem ? problemText(error) : [h("p", null, `${error.name}: ${error.message}`)];
  const title = error.status === 404 ? "There is nothing here" : "This page could not be loaded";
  fill(root, h("h1", { tabindex: "-1" }, title), h("div", { class: "panel bad", role: "alert" }, ...text),
    h("p", null, h("button", { type: "button", on: { click: again } }, "Try again")));
}
