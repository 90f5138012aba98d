// One plan under review: its changes, what is shown of them, where the reader is, what was decided.
// Rules: a decision shows at once and is saved behind; what is decided stays in its place until the
// filters change or it is asked to go; everything that draws looks at `layout` and `statuses`.

import { batch, signal } from "@preact/signals";
import { api, Problem } from "../core/api";
import { count } from "../core/format";
import { takeJob } from "../core/live";
import { complain, say, warn } from "../core/notices";
import { addressOf } from "../core/router";
import type { ChangeStatus, Decision, Job, Plan, Value } from "../core/shapes";
import { DEFAULTS, matcher, narrows, statusMatches, type Filters } from "./filters";
import { rowHeights } from "./heights";
import { History } from "./history";
import { PlanIndex, type Change, type IndexAnswer, type Scene } from "./index";
import { grouped, isOpen, Layout, type Heights } from "./layout";
import { Outbox, type Refusal } from "./outbox";
import { mayDecide, pressed } from "./rules";
import type { Look } from "./scopes";

type Tally = Map<ChangeStatus, number>;

export class Review {
  readonly id: number;
  readonly index = new PlanIndex();
  readonly outbox: Outbox;
  readonly history = new History();
  readonly plan = signal<Plan | null>(null);
  readonly error = signal<Error | null>(null);
  readonly loaded = signal(false);
  readonly layout = signal(new Layout([], { scene: 1, change: 1 }));
  // Rises whenever a change's status or value changed.
  readonly statuses = signal(0);
  readonly cursor = signal<number | null>(null);
  readonly selected = signal<ReadonlySet<number>>(new Set());
  // How many of those shown no longer match the filters, for they were decided since.
  readonly stale = signal(0);
  #filters: Filters = DEFAULTS;
  #heights: Heights = rowHeights();
  #decided = new Set<number>();
  #loading: Promise<void> | null = null;
  // What was decided, or on its way, since the load under way began: its answer may be older.
  #fresher = new Set<number>();
  #again: boolean | null = null;

  constructor(id: number) {
    this.id = id;
    this.outbox = new Outbox({
      send: async (ids, status) => (await api.patch<{ updated: number }>(`analysis/plans/${id}/changes`, { status, ids })).updated,
      isPassing: (error) => error instanceof Problem && (error.passes || error.status === 401),
      onAnswer: (exact) => void (exact || this.load(true)),
      onRefused: (refusal) => this.#refused(refusal),
      store: unsavedStore(id),
      later: (run, ms) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    });
  }

  // --- loading ----------------------------------------------------------------------------------

