// The start: how things stand and what to do next.

import { actionButton } from "../action.js";
import { analyse } from "../analyse.js";
import { api } from "../api.js";
import { afterPause, emptyState, facts, fill, h } from "../dom.js";
import { ago, count, sentence, when, whole } from "../format.js";
import { hasEnded } from "../frames.js";
import { jobCard } from "../jobview.js";
import { live } from "../live.js";
import { complain } from "../notice.js";
import { startSync } from "../sync.js";

const REFRESH_PAUSE_MS = 1500;

async function load(signal) {
  const options = { signal };
  const [ready, sync, scenes, plans, jobs] = await Promise.all([
    api.get("ready", {}, { ...options, accept: [503] }),
    api.get("sync/status", {}, options),
    api.get("scenes", { size: 1 }, options),
    api.get("analysis/plans", { size: 5 }, options),
    api.get("jobs", { size: 10, status: ["queued", "running", "cancelling", "interrupted"] }, options),
  ]);
  return { ready, sync, scenes, plans, jobs };
}

export async function homePage({ root, signal }) {
  const steps = h("section", { "aria-label": "What to do next" });
  const state = h("section", { "aria-label": "How things stand" });
  const running = h("section", { "aria-label": "Running jobs" }, h("h2", null, "Running now"));
  const cards = new Map();

  const drawJob = (job) => {
    const known = cards.get(job.id);
    if (known) return known.update(job);
    if (hasEnded(job)) return;
    const card = jobCard(job);
    cards.set(job.id, card);
    running.append(card.element);
  };
  const draw = (all) => {
    fill(steps, h("h2", null, "Next"), nextSteps(all, signal));
    fill(state, h("h2", null, "State"), stateCards(all));
    for (const job of all.jobs.items) drawJob(live.latest(job));
  };

  draw(await load(signal));
  fill(root, h("h1", null, "StashHog"), steps, running, state);
  const refresh = afterPause(() => load(signal).then(draw).catch(complain), REFRESH_PAUSE_MS);
  live.on("job", (job) => {
    drawJob(job);
    if (hasEnded(job)) refresh();
  }, signal);
  live.on("library", refresh, signal);
  live.on("reopened", refresh, signal);
  return { title: "Home" };
}

function step(done, title, ...content) {
  return h("li", { class: done ? "step done" : "step" },
    h("div", { class: "step-title" }, title, done && h("span", { class: "unseen" }, " (done)")), ...content);
}

function nextSteps({ ready, sync, scenes, plans }, signal) {
  const stash = ready.checks?.stash?.status ?? "unknown";
  const connected = stash !== "unset";
  const synced = Boolean(sync.last) || scenes.total > 0;
  const waiting = plans.items.filter((plan) => (plan.counts?.proposed ?? 0) + (plan.counts?.accepted ?? 0) > 0);
  return h("ol", { class: "steps" },
    step(connected, "Connect Stash", !connected && h("p", null, "Tell StashHog where your Stash is. ",
      h("a", { class: "button primary", href: "#/settings?section=stash" }, "Set address and key"))),
    step(synced, "Copy the library", connected && syncStep(sync, synced)),
    step(plans.total > 0, "Analyse scenes", synced && h("p", null,
      "Proposes titles, dates, studios, performers and tags. Nothing is written to Stash yet. ",
      actionButton("Analyse new scenes…", () => analyse({ filter: { analyzed: false } }, signal),
        { class: plans.total ? "" : "primary" }), " ",
      h("a", { href: "#/scenes" }, "or choose scenes"))),
    step(false, "Review and apply", reviewStep(plans, waiting)));
}

function syncStep(sync, synced) {
  if (sync.running_job_id) {
    return h("p", null, "A sync is running. ", h("a", { href: `#/jobs/${sync.running_job_id}` }, "Watch it"));
  }
  return h("p", null, synced ? `Last sync ${ago(sync.last?.finished_at, Date.now())}. ` : "StashHog works on a copy of what Stash knows. ",
    actionButton(synced ? "Sync now" : "Start the first sync", () => startSync(synced ? "incremental" : "full"),
      { class: synced ? "" : "primary" }));
}

function reviewStep(plans, waiting) {
  if (plans.total === 0) return null;
  if (waiting.length === 0) return h("p", null, "Nothing waits for you. ", h("a", { href: "#/plans" }, "All plans"));
  return h("ul", { class: "plain-list" }, waiting.map((plan) => h("li", null,
    h("a", { class: "button", href: `#/plans/${plan.id}` }, plan.name || `Plan ${plan.id}`), " ",
    `${count(plan.counts.proposed ?? 0, "change")} to review, ${whole(plan.counts.accepted ?? 0)} accepted`)));
}

const CHECK_NAMES = { database: "Database", actors: "Background work", stash: "Stash", openai: "Model" };
const CHECK_WORDS = { ok: "in order", down: "not reachable", unset: "not set", unknown: "not checked yet" };

function stateCards({ ready, sync, scenes }) {
  const checks = Object.entries(ready.checks ?? {}).map(([name, check]) => h("div", { class: "card" },
    h("h3", null, CHECK_NAMES[name] ?? sentence(name)),
    h("p", null, h("span", { class: "badge", data: { status: check.status } }, CHECK_WORDS[check.status] ?? check.status)),
    facts([["Version", check.version], ["Model", check.model], ["Trouble", check.detail ?? check.error?.detail],
      ["Answer time", typeof check.latency_ms === "number" ? `${check.latency_ms.toFixed(1)} ms` : null]]),
    check.status === "down" && name === "stash" && h("a", { href: "#/settings?section=stash" }, "Check the settings"),
    check.status === "unset" && name === "openai" && h("p", { class: "hint" }, "Rules work without one. ",
      h("a", { href: "#/settings?section=openai" }, "Set one up"))));
  return h("div", { class: "cards" }, checks, h("div", { class: "card" },
    h("h3", null, "Library"),
    scenes.total === 0 ? emptyState("No scenes yet.") : h("p", { class: "figure" }, h("a", { href: "#/scenes" }, count(scenes.total, "scene"))),
    sync.last && facts([["Last sync", when(sync.last.finished_at)], ["Kind", sync.last.mode],
      ["New", whole(sync.last.created)], ["Updated", whole(sync.last.updated)],
      ["Deleted", whole(sync.last.deleted)], ["Failed", sync.last.failed ? whole(sync.last.failed) : null]]),
    sync.live && h("p", { class: "hint" }, sync.live.connected ? "Hears of changes in Stash as they happen." : "Does not hear of changes in Stash by itself just now.")));
}
