// The review of a plan: what the analysis would change, decided one by one or by filter.

import { actionButton } from "../action.js";
import { api } from "../api.js";
import { afterPause, fill, h, isTyping } from "../dom.js";
import { changeFilters, hashOf } from "../filters.js";
import { count, sentence, whole, words } from "../format.js";
import { hasEnded } from "../frames.js";
import { badge, costText, jobCard } from "../jobview.js";
import { live } from "../live.js";
import { complain } from "../notice.js";
import { moveCount } from "../review.js";
import { ChangeList } from "../changes/list.js";
import { Decisions } from "../changes/decisions.js";
import { filterBar } from "../changes/filterbar.js";
import { handleKey, showKeys } from "../changes/keys.js";
import { planActions } from "../changes/planactions.js";

const REFRESH_PAUSE_MS = 1500;

export async function planPage({ root, parameter, query, signal }) {
  const id = Number(parameter);
  const state = { plan: await api.get(`analysis/plans/${id}`, {}, { signal }), filters: null };
  state.filters = changeFilters(query, state.plan.counts);
  const name = state.plan.name || `Plan ${id}`;
  const head = h("div", { class: "plan-head" });
  const jobs = h("div", { class: "stack" });
  const saved = h("span", { class: "hint", role: "status" });

  const go = (changed) => {
    location.hash = hashOf(`/plans/${id}`, { ...state.filters, ...changed });
  };
  const bar = filterBar(go);
  const decisions = new Decisions({
    signal,
    moved(from, to) {
      state.plan = { ...state.plan, counts: moveCount(state.plan.counts, from, to) };
      drawCounts();
    },
    pending(number) {
      saved.textContent = number ? `Saving ${count(number, "decision")}…` : "";
    },
  });
  const list = new ChangeList({ id, decisions, signal, decideMany });
  const actions = planActions({ id, state, decisions, signal, refresh });

  function drawCounts() {
    bar.update(state.filters, state.plan);
    actions.update();
  }
  function drawHead() {
    fill(head, h("p", null, badge(state.plan.status), ` ${count(state.plan.changes, "change")} in ${count(state.plan.scenes, "scene")} · ${costText(state.plan.cost)}`),
      skipped(state.plan.skipped), state.plan.status === "draft" && h("p", { class: "hint" },
        "The analysis is still running. You may decide already; applying comes when it has ended."));
    drawCounts();
  }
  async function refresh({ reload = false } = {}) {
    state.plan = await api.get(`analysis/plans/${id}`, {}, { signal });
    drawHead();
    if (reload) await list.load(state.filters);
    else list.offerMore(state.plan);
  }
  async function decideMany(status, extra = {}) {
    const moved = await decisions.decideFilter(id, { ...state.filters, ...extra }, status);
    if (moved) await refresh({ reload: true });
  }

  bar.onDecide = (status) => decideMany(status);
  drawHead();
  await list.load(state.filters);
  fill(root, h("p", null, h("a", { href: "#/plans" }, "← Plans")),
    h("div", { class: "card-head" }, h("h1", null, name), actionButton("Keys", showKeys, { class: "plain", "aria-keyshortcuts": "?" }), saved),
    head, actions.element, jobs, bar.element, list.element);

  followJobs(id, state, jobs, signal, refresh);
  document.addEventListener("keydown", (event) => {
    if (!isTyping(event) && handleKey(event, list, bar)) event.preventDefault();
  }, { signal });
  window.addEventListener("beforeunload", (event) => decisions.count > 0 && event.preventDefault(), { signal });
  return {
    title: name,
    update(next) {
      state.filters = changeFilters(next, state.plan.counts);
      drawCounts();
      return list.load(state.filters).catch(complain);
    },
  };
}

function skipped(reasons) {
  const pairs = Object.entries(reasons ?? {}).filter(([, number]) => number > 0);
  if (pairs.length === 0) return null;
  return h("details", null, h("summary", null, "What was left alone, and why"),
    h("ul", { class: "plain-list" }, pairs.map(([reason, number]) => h("li", null, `${sentence(words(reason))}: ${whole(number)}`))));
}

// Show the jobs that work on this plan, and bring the page up to date as they go.
function followJobs(id, state, place, signal, refresh) {
  const cards = new Map();
  const soon = afterPause((options) => refresh(options).catch(complain), REFRESH_PAUSE_MS);
  const take = (job) => {
    if (Number(job.params?.plan_id) !== id && job.id !== state.plan.job_id) return;
    const card = cards.get(job.id);
    if (card) card.update(job);
    else if (!hasEnded(job)) {
      const made = jobCard(job, { level: "h2" });
      cards.set(job.id, made);
      place.append(made.element);
    } else return;
    if (hasEnded(job)) refresh({ reload: job.kind !== "analysis" }).catch(complain);
    else soon({});
  };
  for (const job of live.running()) take(job);
  live.on("job", take, signal);
  live.on("reopened", () => refresh().catch(complain), signal);
}
