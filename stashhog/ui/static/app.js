// The page's frame: which address shows what, who is signed in, what runs just now.

import { api, onSignedOut } from "./api.js";
import { actionButton } from "./action.js";
import { fill, h } from "./dom.js";
import { parseHash } from "./filters.js";
import { live } from "./live.js";
import { complain, failedPage } from "./notice.js";
import { homePage } from "./pages/home.js";
import { jobPage } from "./pages/job.js";
import { jobsPage } from "./pages/jobs.js";
import { planPage } from "./pages/plan.js";
import { plansPage } from "./pages/plans.js";
import { scenePage } from "./pages/scene.js";
import { scenesPage } from "./pages/scenes.js";
import { settingsPage } from "./pages/settings.js";
import { signInPage } from "./pages/signin.js";

// A page: async ({root, parameter, query, signal}) → {title, update?(query)}; `signal` aborts when
// it is left. `update` takes a new query for the same page.
const ROUTES = [
  [/^\/$/, homePage],
  [/^\/scenes$/, scenesPage],
  [/^\/scenes\/([^/]+)$/, scenePage],
  [/^\/plans$/, plansPage],
  [/^\/plans\/(\d+)$/, planPage],
  [/^\/jobs$/, jobsPage],
  [/^\/jobs\/([0-9a-f-]{36})$/i, jobPage],
  [/^\/settings$/, settingsPage],
];

const LINKS = [["/", "Home"], ["/scenes", "Scenes"], ["/plans", "Plans"], ["/jobs", "Jobs"], ["/settings", "Settings"]];

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const session = document.getElementById("session");
let current = { path: null, leave: new AbortController(), update: null };
let signedOut = false;

let drawnJobs = 0;

function drawNav(path) {
  const jobs = live.running().length;
  drawnJobs = jobs;
  fill(nav, LINKS.map(([to, text]) => {
    const here = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
    return h("a", { href: `#${to}`, "aria-current": here ? "page" : null }, text,
      to === "/jobs" && jobs > 0 && h("span", { class: "count", title: "running or waiting" },
        String(jobs), h("span", { class: "unseen" }, " running or waiting")));
  }));
}

function leave() {
  current.leave.abort();
  current = { path: null, leave: new AbortController(), update: null };
  return current;
}

async function show() {
  if (signedOut) return;
  const { path, query } = parseHash(location.hash);
  if (path === current.path && current.update) return current.update(query);
  const here = leave();
  here.path = path;
  drawNav(path);
  const found = ROUTES.find(([pattern]) => pattern.test(path));
  if (!found) return notFound(path);
  const root = h("div", { class: "page" }, h("p", { class: "loading", role: "status" }, "Loading…"));
  fill(main, root);
  const parameter = decodeURIComponent(found[0].exec(path)[1] ?? "");
  try {
    const page = await found[1]({ root, parameter, query, signal: here.leave.signal });
    if (here.leave.signal.aborted) return;
    here.update = page.update ?? null;
    arrived(page.title);
  } catch (error) {
    if (here.leave.signal.aborted || error.status === 401) return;
    if (!("status" in error)) console.error(error);
    failedPage(root, error, () => {
      current.path = null;
      show();
    });
    arrived("Not loaded");
  }
}

// Tell screen readers and the history where we are.
function arrived(title) {
  document.title = `${title} – StashHog`;
  window.scrollTo(0, 0);
  const heading = main.querySelector("h1");
  if (!heading || main.contains(document.activeElement)) return;
  heading.setAttribute("tabindex", "-1");
  heading.focus({ preventScroll: true });
}

function notFound(path) {
  fill(main, h("div", { class: "page" }, h("h1", null, "There is nothing here"),
    h("p", null, h("code", null, path), " is no page of StashHog. ", h("a", { href: "#/" }, "Go to the start"))));
  arrived("Not found");
}

const linkState = h("span", { class: "link-state", role: "status" });

function drawSession(me) {
  const leaveSession = async () => {
    await api.post("auth/logout");
    location.reload();
  };
  fill(session, linkState, me.via === "cookie" && actionButton("Sign out", leaveSession, { class: "plain" }));
}

function showSignIn(problem) {
  if (signedOut) return;
  signedOut = true;
  live.stop();
  const here = leave();
  fill(nav);
  fill(session);
  const root = h("div", { class: "page" });
  fill(main, root);
  const { title } = signInPage({ root, problem, signal: here.leave.signal, done: enter });
  arrived(title);
}

async function enter() {
  signedOut = false;
  try {
    const me = await api.get("auth/me");
    drawSession(me);
    live.start();
    await show();
  } catch (error) {
    if (error.status === 401) return;
    failedPage(main, error, enter);
  }
}

async function drawFoot() {
  const { name, version } = await api.get("version");
  fill(document.getElementById("foot"), `${name} ${version} · `, h("a", { href: "docs" }, "API documentation"));
}

onSignedOut(showSignIn);
window.addEventListener("hashchange", () => show().catch(complain));
window.addEventListener("unhandledrejection", (event) => complain(event.reason));
window.addEventListener("error", (event) => event.error && complain(event.error));
live.on("state", (state) => {
  linkState.textContent = state === "lost" ? "Reconnecting…" : "";
});
const countJobs = () => live.running().length !== drawnJobs && drawNav(current.path ?? "/");
live.on("job", countJobs);
live.on("reopened", countJobs);
document.querySelector("a.skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
enter();
drawFoot().catch(complain);
