// The live stream of all jobs, and one for a job that is looked at. Rule: a lost connection comes
// back by itself and goes on where it stood.

import { signal } from "@preact/signals";
import { api, Problem } from "./api";
import { advance, applyFrame, backoffMs, hasEnded, resume, type Frame, type Position } from "./frames";
import { queryText } from "./links";
import { dismissPassing } from "./notices";
import { addressOf } from "./router";
import type { Job, JobKind } from "./shapes";

const REMEMBERED_JOBS = 200;

// The latest of every job that was told of or listed, by id.
export const jobs = signal<ReadonlyMap<string, Job>>(new Map());
export const connection = signal<"off" | "open" | "lost">("off");
// Rises when the service can be reached again, or may be.
export const returns = signal(0);
// Rises when the library changed (a sync, an apply, an undo, Stash itself) or may have, after a gap.
export const libraryVersion = signal(0);

interface StreamOptions {
  signal: AbortSignal;
  onFrame: (frame: Frame) => void;
  onState?: (state: "open" | "lost", again: boolean) => void;
  ends?: boolean;
  after?: number | null;
}

// Keeps a socket open until `signal` aborts or, with `ends`, until the server closes with 1000.
export function openStream(path: string, { signal: gone, onFrame, onState, ends = false, after = null }: StreamOptions): void {
  let position: Position = { boot: null, after };
  let attempt = 0;
  let opened = 0;
  let timer = 0;
  let socket: WebSocket;

  function connect(): void {
    const address = addressOf(`api/${path}`);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(address.href + queryText(resume(position)));
    socket.onopen = () => {
      attempt = 0;
      opened += 1;
      onState?.("open", opened > 1);
    };
    socket.onmessage = (event) => {
      const frame = JSON.parse(event.data) as Frame;
      position = advance(position, frame);
      onFrame(frame);
    };
    socket.onclose = (event) => {
      if (gone.aborted || (ends && event.code === 1000)) return;
      onState?.("lost", opened > 0);
      timer = window.setTimeout(connect, backoffMs(attempt, Math.random()));
      attempt += 1;
      // A refused handshake looks like any lost connection here; asking tells a sign-out apart.
      if (attempt === 2) api.get("auth/me", {}, gone).catch(() => {});
    };
  }

  function retryNow(): void {
    if (gone.aborted || socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(timer);
    connect();
  }
  addEventListener("online", retryNow, { signal: gone });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") retryNow();
  }, { signal: gone });
  gone.addEventListener("abort", () => {
    clearTimeout(timer);
    socket.close(1000);
  });
  connect();
}

function cameBack(): void {
  dismissPassing();
  returns.value += 1;
}

let stop: AbortController | null = null;

export function startLive(): void {
  if (stop) return;
  stop = new AbortController();
  const { signal: gone } = stop;
  addEventListener("online", cameBack, { signal: gone });
  openStream("events", {
    signal: gone,
    onFrame: take,
    onState: (state, again) => {
      connection.value = state;
      if (state === "open") cameBack();
      if (state === "open" && again) void catchUp(gone);
    },
  });
}

export function stopLive(): void {
  stop?.abort();
  stop = null;
  connection.value = "off";
  jobs.value = new Map();
}

function take(frame: Frame): void {
  if (frame.type === "library") {
    libraryVersion.value += 1;
    return;
  }
  const id = frame.job_id ?? frame.job?.id;
  if (id === undefined) return;
  const job = applyFrame(jobs.value.get(id), frame);
  if (job) remember(job);
}

// A job as an answer gave it: kept unless something newer is known; returns the newest.
export function takeJob(job: Job): Job {
  const known = jobs.value.get(job.id);
  if (known && known.seq >= job.seq) return known;
  remember(job);
  return job;
}

function remember(job: Job): void {
  const next = new Map(jobs.value);
  next.delete(job.id);
  next.set(job.id, job);
  if (next.size > REMEMBERED_JOBS) {
    const old = [...next.values()].find(hasEnded);
    if (old) next.delete(old.id);
  }
  jobs.value = next;
}

// A text that is another one once a job of these kinds (or of any) began or ended.
export function turns(...kinds: JobKind[]): string {
  return [...jobs.value.values()].filter(({ kind }) => kinds.length === 0 || kinds.includes(kind)).map((job) => job.id + (hasEnded(job) ? 1 : 0)).join();
}

export function liveJobs(): Job[] {
  return [...jobs.value.values()].filter((job) => !hasEnded(job));
}

// After a gap: jobs that ended meanwhile are no longer told of, so they are asked for.
async function catchUp(gone: AbortSignal): Promise<void> {
  for (const { id } of liveJobs()) {
    try {
      takeJob(await api.get<Job>(`jobs/${id}`, {}, gone));
    } catch (error) {
      if (!(error instanceof Problem)) return;
      if (error.status !== 404) continue;
      const next = new Map(jobs.value);
      next.delete(id);
      jobs.value = next;
    }
  }
  libraryVersion.value += 1;
}
