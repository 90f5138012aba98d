// What live frames mean: pure. Rules: a frame that is not newer than what is known changes nothing;
// a new boot id starts the stream's count afresh.

import type { Job, JobStatus, Progress } from "./shapes";

export interface Frame {
  type: string;
  seq?: number;
  boot?: string;
  job_id?: string;
  job_seq?: number;
  job?: Job;
  progress?: Progress;
  level?: string;
  message?: string;
  at?: string;
  reason?: string;
}

export interface Position {
  boot: string | null;
  after: number | null;
}

export const ENDED: ReadonlySet<JobStatus> = new Set<JobStatus>(["completed", "failed", "cancelled"]);

export function hasEnded(job: Pick<Job, "status">): boolean {
  return ENDED.has(job.status);
}

// Where a stream stands after a frame.
export function advance(position: Position, frame: Frame): Position {
  const boot = frame.boot ?? position.boot;
  const seq = Number.isInteger(frame.seq) ? frame.seq! : null;
  if (boot !== position.boot) return { boot, after: seq };
  if (seq === null) return position;
  return { boot, after: position.after === null ? seq : Math.max(position.after, seq) };
}

// The query that goes on where a stream stood; empty for a first connection.
export function resume(position: Position): Record<string, string | number> {
  if (position.after === null) return {};
  return position.boot ? { boot: position.boot, after: position.after } : { after: position.after };
}

// A job after a frame, or null where the frame tells nothing new about it.
export function applyFrame(job: Job | undefined, frame: Frame): Job | null {
  const seq = frame.job_seq ?? frame.seq ?? null;
  switch (frame.type) {
    case "snapshot":
    case "status": {
      if (!frame.job) return null;
      const next = { ...frame.job, seq: frame.job.seq ?? seq };
      return job && next.seq < job.seq ? null : next;
    }
    case "progress":
      if (!job || !frame.progress || hasEnded(job) || (seq !== null && seq <= job.seq)) return null;
      return { ...job, progress: frame.progress, seq: seq ?? job.seq };
    default:
      return null;
  }
}

// Milliseconds to wait before try number `attempt` (from 0): doubling, half of it by chance.
export function backoffMs(attempt: number, chance: number, { first = 500, most = 15000 } = {}): number {
  const full = Math.min(most, first * 2 ** Math.min(attempt, 20));
  return Math.round(full / 2 + (full / 2) * chance);
}

export interface LogLine {
  seq: number;
  at?: string;
  level?: string;
  message?: string;
}

// Log lines, oldest first, each seq once, at most `most` of the newest.
export function mergeLog(lines: readonly LogLine[], added: readonly LogLine[], most = 500): LogLine[] {
  const bySeq = new Map(lines.map((line) => [line.seq, line]));
  for (const line of added) bySeq.set(line.seq, { ...bySeq.get(line.seq), ...line });
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq).slice(-most);
}
