// The live streams: one socket for all jobs, one for a job that is looked at.
// Rules: a lost connection comes back by itself and goes on where it stood.

import { advance, applyFrame, backoffMs, hasEnded, resume } from "./frames.js";
import { api, query } from "./api.js";
import { complain } from "./notice.js";

const REMEMBERED_JOBS = 200;

function socketAddress(path, values) {
  const address = new URL(`api/${path}${query(values)}`, document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address;
}

// Keep a socket open until `signal` aborts or, with `ends`, until the server closes with 1000.
// `onFrame(frame)`, `onState("open" | "lost", again)`.
export function openStream(path, { signal, onFrame, onState = () => {}, ends = false, after = null }) {
  let position = { boot: null, after };
  let attempt = 0;
  let opened = 0;
  let timer = 0;
  let socket = null;

  function connect() {
    socket = new WebSocket(socketAddress(path, resume(position)));
    socket.addEventListener("open", () => {
      attempt = 0;
      opened += 1;
      onState("open", opened > 1);
    });
    socket.addEventListener("message", (event) => {
      const frame = JSON.parse(event.data);
      position = advance(position, frame);
      onFrame(frame);
    });
    socket.addEventListener("close", (event) => {
      if (signal.aborted || (ends && event.code === 1000)) return;
      onState("lost", opened > 0);
      timer = setTimeout(connect, backoffMs(attempt, Math.random()));
      attempt += 1;
      // A refused handshake looks like any lost connection here; asking tells a sign-out apart.
      if (attempt === 2) api.get("auth/me", {}, { signal }).catch(() => {});
    });
  }

  function retryNow() {
    if (signal.aborted || socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(timer);
    connect();
  }
  window.addEventListener("online", retryNow, { signal });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") retryNow();
  }, { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    socket.close(1000);
  });
  connect();
}

// All jobs as the service tells of them. Events: "job" (job), "log" (frame), "library" (reason),
// "state" ("open" | "lost"), "reopened": something may have been missed.
class Live {
  jobs = new Map();
  state = "off";
  #target = new EventTarget();
  #stop = null;

  start() {
    if (this.#stop) return;
    this.#stop = new AbortController();
    openStream("events", {
      signal: this.#stop.signal,
      onFrame: (frame) => this.#take(frame),
      onState: (state, again) => {
        this.state = state;
        this.#tell("state", state);
        if (state === "open" && again) this.#catchUp(this.#stop.signal).catch(complain);
      },
    });
  }

  stop() {
    this.#stop?.abort();
    this.#stop = null;
    this.state = "off";
    this.jobs.clear();
    this.#tell("state", "off");
  }

  on(type, listener, signal) {
    this.#target.addEventListener(type, (event) => listener(event.detail), { signal });
  }

  // The latest of what is known about a job: what a list said, or what came over the socket.
  latest(job) {
    const known = this.jobs.get(job.id);
    if (known && known.seq >= job.seq) return known;
    this.#remember(job);
    return job;
  }

  // A job as an answer of the service gave it: told on, like one that came over the socket.
  take(job) {
    const latest = this.latest(job);
    this.#tell("job", latest);
    return latest;
  }

  running() {
    return [...this.jobs.values()].filter((job) => !hasEnded(job));
  }

  // After a gap: jobs that ended meanwhile are no longer told of, so they are asked for.
  async #catchUp(signal) {
    for (const { id } of this.running()) {
      try {
        this.take(await api.get(`jobs/${id}`, {}, { signal }));
      } catch (error) {
        if (error.status !== 404) throw error;
        this.jobs.delete(id);
      }
    }
    this.#tell("reopened", null);
  }

  #take(frame) {
    if (frame.type === "library") return this.#tell("library", frame.reason);
    if (frame.type === "log") return this.#tell("log", frame);
    const id = frame.job_id ?? frame.job?.id;
    const job = applyFrame(this.jobs.get(id), frame);
    if (job) {
      this.#remember(job);
      this.#tell("job", job);
    }
  }

  #remember(job) {
    this.jobs.delete(job.id);
    this.jobs.set(job.id, job);
    if (this.jobs.size <= REMEMBERED_JOBS) return;
    const old = [...this.jobs.values()].find(hasEnded);
    if (old) this.jobs.delete(old.id);
  }

  #tell(type, detail) {
    this.#target.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

export const live = new Live();
