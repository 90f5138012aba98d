// What of a plan is shown, and decisions about all of it at once.

import { actionButton } from "../action.js";
import { afterPause, fill, h, labelled, select } from "../dom.js";
import { CHANGE_STATUSES } from "../filters.js";
import { percent, whole } from "../format.js";
import { bulkDecisions, FIELD_NAMES, SOURCE_NAMES, STATUS_NAMES } from "../review.js";

const ALWAYS_SHOWN = ["proposed", "accepted", "rejected"];

// `go(changed)` puts new filters into the address; set `onDecide(status)` on what is returned.
export function filterBar(go) {
  const tabs = h("div", { class: "tabs", role: "group", "aria-label": "Status" });
  const field = select([["", "all"], ...Object.entries(FIELD_NAMES)], "");
  const source = select([["", "all"], ...Object.entries(SOURCE_NAMES)], "");
  const least = h("input", { type: "range", min: "0", max: "1", step: "0.05", value: "0", "aria-keyshortcuts": "t" });
  const leastText = h("output", null, "any");
  const bulk = h("div", { class: "actions" });
  const scene = h("span");
  field.addEventListener("change", () => go({ field: field.value }));
  source.addEventListener("change", () => go({ source: source.value }));
  const moved = afterPause(() => go({ min_confidence: Number(least.value) || null }), 250);
  least.addEventListener("input", () => {
    leastText.textContent = Number(least.value) ? `at least ${percent(Number(least.value))}` : "any";
    moved();
  });
  const bar = {
    onDecide: () => {},
    element: h("div", { class: "filterbar" }, tabs, h("div", { class: "filters" },
      labelled("Field", field), labelled("Source", source),
      labelled("Confidence", h("span", { class: "range" }, least, leastText)), scene, bulk)),
    focusFilter: () => field.focus(),
    focusConfidence: () => least.focus(),
    update(filters, plan) {
      drawTabs(tabs, filters, plan, go);
      if (field.value !== filters.field) field.value = filters.field;
      if (source.value !== filters.source) source.value = filters.source;
      if (document.activeElement !== least) least.value = String(filters.min_confidence ?? 0);
      leastText.textContent = filters.min_confidence ? `at least ${percent(filters.min_confidence)}` : "any";
      fill(scene, filters.scene_id && actionButton(`Only scene ${filters.scene_id} ×`, () => go({ scene_id: "" }), { "aria-label": "Show all scenes" }));
      drawBulk(bulk, filters, (status) => bar.onDecide(status));
    },
  };
  return bar;
}

function drawTabs(tabs, filters, plan, go) {
  const counts = plan.counts ?? {};
  const shown = CHANGE_STATUSES.filter((status) => ALWAYS_SHOWN.includes(status) || counts[status] > 0 || filters.status === status);
  const all = [...shown.map((status) => [status, STATUS_NAMES[status], counts[status] ?? 0]), ["all", "All", plan.changes]];
  const known = new Map([...tabs.children].map((tab) => [tab.dataset.status, tab]));
  if (known.size !== all.length || all.some(([status]) => !known.has(status))) {
    fill(tabs, all.map(([status]) => h("button", { type: "button", data: { status }, on: { click: () => go({ status }) } })));
  }
  all.forEach(([status, name, number], at) => {
    const tab = tabs.children[at];
    tab.setAttribute("aria-pressed", String(filters.status === status));
    tab.textContent = `${name} ${whole(number)}`;
  });
}

function drawBulk(place, filters, decide) {
  const wanted = JSON.stringify(bulkDecisions(filters.status));
  if (place.dataset.drawn === wanted) return;
  place.dataset.drawn = wanted;
  fill(place, bulkDecisions(filters.status).map(([status, text]) => actionButton(`${text} all of these…`, () => decide(status))));
}
