// Decisions on their way to the service. Rules: what was decided is kept until the service answered
// for it; the latest decision about a change is the one that is sent; one request at a time; what
// cannot be sent now is tried again and again, and survives a reload; what is refused is told.

import { signal } from "@preact/signals";
import { backoffMs } from "../core/frames";
import type { Decision } from "../core/shapes";

export interface Refusal {
  ids: number[];
  error: Error;
}

export interface OutboxWays {
  // Sends one batch; returns how many moved. Throws what `isPassing` judges.
  send: (ids: number[], status: Decision) => Promise<number>;
  isPassing: (error: Error) => boolean;
  // The service did not do all that was asked: what it holds has to be looked at again.
  onAnswer: (exact: boolean) => void;
  onRefused: (refusal: Refusal) => void;
  // Where what is not saved outlives the page.
  store: { read: () => string | null; write: (text: string | null) => void };
  later: (run: () => void, ms: number) => () => void;
}

export type OutboxState = "saved" | "saving" | "waiting";

export const BATCH_MS = 100;
export const BATCH_IDS = 5000;

export class Outbox {
  readonly pending = signal(0);
  readonly state = signal<OutboxState>("saved");
  readonly #ways: OutboxWays;
  readonly #queue = new Map<number, Decision>();
  readonly #sent = new Map<number, Decision>();
  #attempt = 0;
  #stopTimer: (() => void) | null = null;
  #busy = false;
  #idle: (() => void)[] = [];

  constructor(ways: OutboxWays) {
    this.#ways = ways;
  }

  // Decisions that an earlier page could not save.
  restore(): [number, Decision][] {
    const text = this.#ways.store.read();
    if (text === null) return [];
    let found: [number, Decision][] = [];
    try {
      found = JSON.parse(text) as [number, Decision][];
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    for (const [id, status] of found) this.#queue.set(id, status);
    this.#changed();
    if (found.length) this.#schedule(0);
    return found;
  }

  put(ids: Iterable<number>, status: Decision): void {
    for (const id of ids) this.#queue.set(id, status);
    this.#changed();
    if (this.state.value !== "waiting") this.#schedule(BATCH_MS);
    else this.keep();
  }

  // Whether a decision about this change is not yet answered.
  holds(id: number): boolean {
    return this.#queue.has(id) || this.#sent.has(id);
  }

  // All changes of which that is so.
  held(): number[] {
    return [...this.#sent.keys(), ...this.#queue.keys()];
  }

  retryNow(): void {
    if (this.#queue.size && !this.#busy) this.#schedule(0);
  }

  // When everything was answered (or refused). Does not wait while the service is away: false.
  async settled(): Promise<boolean> {
    if (this.#queue.size && !this.#busy) this.#schedule(0);
    while ((this.#queue.size || this.#busy) && this.state.value !== "waiting") {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    return this.pending.value === 0;
  }

  // Writes what is not saved where it outlives the page.
  keep(): void {
    const all = [...this.#sent, ...this.#queue];
    this.#ways.store.write(all.length ? JSON.stringify(all) : null);
  }

  #schedule(ms: number): void {
    if (this.#stopTimer && ms > 0) return;
    this.#stopTimer?.();
    this.#stopTimer = this.#ways.later(() => {
      this.#stopTimer = null;
      void this.#flush();
    }, ms);
  }

  #nextBatch(): [number[], Decision] | null {
    const first = this.#queue.values().next();
    if (first.done) return null;
    const ids: number[] = [];
    for (const [id, status] of this.#queue) {
      if (status === first.value) ids.push(id);
      if (ids.length === BATCH_IDS) break;
    }
    return [ids, first.value];
  }

  async #flush(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let batch = this.#nextBatch(); batch; batch = this.#nextBatch()) {
        if (!(await this.#send(...batch))) break;
      }
    } finally {
      this.#busy = false;
      this.#changed();
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  // Sends one batch; false where the service cannot be reached for now.
  async #send(ids: number[], status: Decision): Promise<boolean> {
    for (const id of ids) {
      this.#queue.delete(id);
      this.#sent.set(id, status);
    }
    this.#changed();
    try {
      const moved = await this.#ways.send(ids, status);
      this.#sent.clear();
      this.#attempt = 0;
      if (this.state.value === "waiting" || this.#queue.size === 0) this.#ways.store.write(null);
      this.state.value = "saving";
      this.#ways.onAnswer(moved === ids.length);
      return true;
    } catch (error) {
      this.#sent.clear();
      if (!this.#ways.isPassing(error as Error)) {
        this.#ways.store.write(null);
        this.#ways.onRefused({ ids: ids.filter((id) => !this.#queue.has(id)), error: error as Error });
        return true;
      }
      for (const id of ids) if (!this.#queue.has(id)) this.#queue.set(id, status);
      this.state.value = "waiting";
      this.keep();
      this.#schedule(backoffMs(this.#attempt, Math.random()) || 1);
      this.#attempt += 1;
      return false;
    }
  }

  #changed(): void {
    this.pending.value = this.#queue.size + this.#sent.size;
    if (this.pending.value === 0) this.state.value = "saved";
    else if (this.state.value === "saved") this.state.value = "saving";
  }
}
