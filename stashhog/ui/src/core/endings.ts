// What is said when a job ends that was seen at work, wherever the reader is by then.

import { count } from "./format";
import { hasEnded } from "./frames";
import { KIND_NAMES, planOf, resultText } from "./jobs";
import { jobs } from "./live";
import { say, warn, type Notice } from "./notices";
import { go, place } from "./router";
import type { Job } from "./shapes";

// Keeps an eye on all jobs.
export function startEndings(): void {
  let live = new Set<string>();
  jobs.subscribe((all) => {
    const now = [...all.values()];
    const ended = now.filter((job) => live.has(job.id) && hasEnded(job));
    live = new Set(now.filter((job) => !hasEnded(job)).map(({ id }) => id));
    for (const job of ended) tell(job);
  });
}

function tell(job: Job): void {
  if (job.status === "failed") return warn(`${KIND_NAMES[job.kind]} failed: ${job.error?.detail ?? "no reason given"}`, look(`/jobs/${job.id}`));
  if (job.kind === "sync") return;
  if (job.status === "cancelled") return say(`${KIND_NAMES[job.kind]} cancelled`);
  const plan = planOf(job);
  const result = (job.result ?? {}) as Record<string, number>;
  if (job.kind === "analysis") {
    const found = plan === null ? "it found nothing" : `${count(result.changes ?? 0, "change")} to review`;
    return say(`The analysis has ended: ${found}`, plan === null ? undefined : look(`/plans/${plan}`));
  }
  const text = `Done: ${resultText(job) || "there was nothing to do"}`;
  const trouble = result.conflicts ? (job.kind === "undo" ? "undo_conflict" : "conflict") : result.failed ? "failed" : null;
  if (trouble) warn(text, look(`/plans/${plan}`, { status: trouble }));
  else say(text, look(`/plans/${plan}`, { status: "all" }));
}

// A way there, where the reader is not there already.
function look(path: string, values: Record<string, string> = {}): Notice["action"] {
  if (place.peek().path === path && Object.entries(values).every(([name, value]) => place.peek().query.get(name) === value || value === "all")) return undefined;
  return { label: "Look", run: () => go(path, values) };
}
