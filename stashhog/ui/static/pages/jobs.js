// All jobs, live.

import { api } from "../api.js";
import { emptyState, fill, h, labelled, select } from "../dom.js";
import { hashOf } from "../filters.js";
import { jobCard, KIND_NAMES } from "../jobview.js";
import { live } from "../live.js";
import { complain } from "../notice.js";
import { pager } from "../pager.js";
import { sentence } from "../format.js";

const STATUSES = ["queued", "running", "cancelling", "completed", "failed", "cancelled", "interrupted"];

export async function jobsPage({ root, query, signal }) {
  let filters = read(query);
  const cards = new Map();
  const results = h("div", null);
  const list = h("div", { class: "stack" });
  const kind = select([["", "all"], ...Object.entries(KIND_NAMES)], filters.kind);
  const status = select([["", "all"], ...STATUSES.map((name) => [name, sentence(name)])], filters.status);
  const go = () => {
    location.hash = hashOf("/jobs", { kind: kind.value, status: status.value });
  };
  kind.addEventListener("change", go);
  status.addEventListener("change", go);

  const addCard = (job, first) => {
    const card = jobCard(job, { level: "h2" });
    cards.set(job.id, card);
    if (first) list.prepend(card.element);
    else list.append(card.element);
  };
  const matches = (job) => (!filters.kind || job.kind === filters.kind) && (!filters.status || job.status === filters.status);

  async function load() {
    const page = await api.get("jobs", { ...filters, size: 25 }, { signal });
    cards.clear();
    fill(list);
    for (const job of page.items) addCard(live.latest(job), false);
    fill(results, page.items.length ? [list, pager(page, "jobs", (number) => hashOf("/jobs", { ...filters, page: number }, { page: 1 }))]
      : noJobs(filters));
  }

  await load();
  fill(root, h("h1", null, "Jobs"),
    h("div", { class: "filters" }, labelled("Kind", kind), labelled("Status", status)), results);
  live.on("job", (job) => {
    const card = cards.get(job.id);
    if (card) card.update(job);
    else if (filters.page === 1 && matches(job)) {
      if (cards.size === 0) fill(results, list);
      addCard(job, true);
    }
  }, signal);
  live.on("reopened", () => load().catch(complain), signal);
  return {
    title: "Jobs",
    update(next) {
      filters = read(next);
      kind.value = filters.kind;
      status.value = filters.status;
      return load().catch(complain);
    },
  };
}

function read(query) {
  return { kind: query.get("kind") ?? "", status: query.get("status") ?? "", page: Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1) };
}

function noJobs(filters) {
  return filters.kind || filters.status
    ? emptyState("No job matches.", h("p", null, h("a", { href: "#/jobs" }, "Show all jobs")))
    : emptyState("Nothing has run yet.", h("p", null, "Syncs, analyses, applies and undos show up here. ", h("a", { href: "#/" }, "Start with the first step")));
}
