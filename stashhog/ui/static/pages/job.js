// One job, live: progress, log, result.

import { api } from "../api.js";
import { emptyState, facts, fill, h } from "../dom.js";
import { span, when } from "../format.js";
import { applyFrame, hasEnded, mergeLog } from "../frames.js";
import { badge, cancelButton, jobProgress, jobTitle, resultFacts, retryButton } from "../jobview.js";
import { live, openStream } from "../live.js";

const LOG_PAGE = 200;

export async function jobPage({ root, parameter: id, signal }) {
  let job = live.latest(await api.get(`jobs/${id}`, {}, { signal }));
  let lines = mergeLog([], await lastLines(id, signal));
  const progress = jobProgress(job);
  const status = h("span", { role: "status" });
  const actions = h("div", { class: "actions" });
  const about = h("div", null);
  const log = h("ol", { class: "log", tabindex: "0", "aria-label": "Log" });
  let shown = null;

  function draw() {
    progress.update(job);
    if (shown === job.status) return;
    shown = job.status;
    fill(status, badge(job.status));
    fill(actions, !hasEnded(job) && job.status !== "cancelling" && cancelButton(job), hasEnded(job) && retryButton(job));
    fill(about, jobFacts(job));
  }
  function drawLog() {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    fill(log, lines.length ? lines.map(logLine) : h("li", { class: "hint" }, "Nothing was logged yet."));
    if (atEnd) log.scrollTop = log.scrollHeight;
  }
  function take(next) {
    if (next.seq < job.seq) return;
    job = next;
    draw();
  }

  draw();
  drawLog();
  fill(root, h("p", null, h("a", { href: "#/jobs" }, "← Jobs")), h("div", { class: "card-head" }, h("h1", null, jobTitle(job)), status),
    h("div", { class: "panel" }, progress.element, actions), about, h("h2", null, "Log"), log);
  log.scrollTop = log.scrollHeight;

  live.on("job", (next) => next.id === id && take(next), signal);
  let redraw = 0;
  openStream(`jobs/${id}/ws`, {
    signal, ends: true, after: lines.at(-1)?.seq ?? null,
    onFrame(frame) {
      if (frame.type === "log") {
        lines = mergeLog(lines, [{ at: new Date().toISOString(), ...frame }]);
        cancelAnimationFrame(redraw);
        redraw = requestAnimationFrame(drawLog);
        return;
      }
      const next = applyFrame(job, frame);
      if (next) take(live.take(next));
    },
  });
  return { title: jobTitle(job) };
}

// The newest page of the log; it is served oldest first.
async function lastLines(id, signal) {
  const first = await api.get(`jobs/${id}/log`, { size: LOG_PAGE }, { signal });
  if (first.pages <= 1) return first.items;
  const last = await api.get(`jobs/${id}/log`, { size: LOG_PAGE, page: first.pages }, { signal });
  return last.items;
}

function logLine(line) {
  return h("li", { data: { level: line.level } }, h("time", { datetime: line.at }, line.at ? new Date(line.at).toLocaleTimeString() : ""),
    h("span", { class: "level" }, line.level), h("span", null, line.message));
}

function jobFacts(job) {
  const plan = job.params?.plan_id ?? job.result?.plan_id;
  const ran = job.started_at && job.finished_at ? (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000 : null;
  return [
    facts([["Asked for", when(job.created_at)], ["Started", when(job.started_at)], ["Ended", when(job.finished_at)],
      ["Took", ran === null ? null : span(ran)], ["Attempt", job.attempt > 1 ? job.attempt : null],
      ["Plan", plan && h("a", { href: `#/plans/${plan}` }, `Plan ${plan}`)], ["Number", h("code", null, job.id)]]),
    job.result && [h("h2", null, "Result"), resultFacts(job.result)],
    h("details", null, h("summary", null, "What it was asked to do"), h("pre", null, JSON.stringify(job.params, null, 2))),
    job.result === null && hasEnded(job) && !job.error && emptyState("This job left no result."),
  ];
}
