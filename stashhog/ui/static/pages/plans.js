// All plans, and the way to a new one.

import { actionButton, confirmed, once } from "../action.js";
import { analyse } from "../analyse.js";
import { api } from "../api.js";
import { emptyState, fill, h, labelled, select } from "../dom.js";
import { hashOf } from "../filters.js";
import { count, sentence, when, whole } from "../format.js";
import { hasEnded } from "../frames.js";
import { badge, costText } from "../jobview.js";
import { live } from "../live.js";
import { complain, say } from "../notice.js";
import { pager } from "../pager.js";
import { STATUS_NAMES } from "../review.js";

const STATUSES = ["draft", "reviewing", "cancelled", "applying", "applied", "partially_applied", "undone"];

export async function plansPage({ root, query, signal }) {
  let filters = read(query);
  const results = h("div", null);
  const status = select([["", "all"], ...STATUSES.map((name) => [name, sentence(name)])], filters.status);
  status.addEventListener("change", () => {
    location.hash = hashOf("/plans", { status: status.value });
  });

  async function load() {
    const page = await api.get("analysis/plans", { ...filters, size: 25 }, { signal });
    fill(results, page.items.length ? [
      h("div", { class: "stack" }, page.items.map((plan) => planCard(plan, load))),
      pager(page, "plans", (number) => hashOf("/plans", { ...filters, page: number }, { page: 1 }))] : noPlans(filters));
  }

  await load();
  fill(root, h("h1", null, "Plans"),
    h("div", { class: "actions" },
      actionButton("Analyse new scenes…", () => analyse({ filter: { analyzed: false } }, signal), { class: "primary" }),
      importButton(load)),
    h("div", { class: "filters" }, labelled("Status", status)), results);
  const again = () => load().catch(complain);
  live.on("job", (job) => hasEnded(job) && again(), signal);
  live.on("reopened", again, signal);
  return {
    title: "Plans",
    update(next) {
      filters = read(next);
      status.value = filters.status;
      return load().catch(complain);
    },
  };
}

function read(query) {
  return { status: query.get("status") ?? "", page: Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1) };
}

function noPlans(filters) {
  return filters.status
    ? emptyState("No plan has this status.", h("p", null, h("a", { href: "#/plans" }, "Show all plans")))
    : emptyState("No plans yet.", h("p", null, "An analysis looks at scenes and writes down what it would change. You decide; nothing happens in Stash before."),
      h("p", null, h("a", { href: "#/scenes" }, "Choose scenes")));
}

// How many changes stand where; those that are none are left out.
export function countBadges(counts, linkTo) {
  const shown = Object.entries(counts ?? {}).filter(([, number]) => number > 0);
  return h("p", { class: "badges" }, shown.map(([status, number]) =>
    h("a", { class: "badge", data: { status }, href: linkTo(status) }, `${whole(number)} ${(STATUS_NAMES[status] ?? status).toLowerCase()}`)));
}

function planCard(plan, changed) {
  const name = plan.name || `Plan ${plan.id}`;
  const remove = async () => {
    if (!await deletionConfirmed(name)) return;
    await api.delete(`analysis/plans/${plan.id}`);
    say(`${name} was deleted.`);
    await changed();
  };
  return h("article", { class: "card" },
    h("div", { class: "card-head" }, h("h2", null, h("a", { href: `#/plans/${plan.id}` }, name)), badge(plan.status),
      h("span", { class: "hint" }, when(plan.created_at))),
    h("p", null, `${count(plan.changes, "change")} in ${count(plan.scenes, "scene")} · ${costText(plan.cost)}`),
    countBadges(plan.counts, (status) => `#/plans/${plan.id}?status=${status}`),
    h("div", { class: "actions" }, h("a", { class: "button", href: `#/plans/${plan.id}` }, "Review"),
      actionButton("Delete…", remove, { class: "plain", "aria-label": `Delete ${name}` })));
}

export function deletionConfirmed(name) {
  return confirmed(`Delete ${name}?`, [h("p", null, "The plan and its undecided changes go. What was applied stays in Stash and in each scene's history, but can no longer be undone from here. What you rejected stays rejected.")],
    { yes: "Delete the plan", danger: true });
}

function importButton(changed) {
  const file = h("input", { type: "file", accept: ".jsonl,.ndjson,application/x-ndjson", class: "unseen", tabindex: "-1", "aria-hidden": "true" });
  const button = h("button", { type: "button", on: { click: () => file.click() } }, "Import decisions…");
  file.addEventListener("change", () => once(button, async () => {
    const chosen = file.files[0];
    if (!chosen) return;
    try {
      const answer = await api.post("analysis/plans/import", chosen, { type: "application/x-ndjson" });
      say("Imported. ", Object.entries(answer ?? {}).filter(([, value]) => typeof value === "number")
        .map(([key, value]) => `${whole(value)} ${key.replaceAll("_", " ")}`).join(", "));
      await changed();
    } finally {
      file.value = "";
    }
  }));
  return [button, file];
}
