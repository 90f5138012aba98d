// The page's words for jobs: pure.

import { count, sentence, whole, words } from "./format";
import type { Job, JobKind, JobStatus } from "./shapes";
import type { Tone } from "./words";

export const KIND_NAMES: Record<JobKind, string> = { sync: "Sync", analysis: "Analysis", apply: "Apply", undo: "Undo" };
export const JOB_STATUS: Record<JobStatus, { name: string; tone: Tone }> = {
  queued: { name: "Waiting its turn", tone: "" },
  running: { name: "Running", tone: "busy" },
  cancelling: { name: "Cancelling", tone: "warn" },
  completed: { name: "Done", tone: "good" },
  failed: { name: "Failed", tone: "bad" },
  cancelled: { name: "Cancelled", tone: "warn" },
  interrupted: { name: "Interrupted; goes on at the next start", tone: "warn" },
};
// What a result's numbers count, where their name does not say it.
const COUNTED: Record<string, string> = { applied: "written", undone: "put back", already: "there already", conflicts: "in conflict" };
const UNTOLD = new Set(["plan_id", "scenes", "skipped", "cost", "created", "stopped"]);

// What a job was asked for, in a few words.
export function jobTitle(job: Job): string {
  const { mode, scene_ids: scenes } = job.params as { mode?: string; scene_ids?: unknown[] };
  if (job.kind !== "sync") return KIND_NAMES[job.kind];
  if (Array.isArray(scenes)) return `Sync of ${count(scenes.length, "scene")}`;
  return mode === "full" ? "Full sync" : "Sync of what changed";
}

// What is read out of a job at work: each tenth of it once, and not every frame.
export function spoken(job: Job): string {
  const { done, total } = job.progress;
  if (job.waiting) return `${jobTitle(job)}: ${words(job.waiting.code)}`;
  if (job.status !== "running" || !total) return `${jobTitle(job)}: ${JOB_STATUS[job.status].name}`;
  return `${jobTitle(job)}: ${Math.floor((done / total) * 10) * 10} %`;
}

export function planOf(job: Job): number | null {
  // A scheduled analysis that found nothing left no plan: its result says null.
  const id = job.result?.plan_id === null ? null : job.params.plan_id;
  return typeof id === "number" ? id : null;
}

// What came of it: the numbers of its result that are not nothing.
export function resultText(job: Job): string {
  const result = job.result ?? {};
  const parts: string[] = [];
  if (typeof result.scenes === "number") parts.push(count(result.scenes, "scene"));
  for (const [name, value] of Object.entries(result)) {
    if (typeof value !== "number" || value === 0 || UNTOLD.has(name)) continue;
    parts.push(`${whole(value)} ${COUNTED[name] ?? sentence(name).toLowerCase()}`);
  }
  if (job.kind === "sync" && typeof result.created === "number" && result.created > 0) parts.unshift(`${whole(result.created)} created`);
  if (result.stopped === "budget") parts.push("stopped by the budget; retry goes on");
  return parts.join(", ");
}
