// One change on the review page: what, from, to, how sure, why, and its buttons.

import { actionForm } from "../action.js";
import { facts, fill, h } from "../dom.js";
import { percent, sentence, valueText } from "../format.js";
import { completedInput } from "../picker.js";
import { badge } from "../jobview.js";
import { problemText } from "../notice.js";
import { editedValue, FIELD_NAMES, mayDecide, mayEdit, pressed, SOURCE_NAMES, STATUS_NAMES } from "../review.js";
import { evidenceSpan, excerpt } from "../spans.js";

const ACTION_WORDS = { set: "", add: "add", remove: "remove" };
const ENTITY_LISTS = { studio: "studios", performers: "performers", tags: "tags" };

export class ChangeRow {
  element = h("li", { class: "change", tabindex: "-1" });
  #decisions;

  constructor(change, decisions) {
    this.#decisions = decisions;
    this.show(change);
  }

  // Draw the change as it is now.
  show(change) {
    this.change = change;
    this.element.dataset.status = change.status;
    this.element.setAttribute("aria-label", this.#label());
    const focused = document.activeElement?.dataset?.decide;
    const inside = this.element.contains(document.activeElement);
    fill(this.element, this.#what(), this.#values(), this.#why(), this.#buttons());
    if (inside && focused) this.element.querySelector(`[data-decide="${focused}"]`)?.focus();
    else if (inside) this.element.focus();
  }

  decide(status) {
    const wanted = pressed(this.change, status);
    if (wanted) this.#decisions.decide(this, wanted);
  }

  takeBack() {
    if (mayDecide(this.change, "proposed")) this.#decisions.decide(this, "proposed");
  }

  edit() {
    if (!mayEdit(this.change) || this.element.querySelector("form")) return;
    const { form, focus } = editForm(this, this.#decisions);
    this.element.append(form);
    focus();
  }

  #label() {
    const { field, action, current, proposed, status } = this.change;
    return `${FIELD_NAMES[field] ?? field} ${ACTION_WORDS[action] ?? action}: ${valueText(current) ?? "nothing"} to ${valueText(proposed) ?? "nothing"}, ${STATUS_NAMES[status] ?? status}`;
  }

  #what() {
    const { field, action, status } = this.change;
    return h("div", { class: "what" }, h("span", { class: "field" }, FIELD_NAMES[field] ?? field),
      action !== "set" && h("span", { class: "hint" }, ACTION_WORDS[action] ?? action),
      status !== "proposed" && badge(status, STATUS_NAMES[status] ?? status));
  }

  #values() {
    const { action, current, proposed, observed, status, creates_entity: creates, edited, outcome, error } = this.change;
    if (status === "conflict" || status === "undo_conflict") return threeWay(this.change);
    const before = valueText(current);
    return h("div", { class: "values" },
      action !== "add" && h("del", { class: before === null ? "nothing" : "" }, before ?? "empty"),
      action === "set" && h("span", { class: "arrow", "aria-label": "becomes" }, "→"),
      action !== "remove" && h("ins", null, valueText(proposed) ?? "empty"),
      creates && h("span", { class: "badge new" }, "new in Stash"), edited && h("span", { class: "badge" }, "edited"),
      outcome === "already" && h("span", { class: "hint" }, "was there already"),
      status === "failed" && observed && h("span", { class: "hint" }, `Stash has: ${valueText(observed)}`),
      error && status !== "accepted" && status !== "rejected" && h("p", { class: "bad-text" }, `${error.detail} (${error.code})`));
  }

  #why() {
    const { confidence, source, reason, evidence } = this.change;
    const span = evidenceSpan(evidence);
    const more = Object.entries(evidence ?? {}).filter(([key]) => !["text", "start", "end"].includes(key));
    return h("div", { class: "why" },
      h("span", { class: "confidence", data: { level: confidenceLevel(confidence) } }, percent(confidence)),
      h("span", { class: "hint" }, SOURCE_NAMES[source] ?? source), reason && h("span", null, reason),
      span && h("code", { class: "excerpt" }, pieces(excerpt(span))),
      more.length > 0 && h("details", null, h("summary", null, "evidence"),
        facts(more.map(([key, value]) => [sentence(key), typeof value === "object" ? JSON.stringify(value) : String(value)]))));
  }

  #buttons() {
    const { status } = this.change;
    const decision = (to, text, key) => pressed(this.change, to) && h("button", {
      type: "button", class: `decide ${to}`, data: { decide: to }, "aria-pressed": String(status === to), "aria-keyshortcuts": key,
      on: { click: () => this.decide(to) } }, text);
    return h("div", { class: "decide-buttons" },
      decision("accepted", status === "conflict" ? "Overwrite" : "Accept", "a"), decision("rejected", "Reject", "r"),
      mayEdit(this.change) && h("button", { type: "button", class: "plain", data: { decide: "edit" }, "aria-keyshortcuts": "e", on: { click: () => this.edit() } }, "Edit"));
  }
}

export function pieces(parts) {
  return parts.map((part) => (part.marked ? h("mark", null, part.text) : part.text));
}

function confidenceLevel(confidence) {
  if (confidence >= 0.9) return "high";
  return confidence >= 0.7 ? "middle" : "low";
}

// Planned from, now in Stash, proposed: one must see all three before overwriting.
function threeWay({ current, observed, proposed, status }) {
  const undo = status === "undo_conflict";
  return h("div", { class: "values" }, h("dl", { class: "three" },
    [["Planned from", current], ["Stash has now", observed], [undo ? "Applied" : "Proposed", proposed]].map(([term, value]) =>
      h("div", null, h("dt", null, term), h("dd", { class: valueText(value) === null ? "nothing" : "" }, valueText(value) ?? "empty")))),
  h("p", { class: "hint" }, undo ? "Somebody changed this since it was applied, so it was not put back."
    : "Somebody changed this since the plan was made, so nothing was written."));
}

function editForm(row, decisions) {
  const { field, proposed } = row.change;
  const text = valueText(proposed) ?? "";
  const kind = ENTITY_LISTS[field];
  const completed = kind ? completedInput(kind, { value: text, required: true, "aria-label": "New value" }) : null;
  const input = completed?.input ?? (field === "details" ? h("textarea", { rows: "5", "aria-label": "New value" }, text)
    : h("input", { value: text, "aria-label": "New value", placeholder: field === "date" ? "YYYY-MM-DD" : null }));
  const errors = h("div", { role: "alert" });
  const close = () => {
    form.remove();
    row.element.focus();
  };
  const form = actionForm({ class: "edit" }, async () => {
    if (completed) await completed.offer();
    await decisions.edit(row, editedValue(field, input.value, completed?.known ?? new Map()));
    close();
  }, [input, completed?.list, h("button", { type: "submit", class: "primary" }, "Save"),
    h("button", { type: "button", on: { click: close } }, "Cancel"), errors].filter(Boolean), (error) => {
    if (!("status" in error)) throw error;
    fill(errors, ...problemText(error));
  });
  form.addEventListener("keydown", (event) => event.key === "Escape" && close());
  return { form, focus: () => {
    input.focus();
    input.select();
  } };
}
