// What live frames mean: pure. Rules: a frame that is not newer than what is known changes nothing;
// a new boot id starts the stream's count afresh.

export const ENDED = new Set(["completed", "failed", "cancelled"]);

export function hasEnded(job) {
  return ENDED.has(job.status);
}

// Where a stream stands after a frame: {boot, after}.
export function advance(position, frame) {
  const boot = frame.boot ?? position.boot ?? null;
  const seq = Number.isInteger(frame.seq) ? frame.seq : null;
  if (boot !== (position.boot ?? null)) return { boot, after: seq };
  if (seq === null) return position;
  return { boot, after: position.after === null ? seq : Math.max(position.after, seq) };
}

// The query that goes on where a stream stood; empty for a first connection.
export function resume(position) {
  const values = {};
  if (position.after === null || position.after === undefined) return values;
  if (position.boot) values.boot = position.boot;
  values.after = position.after;
  return values;
}

// A job after a frame, or null where the frame tells nothing new about it.
export function applyFrame(job, frame) {
  const seq = frame.job_seq ?? frame.seq ?? null;
  switch (frame.type) {
    case "snapshot":
    case "status": {
      const told = frame.job;
      if (!told) return null;
      const next = { ...told, seq: told.seq ?? seq };
      return job && isOlder(next.seq, job.seq) ? null : next;
    }
    case "progress":
      if (!job || hasEnded(job) || !isNewer(seq, job.seq)) return null;
      return { ...job, progress: frame.progress, seq };
    default:
      return null;
  }
}

function isOlder(seq, known) {
  return Number.isInteger(seq) && Number.isInteger(known) && seq < known;
}

function isNewer(seq, known) {
  return !Number.isInteger(seq) || !Number.isInteger(known) || seq > known;
}

// Milliseconds to wait before try number `attempt` (from 0): doubling, half of it by chance.
export function backoffMs(attempt, chance, { first = 500, most = 15000 } = {}) {
  const full = Math.min(most, first * 2 ** Math.min(attempt, 20));
  return Math.round(full / 2 + (full / 2) * chance);
}

// Log lines, oldest first, each seq once, at most `most` of the newest.
export function mergeLog(lines, added, most = 500) {
  const bySeq = new Map(lines.map((line) => [line.seq, line]));
  for (const line of added) {
    bySeq.set(line.seq, { ...bySeq.get(line.seq), ...line });
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq).slice(-most);
}