  // What a page does that shows it: nothing where a load is under way.
  open(): void {
    if (!this.#loading) void this.load();
  }

  // Everything at first, and later what came or moved since; `whole` asks for everything again.
  // Calls while one runs make one more.
  load(whole = false): Promise<void> {
    if (this.#loading) {
      this.#again = (this.#again ?? false) || whole;
      return this.#loading;
    }
    this.#loading = this.#load(whole).finally(() => {
      this.#loading = null;
      const again = this.#again;
      this.#again = null;
      if (again !== null) void this.load(again);
    });
    return this.#loading;
  }

  async #load(whole: boolean): Promise<void> {
    const delta = this.loaded.value && !whole;
    this.#fresher = new Set(this.outbox.held());
    const asked = delta ? { after_id: this.index.lastId || null, since: this.index.since } : {};
    try {
      const [plan, answer] = await Promise.all([
        api.get<Plan>(`analysis/plans/${this.id}`),
        api.get<IndexAnswer>(`analysis/plans/${this.id}/review`, asked),
      ]);
      batch(() => this.#take(plan, answer));
    } catch (error) {
      if (this.loaded.value) complain(error);
      else this.error.value = error as Error;
    }
  }

  #take(plan: Plan, answer: IndexAnswer): void {
    const first = !this.loaded.value;
    this.plan.value = plan;
    this.error.value = null;
    const { added, moved } = this.index.take(answer, (id) => this.#fresher.has(id) || this.outbox.holds(id));
    this.loaded.value = true;
    if (first) {
      for (const [id, status] of this.outbox.restore()) {
        const change = this.index.changes.get(id);
        if (change && mayDecide(change.status, status)) change.status = status;
      }
    }
    this.statuses.value += 1;
    if (first || added || moved) this.arrange();
  }

  // --- what is shown ----------------------------------------------------------------------------

  get filters(): Filters {
    return this.#filters;
  }

  show(filters: Filters): void {
    const same = JSON.stringify(filters) === JSON.stringify(this.#filters);
    this.#filters = filters;
    if (same) return;
    this.refresh();
  }

  measure(heights: Heights): void {
    if (heights.scene === this.#heights.scene && heights.change === this.#heights.change) return;
    this.#heights = heights;
    this.arrange();
  }

  // Lets go what was decided and no longer matches.
  refresh(): void {
    this.#decided.clear();
    this.arrange();
  }

  arrange(): void {
    const matches = matcher(this.#filters);
    const counts: Tally = new Map();
    const totals: Tally = new Map();
    let stale = 0;
    const shown: Change[] = [];
    this.#matching.clear();
    for (const change of this.index.changes.values()) {
      totals.set(change.status, (totals.get(change.status) ?? 0) + 1);
      if (!matches(change)) continue;
      this.#matching.add(change.id);
      counts.set(change.status, (counts.get(change.status) ?? 0) + 1);
      if (statusMatches(this.#filters, change)) shown.push(change);
      else if (this.#decided.has(change.id)) {
        shown.push(change);
        stale += 1;
      }
    }
    batch(() => {
      const before = this.layout.value;
      const layout = new Layout(grouped(shown, this.#filters.order), this.#heights);
      this.layout.value = layout;
      this.counts.value = counts;
      this.totals.value = totals;
      this.stale.value = stale;
      if (!layout.has(this.cursor.value)) this.cursor.value = nearest(before, layout, this.cursor.value);
      this.selected.value = new Set([...this.selected.value].filter((id) => layout.has(id)));
    });
  }

  // How many changes each status has among those that the other filters let through.
  readonly counts = signal<Tally>(new Map());
  // The same over the whole plan, whatever the filters.
  readonly totals = signal<Tally>(new Map());
  #matching = new Set<number>();

  // What a question about writing chooses its parts from.
  look(): Look {
    const matching = narrows(this.#filters) ? this.#matching : null;
    return { changes: this.index.changes.values(), matching, selected: this.selected.value, current: this.current };
  }

  // What a decision about everything shown may move.
  shownOpen(): Change[] {
    const { status } = this.#filters;
    return this.layout.value.shown.filter((change) => (status === "all" ? change.status === "proposed" : statusMatches(this.#filters, change)));
  }

  get current(): Change | undefined {
    return this.cursor.value === null ? undefined : this.index.changes.get(this.cursor.value);
  }

  // --- moving -----------------------------------------------------------------------------------

  step(by: number): void {
    this.#to(this.layout.value.step(this.cursor.value, by));
  }

  stepScene(by: 1 | -1): void {
    this.#to(this.layout.value.stepScene(this.cursor.value, by));
  }

  edge(end: boolean): void {
    const { shown } = this.layout.value;
    this.#to(end ? shown.at(-1) : shown[0]);
  }

  #to(change: Change | undefined): void {
    if (change) this.cursor.value = change.id;
  }

  // Selects a change, or no longer; `through` does so with all from the one before that was pressed.
  select(id: number, through = false): void {
    const next = new Set(this.selected.value);
    const wanted = !next.has(id);
    const from = through ? this.#selectedLast ?? id : id;
    for (const change of this.layout.value.span(from, id)) wanted ? next.add(change.id) : next.delete(change.id);
    this.#selectedLast = id;
    this.selected.value = next;
  }

  #selectedLast: number | null = null;

  selectNone(): void {
    this.selected.value = new Set();
  }

  // --- deciding ---------------------------------------------------------------------------------

  // The keys `a` and `r`: the selection where there is one, else the current change.
  press(wanted: "accepted" | "rejected"): void {
    if (this.selected.value.size) {
      const chosen = [...this.selected.value].map((id) => this.index.changes.get(id)!);
      this.decide(chosen, wanted);
      this.selectNone();
      return;
    }
    const { current } = this;
    if (!current || !this.toggle(current, wanted)) return;
    if (current.status === wanted) this.#to(this.layout.value.nextOpen(current.id));
  }

  // Decides one change; the same decision again takes it back.
  toggle(change: Change, wanted: "accepted" | "rejected"): boolean {
    const to = pressed(change.status, wanted);
    if (!to) return false;
    this.decide([change], to);
    return true;
  }

  // The keys `A` and `R`: the scene, and on to the next one.
  pressScene(wanted: "accepted" | "rejected"): void {
    const { current } = this;
    if (!current) return;
    this.decideScene(current.scene, wanted);
    this.stepScene(1);
  }

  // Decides what is shown of a scene and waits for a decision, so that one that was made before
  // stands; where all of it is decided, all of it anew.
  decideScene(scene: Scene, wanted: Decision): void {
    const shown = this.layout.value.shown.filter((change) => change.scene === scene);
    const open = shown.filter(({ status }) => status === "proposed");
    this.decide(open.length ? open : shown, wanted);
  }

  // Moves what may move there, shows it at once and sends it; returns how many.
  decide(changes: readonly Change[], to: Decision): number {
    const moves = changes.filter((change) => mayDecide(change.status, to)).map((change) => ({ id: change.id, from: change.status, to }));
    if (moves.length === 0) return 0;
    this.history.push({ label: label(to, moves.length), moves });
    this.#move(moves.map(({ id }) => id), to);
    return moves.length;
  }

  #move(ids: readonly number[], to: Decision): void {
    const counts: Tally = new Map(this.counts.value);
    const totals: Tally = new Map(this.totals.value);
    for (const id of ids) {
      const change = this.index.changes.get(id)!;
      shift(totals, change.status, to);
      if (this.#matching.has(id)) shift(counts, change.status, to);
      if (to === "accepted" && change.status === "conflict" && change.action === "set") change.current = change.observed;
      change.status = to;
      this.#decided.add(id);
      this.#fresher.add(id);
    }
    batch(() => {
      this.statuses.value += 1;
      this.counts.value = counts;
      this.totals.value = totals;
      this.stale.value = this.#countStale();
      this.outbox.put(ids, to);
    });
  }

  #countStale(): number {
    if (this.#filters.status === "all") return 0;
    let stale = 0;
    for (const id of this.#decided) {
      const change = this.index.changes.get(id)!;
      if (this.layout.value.has(id) && !statusMatches(this.#filters, change)) stale += 1;
    }
    return stale;
  }

  undo(): void {
    const found = this.history.pop((id) => this.index.changes.get(id)?.status);
    if (!found) {
      say("There is no decision to take back");
      return;
    }
    for (const [status, ids] of found.back) this.#move(ids, status);
    const moves = found.step.moves;
    if (moves.some(({ id }) => !this.layout.value.has(id))) this.arrange();
    if (this.layout.value.has(moves[0]!.id)) this.cursor.value = moves[0]!.id;
    say(`Taken back: ${found.step.label}`);
  }

  #refused({ ids, error }: Refusal): void {
    warn(`${count(ids.length, "decision")} not taken: ${error.message} The list shows what the service has.`);
    void this.load(true);
  }

  // Gives a change another value. Throws the service's Problem.
  async edit(change: Change, proposed: string | { id: string } | { name: string }): Promise<void> {
    await this.outbox.settled();
    const told = await api.patch<{ proposed: Value; creates_entity: boolean; edited: boolean; status: ChangeStatus }>(
      `analysis/changes/${change.id}`, { proposed },
    );
    this.#fresher.add(change.id);
    change.proposed = told.proposed;
    change.creates = told.creates_entity;
    change.edited = told.edited;
    if (!this.outbox.holds(change.id)) change.status = told.status;
    this.statuses.value += 1;
  }
}

function shift(tally: Tally, from: ChangeStatus, to: ChangeStatus): void {
  tally.set(from, (tally.get(from) ?? 1) - 1);
  tally.set(to, (tally.get(to) ?? 0) + 1);
}

export function sum(tally: Tally): number {
  let total = 0;
  for (const n of tally.values()) total += n;
  return total;
}

function label(to: Decision, many: number): string {
  return `${count(many, "change")} ${to === "proposed" ? "put back to review" : to}`;
}

// Where the reader stands when what was current is gone: at what follows it.
function nearest(before: Layout, now: Layout, id: number | null): number | null {
  const row = before.rowOf(id);
  if (row) {
    for (const { change } of before.rows.slice(row.at)) if (change && now.has(change.id)) return change.id;
  }
  return now.shown.find(isOpen)?.id ?? now.shown[0]?.id ?? null;
}

function unsavedStore(id: number): { read: () => string | null; write: (text: string | null) => void } {
  const key = `stashhog-unsaved${addressOf("").pathname}${id}`;
  return {
    read: () => localStorage.getItem(key),
    write: (text) => (text === null ? localStorage.removeItem(key) : localStorage.setItem(key, text)),
  };
}

// Reviews live on while other pages are looked at, for what they still have to send.
const reviews = new Map<number, Review>();

export function reviewOf(id: number): Review {
  let review = reviews.get(id);
  if (!review) {
    review = new Review(id);
    reviews.set(id, review);
  }
  return review;
}

export function unsavedReviews(): Review[] {
  return [...reviews.values()].filter(({ outbox }) => outbox.pending.value > 0);
}

addEventListener("beforeunload", (event) => {
  const unsaved = unsavedReviews();
  for (const { outbox } of unsaved) outbox.keep();
  if (unsaved.length) event.preventDefault();
});
addEventListener("online", () => unsavedReviews().forEach(({ outbox }) => outbox.retryNow()));

export function forgetReview(id: number): void {
  reviews.delete(id);
}

// Starts a job that writes to Stash, after every decision is saved.
export async function startJob(review: Review, what: "apply" | "undo", body: object): Promise<void> {
  if (!(await review.outbox.settled())) throw new Error("Some decisions are not saved yet. Try again when the service answers.");
  takeJob(await api.post<Job>(`analysis/plans/${review.id}/${what}`, body));
}
