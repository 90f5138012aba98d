// Where every row of the list lies: pure. A scene's row comes before the rows of its changes; all
// rows of a kind are equally high, so that any part of the list is found without drawing the rest.

import type { Order } from "./filters";
import type { Change, Scene } from "./index";

export interface Row {
  readonly at: number;
  readonly top: number;
  readonly height: number;
  readonly scene: Scene;
  // None: the scene's own row.
  readonly change: Change | null;
  // For a scene's own row: its changes that are shown.
  readonly shown: readonly Change[];
}

export interface Heights {
  scene: number;
  change: number;
}

export class Layout {
  readonly rows: Row[] = [];
  readonly height: number;
  readonly shown: Change[] = [];
  readonly scenes: number;
  readonly #rowOf = new Map<number, number>();

  constructor(groups: readonly (readonly Change[])[], heights: Heights) {
    let top = 0;
    for (const group of groups) {
      const { scene } = group[0]!;
      this.rows.push({ at: this.rows.length, top, height: heights.scene, scene, change: null, shown: group });
      top += heights.scene;
      for (const change of group) {
        this.#rowOf.set(change.id, this.rows.length);
        this.rows.push({ at: this.rows.length, top, height: heights.change, scene, change, shown: [] });
        this.shown.push(change);
        top += heights.change;
      }
    }
    this.height = top;
    this.scenes = groups.length;
  }

  rowOf(id: number | null): Row | undefined {
    return id === null ? undefined : this.rows[this.#rowOf.get(id) ?? -1];
  }

  has(id: number | null): boolean {
    return id !== null && this.#rowOf.has(id);
  }

  // The first row that reaches below a height.
  indexAt(y: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = this.rows[middle]!;
      if (row.top + row.height <= y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The rows that are seen between two heights, and a few around them.
  between(from: number, to: number, around: number): Row[] {
    const first = Math.max(0, this.indexAt(from) - around);
    let last = this.indexAt(from);
    while (last < this.rows.length && this.rows[last]!.top < to) last += 1;
    return this.rows.slice(first, last + around);
  }

  // The change that lies `by` changes further; at the ends the last one.
  step(id: number | null, by: number): Change | undefined {
    const at = this.#at(id);
    if (at === -1) return this.shown[0];
    return this.shown[Math.max(0, Math.min(this.shown.length - 1, at + by))];
  }

  // All changes between two, both among them; without the first, the last alone.
  span(from: number, to: number): Change[] {
    const [one, other] = [this.#at(from), this.#at(to)];
    return one === -1 ? this.shown.slice(other, other + 1) : this.shown.slice(Math.min(one, other), Math.max(one, other) + 1);
  }

  // The first change of the next scene, or of this or the one before.
  stepScene(id: number | null, by: 1 | -1): Change | undefined {
    const at = this.#at(id);
    if (at === -1) return this.shown[0];
    const { scene } = this.shown[at]!;
    let to = at;
    if (by === 1) {
      while (to < this.shown.length && this.shown[to]!.scene === scene) to += 1;
      return this.shown[to] ?? this.shown[at];
    }
    const first = this.#firstOf(at);
    return this.shown[first === at ? this.#firstOf(Math.max(0, at - 1)) : first];
  }

  #firstOf(at: number): number {
    let first = at;
    while (first > 0 && this.shown[first - 1]!.scene === this.shown[at]!.scene) first -= 1;
    return first;
  }

  // The next change after this one that waits for a decision; none further down: just the next.
  nextOpen(id: number): Change | undefined {
    const at = this.#at(id);
    for (let to = at + 1; to < this.shown.length; to += 1) {
      if (isOpen(this.shown[to]!)) return this.shown[to];
    }
    return this.shown[Math.min(this.shown.length - 1, at + 1)];
  }

  #at(id: number | null): number {
    const row = this.rowOf(id);
    return row ? this.#position(row.change!) : -1;
  }

  #positions: Map<Change, number> | null = null;

  #position(change: Change): number {
    this.#positions ??= new Map(this.shown.map((one, at) => [one, at]));
    return this.#positions.get(change)!;
  }
}

export function isOpen(change: Change): boolean {
  return change.status === "proposed" || change.status === "conflict" || change.status === "failed";
}

// The changes that are shown, by scene, in the wanted order.
export function grouped(changes: Iterable<Change>, order: Order): Change[][] {
  const groups = new Map<Scene, Change[]>();
  for (const change of changes) {
    const group = groups.get(change.scene);
    if (group) group.push(change);
    else groups.set(change.scene, [change]);
  }
  const found = [...groups.values()];
  // A scene's changes are kept in its own order, whichever of them came first.
  for (const group of found) if (group.length > 1) sortLikeScene(group);
  return sorted(found, order);
}

function sortLikeScene(group: Change[]): void {
  const rank = new Map(group[0]!.scene.changes.map((change, at) => [change, at]));
  group.sort((a, b) => rank.get(a)! - rank.get(b)!);
}

function sorted(groups: Change[][], order: Order): Change[][] {
  const keyed = groups.map((group) => ({ group, key: keyOf(group, order), id: Number(group[0]!.scene.id) }));
  const way = order === "sure" ? -1 : 1;
  keyed.sort((a, b) => (a.key < b.key ? -way : a.key > b.key ? way : a.id - b.id));
  return keyed.map(({ group }) => group);
}

function keyOf(group: Change[], order: Order): number | string {
  switch (order) {
    case "path": return group[0]!.scene.path?.toLowerCase() ?? "\uffff";
    case "scene": return Number(group[0]!.scene.id);
    default: return group.reduce((least, change) => Math.min(least, change.confidence), 1);
  }
}
