// Saving decisions. Rules: what was pressed shows at once; decisions on one change are saved in the
// order they were made; where the service refuses one, the row says again what is true.

import { confirmed } from "../action.js";
import { api } from "../api.js";
import { h } from "../dom.js";
import { changeSelector } from "../filters.js";
import { count, whole, words } from "../format.js";
import { complain, say } from "../notice.js";
import { FIELD_NAMES, SOURCE_NAMES, STATUS_NAMES } from "../review.js";

export class Decisions {
  count = 0;
  #last = new Map();
  #signal;
  #moved;
  #pending;

  constructor({ signal, moved, pending }) {
    this.#signal = signal;
    this.#moved = moved;
    this.#pending = pending;
  }

  // Set a row's status now and save it; the row is put right by what the service answers.
  decide(row, status) {
    const before = row.change;
    row.show({ ...before, status });
    this.#moved(before.status, status);
    this.#track(before.id, () => api.patch(`analysis/changes/${before.id}`, { status }), row, before);
  }

  // Save an edited value; resolves once it is saved, throws what the service refused.
  async edit(row, proposed) {
    const before = row.change;
    const after = await api.patch(`analysis/changes/${before.id}`, { proposed });
    if (after.status !== before.status) this.#moved(before.status, after.status);
    row.show(after);
  }

  // Wait until everything that was pressed is saved.
  async settled() {
    while (this.#last.size) await Promise.all(this.#last.values());
  }

  // Ask how many changes a filter means, let the person confirm, do it. The number moved, or 0.
  async decideFilter(planId, filters, status) {
    await this.settled();
    const filter = changeSelector(filters);
    const address = `analysis/plans/${planId}/changes`;
    const preview = await api.patch(address, { status, filter, dry_run: true }, { signal: this.#signal });
    if (preview.updated === 0) {
      say("No change shown here can move there.");
      return 0;
    }
    if (!await confirmed(`${DECIDE_TITLES[status]} ${count(preview.updated, "change")}?`, previewText(preview, filter, status),
      { yes: `${DECIDE_TITLES[status]} ${whole(preview.updated)}`, danger: filter.status === "conflict" && status === "accepted", signal: this.#signal })) return 0;
    const done = await api.patch(address, { status, filter });
    say(`${count(done.updated, "change")}: ${STATUS_NAMES[status].toLowerCase()}.`);
    return done.updated;
  }

  #track(id, send, row, before) {
    this.#count(1);
    const saved = (this.#last.get(id) ?? Promise.resolve()).then(async () => {
      try {
        const after = await send();
        if (this.#last.get(id) === saved) this.#settle(row, after);
      } catch (error) {
        complain(error);
        await this.#restore(row, before);
      } finally {
        this.#count(-1);
        if (this.#last.get(id) === saved) this.#last.delete(id);
      }
    });
    this.#last.set(id, saved);
  }

  // After a refusal the service's own word counts; where it cannot be had, what was there before.
  async #restore(row, before) {
    let truth = before;
    try {
      const page = await api.get(`analysis/plans/${before.plan_id}/changes`,
        { scene_id: before.scene_id, field: before.field, size: 500 });
      truth = page.items.find((change) => change.id === before.id) ?? before;
    } catch (error) {
      if (error.name === "AbortError") throw error;
    }
    this.#settle(row, truth);
  }

  #settle(row, truth) {
    const shown = row.change.status;
    row.show(truth);
    if (truth.status !== shown) this.#moved(shown, truth.status);
  }

  #count(step) {
    this.count += step;
    this.#pending(this.count);
  }
}

const DECIDE_TITLES = { accepted: "Accept", rejected: "Reject", proposed: "Take back" };

function previewText(preview, filter, status) {
  const table = (title, counts, names) => h("div", null, h("h3", null, title),
    h("ul", { class: "plain-list" }, Object.entries(counts ?? {}).map(([key, number]) => h("li", null, `${names[key] ?? words(key)}: ${whole(number)}`))));
  return [
    h("p", null, `Of the changes that are “${STATUS_NAMES[filter.status].toLowerCase()}” and match what is shown.`),
    filter.status === "conflict" && status === "accepted" && h("p", { class: "bad-text" },
      "These differ in Stash from what the plan was made from. Accepting them overwrites what Stash has now."),
    h("div", { class: "two" }, table("By field", preview.by_field, FIELD_NAMES), table("By source", preview.by_source, SOURCE_NAMES)),
  ].filter(Boolean);
}
