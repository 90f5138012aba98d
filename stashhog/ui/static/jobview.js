// How a job looks wherever it is shown: its line, its bar, its buttons.

import { actionButton } from "./action.js";
import { api } from "./api.js";
import { facts, fill, h } from "./dom.js";
import { count, money, percent, progressText, sentence, waitingText, when, whole, words } from "./format.js";
import { hasEnded } from "./frames.js";
import { live } from "./live.js";
import { say } from "./notice.js";

export const KIND_NAMES = { sync: "Sync", analysis: "Analysis", apply: "Apply", undo: "Undo" };

export function jobTitle(job) {
  const plan = job.params?.plan_id ?? job.result?.plan_id;
  const mode = job.kind === "sync" && job.params?.mode ? ` (${job.params.mode})` : "";
  const about = plan ? ` · plan ${plan}` : "";
  return `${KIND_NAMES[job.kind] ?? job.kind}${mode}${about}`;
}

export function badge(status, text = sentence(status)) {
  return h("span", { class: "badge", data: { status } }, text);
}

// The job's moving parts; `update(job)` repaints them.
export function jobProgress(job) {
  const bar = h("progress", { "aria-label": "Progress" });
  const line = h("p", { class: "progress-line" });
  const message = h("p", { class: "hint" });
  const waiting = h("p", { class: "waiting", role: "status" });
  const error = h("p", { class: "bad-text" });
  const element = h("div", { class: "job-progress" }, bar, line, message, waiting, error);
  function update(next) {
    const { done, total } = next.progress ?? { done: 0, total: null };
    const known = total !== null && total !== undefined;
    bar.hidden = hasEnded(next);
    if (known) {
      bar.max = Math.max(total, 1);
      bar.value = Math.min(done, total);
    } else {
      bar.removeAttribute("value");
    }
    const share = known && total > 0 && !hasEnded(next) ? `${percent(Math.min(1, done / total))} · ` : "";
    line.textContent = next.progress ? share + progressText(hasEnded(next) ? { ...next.progress, rate: null, eta_s: null } : next.progress) : "";
    message.textContent = hasEnded(next) ? "" : next.progress?.message ?? "";
    waiting.textContent = next.waiting ? `${waitingText(next.waiting, Date.now())}.` : "";
    error.textContent = next.error ? `${next.error.detail} (${next.error.code})` : "";
  }
  update(job);
  return { element, update };
}

export function cancelButton(job) {
  const cancel = async () => {
    live.take(await api.delete(`jobs/${job.id}`));
    say("Cancelling: what is under way is finished cleanly first.");
  };
  return actionButton("Cancel", cancel, { "aria-label": `Cancel ${jobTitle(job)}` });
}

export function retryButton(job) {
  const retry = async () => {
    const next = live.take(await api.post(`jobs/${job.id}/retry`));
    location.hash = `#/jobs/${next.id}`;
  };
  return actionButton("Run again", retry, { "aria-label": `Run ${jobTitle(job)} again` });
}

// A card for a job in a list; `update(job)` keeps it right.
export function jobCard(job, { level = "h3" } = {}) {
  const status = h("span");
  const progress = jobProgress(job);
  const actions = h("div", { class: "actions" });
  const element = h("article", { class: "card job", data: { job: job.id } },
    h("div", { class: "card-head" },
      h(level, null, h("a", { href: `#/jobs/${job.id}` }, jobTitle(job))), status,
      h("span", { class: "hint" }, when(job.created_at))),
    progress.element, actions);
  let shown = null;
  function update(next) {
    progress.update(next);
    if (shown === next.status) return;
    shown = next.status;
    fill(status, badge(next.status));
    fill(actions, hasEnded(next) ? resultLine(next) : next.status !== "cancelling" && cancelButton(next),
      (next.status === "failed" || next.status === "cancelled") && retryButton(next));
  }
  update(job);
  return { element, update };
}

// What a job came to, in one line.
function resultLine(job) {
  const result = job.result;
  if (!result) return null;
  const text = Object.entries(result)
    .filter(([name, value]) => typeof value === "number" && name !== "plan_id" && value !== 0)
    .map(([name, value]) => `${whole(value)} ${words(name)}`).join(" · ");
  const plan = result.plan_id ?? job.params?.plan_id;
  return h("p", { class: "result" }, text, text && plan ? " · " : "",
    plan && h("a", { href: `#/plans/${plan}` }, "Open the plan"),
    result.stopped && h("span", { class: "bad-text" }, ` Stopped: ${words(result.stopped)}.`));
}

// What a job came to, in full.
export function resultFacts(result) {
  return facts(Object.entries(result).map(([name, value]) => [sentence(name), resultValue(name, value)]));
}

function resultValue(name, value) {
  if (name === "plan_id") return h("a", { href: `#/plans/${value}` }, `Plan ${value}`);
  if (name === "cost" && value && typeof value === "object") return costText(value);
  if (value && typeof value === "object") {
    const pairs = Object.entries(value).filter(([, inner]) => inner !== 0);
    return pairs.map(([key, inner]) => `${typeof inner === "object" ? JSON.stringify(inner) : whole(inner)} ${words(key)}`)
      .join(", ");
  }
  return typeof value === "number" ? whole(value) : words(value ?? "");
}

export function costText(cost) {
  if (!cost || !cost.requests) return "no model calls";
  return `${count(cost.requests, "request")}, ${whole(cost.input_tokens)} tokens in, `
    + `${whole(cost.output_tokens)} out, ${money(cost.usd)}`;
}
