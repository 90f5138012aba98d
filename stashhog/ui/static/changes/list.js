// The changes of a plan, grouped by scene, a page of a hundred at a time.

import { actionButton, confirmed } from "../action.js";
import { api } from "../api.js";
import { emptyState, fill, h } from "../dom.js";
import { changeQuery } from "../filters.js";
import { whole } from "../format.js";
import { live } from "../live.js";
import { complain, say } from "../notice.js";
import { thumbnail } from "../pages/scenes.js";
import { byScene } from "../review.js";
import { markRanges, scenePath } from "../spans.js";
import { ChangeRow, pieces } from "./row.js";

const PAGE_SIZE = 100;
// What comes by itself when the end is near; beyond it a press asks for more.
const MOST_BY_ITSELF = 2000;

export class ChangeList {
  element = h("section", { class: "changes", "aria-label": "Changes" });
  rows = [];
  #id;
  #decisions;
  #signal;
  #decideMany;
  #groups = h("div", { class: "groups" });
  #foot = h("div", { class: "list-foot" });
  #filters = null;
  #cursor = null;
  #total = 0;
  #asked = 0;
  #loading = false;
  #current = null;
  #lastGroup = null;
  #watcher = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting) && this.#cursor && this.rows.length < MOST_BY_ITSELF) this.more();
  }, { rootMargin: "600px" });

  constructor({ id, decisions, signal, decideMany }) {
    this.#id = id;
    this.#decisions = decisions;
    this.#signal = signal;
    this.#decideMany = decideMany;
    this.element.append(this.#groups, this.#foot);
    this.#watcher.observe(this.#foot);
    signal.addEventListener("abort", () => this.#watcher.disconnect());
    this.element.addEventListener("focusin", (event) => {
      const row = this.rows.find((one) => one.element.contains(event.target));
      if (row) this.#mark(row);
    });
  }

  // Show the first page of what these filters select.
  async load(filters) {
    this.#filters = filters;
    this.#asked += 1;
    const mine = this.#asked;
    const page = await this.#fetch(null);
    if (mine !== this.#asked) return;
    this.rows = [];
    this.#current = null;
    this.#lastGroup = null;
    fill(this.#groups);
    this.#append(page);
  }

  // Bring the next page; while one is on its way, nothing.
  async more() {
    if (this.#loading || !this.#cursor) return;
    this.#loading = true;
    const mine = this.#asked;
    try {
      const page = await this.#fetch(this.#cursor);
      if (mine === this.#asked) this.#append(page);
    } catch (error) {
      complain(error);
      if (error.code === "bad_cursor") await this.load(this.#filters);
    } finally {
      this.#loading = false;
    }
  }

  // Say that an analysis has found more than what is shown.
  offerMore(plan) {
    const { status, field, source, scene_id: scene, min_confidence: least, max_confidence: most } = this.#filters;
    if (field || source || scene || least !== null || most !== null || this.#cursor) return;
    const there = status === "all" ? plan.changes : plan.counts?.[status] ?? 0;
    const shown = this.rows.filter((row) => status === "all" || row.change.status === status).length;
    if (there > shown) this.#drawFoot(there - shown);
  }

  get current() {
    return this.#current;
  }

  // Go to the next (1) or previous (-1) change, or with `scene` to the first of the next scene.
  async step(direction, scene = false) {
    const at = this.rows.indexOf(this.#current);
    let next = at + direction;
    if (scene && at !== -1) {
      const here = this.#current.change.scene_id;
      while (this.rows[next]?.change.scene_id === here) next += direction;
      if (direction < 0) while (next > 0 && this.rows[next - 1].change.scene_id === this.rows[next]?.change.scene_id) next -= 1;
    }
    if (next >= this.rows.length && this.#cursor) await this.more();
    const row = this.rows[Math.max(0, next)];
    if (!row) return;
    row.element.focus({ preventScroll: true });
    row.element.scrollIntoView({ block: "nearest" });
  }

  // Decide all that is shown of the current row's scene and waits for a decision.
  decideScene(sceneId, status) {
    const open = this.rows.filter((row) => row.change.scene_id === sceneId && row.change.status === "proposed");
    const complete = this.rows.at(-1)?.change.scene_id !== sceneId || !this.#cursor;
    if (!complete) return this.#decideMany(status, { scene_id: sceneId, status: "proposed" }).catch(complain);
    for (const row of open) row.decide(status);
    return null;
  }

  #mark(row) {
    if (this.#current === row) return;
    this.#current?.element.removeAttribute("aria-current");
    this.#current?.element.setAttribute("tabindex", "-1");
    this.#current = row;
    row.element.setAttribute("aria-current", "true");
    row.element.setAttribute("tabindex", "0");
  }

  #fetch(cursor) {
    return api.get(`analysis/plans/${this.#id}/changes`, { ...changeQuery(this.#filters), sort: "scene_id", size: PAGE_SIZE, cursor },
      { signal: this.#signal });
  }

  #append(page) {
    this.#cursor = page.next_cursor;
    this.#total = page.total;
    for (const group of byScene(page.items)) {
      const rows = group.changes.map((change) => new ChangeRow(change, this.#decisions));
      this.rows.push(...rows);
      if (this.#lastGroup?.sceneId === group.sceneId) this.#lastGroup.list.append(...rows.map((row) => row.element));
      else this.#groups.append(this.#group(group, rows));
    }
    if (!this.#current && this.rows[0]) this.rows[0].element.setAttribute("tabindex", "0");
    this.#drawFoot(0);
  }

  #drawFoot(newer) {
    if (this.rows.length === 0 && newer === 0) return fill(this.#foot, nothing(this.#id, this.#filters));
    fill(this.#foot, h("p", { class: "hint" }, `${whole(this.rows.length)} of ${whole(this.#total)} changes are shown.`),
      this.#cursor && actionButton("Show more", () => this.more()),
      newer > 0 && actionButton(`Show ${whole(newer)} that came in`, () => this.load(this.#filters), { class: "primary" }));
    return null;
  }

  #group(group, rows) {
    const { sceneId } = group;
    const address = `#/scenes/${encodeURIComponent(sceneId)}`;
    const path = h("p", { class: "path" });
    const found = scenePath(group.changes);
    if (found) fill(path, pieces(markRanges(found.text, found.ranges)));
    const title = group.title || found?.text.split(/[/\\]/).at(-1) || `Scene ${sceneId}`;
    const list = h("ul", { class: "rows" }, rows.map((row) => row.element));
    const many = (status, text) => h("button", { type: "button", class: "plain", "aria-label": `${text} in ${title}`,
      on: { click: () => this.decideScene(sceneId, status) } }, text);
    this.#lastGroup = { sceneId, list };
    return h("section", { class: "group", "aria-label": title },
      h("header", null, thumbnail(sceneId, { width: "112", height: "63" }),
        h("div", { class: "group-text" }, h("h3", null, h("a", { href: address }, title)), path),
        h("div", { class: "group-actions" }, many("accepted", "Accept all"), many("rejected", "Reject all"),
          rows.some((row) => row.change.status === "applied") && actionButton("Undo scene…", () => this.#undoScene(sceneId, title), { class: "plain" }))),
      list);
  }

  async #undoScene(sceneId, title) {
    if (!await confirmed("Undo this scene?", [h("p", null, `What this plan changed in “${title}” is put back, where Stash still has what the plan wrote.`)],
      { yes: "Undo the scene", signal: this.#signal })) return;
    const job = live.take(await api.post(`analysis/plans/${this.#id}/undo`, { scene_ids: [sceneId] }));
    say("The undo has started. ", h("a", { href: `#/jobs/${job.id}` }, "Watch it"));
  }
}

function nothing(id, filters) {
  if (filters.status === "all" && Object.keys(changeQuery(filters)).length === 0) {
    return emptyState("This plan has no changes.", h("p", null, "Either everything is right already, or nothing sure was found. “What was left alone” above says why."));
  }
  return emptyState("No change matches.", h("p", null, h("a", { href: `#/plans/${id}?status=all` }, "Show all changes of this plan")));
}
