// What is done with a plan as a whole: apply, undo, export, delete.

import { actionButton, confirmed, rest } from "../action.js";
import { api, everyPage } from "../api.js";
import { checkbox, fill, h } from "../dom.js";
import { count, whole } from "../format.js";
import { live } from "../live.js";
import { say } from "../notice.js";
import { deletionConfirmed } from "../pages/plans.js";
import { FIELD_NAMES, Summary } from "../review.js";

const PAGE_SIZE = 500;
const MOST_NAMED = 20;

export function planActions({ id, state, decisions, signal, refresh }) {
  const apply = actionButton("Apply…", () => applyPlan(id, decisions, signal, refresh), { class: "primary" });
  const undo = actionButton("Undo…", () => undoPlan(id, state, signal, refresh));
  const remove = actionButton("Delete…", async () => {
    if (!await deletionConfirmed(state.plan.name || `Plan ${id}`)) return;
    await api.delete(`analysis/plans/${id}`);
    say("The plan was deleted.");
    location.hash = "#/plans";
  }, { class: "plain" });
  const note = h("span", { class: "hint" });
  return {
    element: h("div", { class: "actions" }, apply, undo,
      h("a", { class: "button", href: `api/analysis/plans/${id}/export`, download: `plan-${id}.jsonl` }, "Export"), remove, note),
    update() {
      const { counts = {}, status } = state.plan;
      const busy = status === "draft" || status === "applying";
      const accepted = counts.accepted ?? 0;
      const applied = (counts.applied ?? 0) + (counts.undo_conflict ?? 0);
      apply.textContent = accepted ? `Apply ${count(accepted, "accepted change")}…` : "Apply…";
      undo.textContent = applied ? `Undo ${whole(applied)} applied…` : "Undo…";
      rest(apply, busy || accepted === 0);
      rest(undo, busy || applied === 0);
      fill(note, accepted === 0 && !busy && (counts.proposed ?? 0) > 0 && "Accept changes first; only those are applied.");
    },
  };
}

async function applyPlan(id, decisions, signal, refresh) {
  await decisions.settled();
  const summary = new Summary();
  await everyPage(`analysis/plans/${id}/changes`, { status: "accepted", size: PAGE_SIZE }, (page) => summary.add(page.items), signal);
  if (summary.changes === 0) {
    say("Nothing is accepted, so there is nothing to apply.");
    return refresh();
  }
  const created = summary.created;
  const yes = await confirmed("Write to Stash?", [
    h("p", { class: "figure" }, `${count(summary.changes, "change")} in ${count(summary.scenes, "scene")}`),
    h("p", null, created.length ? `${count(created.length, "new entry", "new entries")} will be made in Stash: ` : "No new performers, tags or studios are made.",
      created.slice(0, MOST_NAMED).map((one) => `${one.name} (${(FIELD_NAMES[one.field] ?? one.field).toLowerCase()})`).join(", "),
      created.length > MOST_NAMED && ` and ${created.length - MOST_NAMED} more`),
    h("p", { class: "hint" }, "Each scene is read again just before. What somebody changed since is left alone and shown as a conflict. All of it can be undone."),
  ], { yes: `Apply ${count(summary.changes, "change")}`, signal });
  if (!yes) return null;
  live.take(await api.post(`analysis/plans/${id}/apply`, {}));
  return refresh();
}

async function undoPlan(id, state, signal, refresh) {
  const { counts } = state.plan;
  const applied = (counts.applied ?? 0) + (counts.undo_conflict ?? 0);
  const created = checkbox("Also remove performers, tags and studios that this plan made, where nothing uses them");
  const yes = await confirmed("Undo this plan?", [
    h("p", { class: "figure" }, count(applied, "applied change")),
    h("p", null, "What the plan changed is put back, where Stash still has what the plan wrote. What somebody changed since stays and is shown as an undo conflict."),
  ], { yes: `Undo ${count(applied, "change")}`, danger: true, extra: created, signal });
  if (!yes) return null;
  live.take(await api.post(`analysis/plans/${id}/undo`, { remove_created: created.querySelector("input").checked }));
  return refresh();
}
