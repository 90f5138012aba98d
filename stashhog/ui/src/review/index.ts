// A plan's changes as the page holds them: pure. They come as rows (`…/review`), all at once and
// then what is new or moved.

import type { Action, ChangeStatus, FieldName, Source, Value } from "../core/shapes";
import type { Range } from "../core/spans";
import { FIELDS } from "../core/words";

export interface Change {
  readonly id: number;
  readonly scene: Scene;
  readonly field: FieldName;
  readonly action: Action;
  current: Value;
  proposed: Value;
  observed: Value;
  readonly confidence: number;
  readonly source: Source;
  status: ChangeStatus;
  creates: boolean;
  edited: boolean;
  readonly span: Range | null;
}

export interface Scene {
  readonly id: string;
  title: string | null;
  path: string | null;
  changes: Change[];
}

export interface IndexAnswer {
  since: string;
  scene_columns: string[];
  scenes: [string, string | null, string | null][];
  change_columns: string[];
  changes: [
    number, string, FieldName, Action, Value, Value, Value, number, Source, ChangeStatus, boolean, boolean,
    number | null, number | null,
  ][];
}

export class PlanIndex {
  readonly changes = new Map<number, Change>();
  readonly scenes = new Map<string, Scene>();
  lastId = 0;
  since: string | null = null;

  // Takes an answer in; returns how many changes are new and how many moved. What is `held` has a
  // decision on its way, which is newer than what the answer says.
  take(answer: IndexAnswer, held: (id: number) => boolean): { added: number; moved: number } {
    let added = 0;
    let moved = 0;
    for (const [id, title, path] of answer.scenes) {
      const scene = this.#scene(id);
      scene.title = title;
      scene.path = path;
    }
    const touched = new Set<Scene>();
    for (const row of answer.changes) {
      const known = this.changes.get(row[0]);
      if (known) {
        if (update(known, row, held(row[0]))) moved += 1;
      } else {
        const change = this.#add(row);
        touched.add(change.scene);
        added += 1;
      }
    }
    for (const scene of touched) scene.changes.sort(byField);
    this.since = answer.since;
    return { added, moved };
  }

  #scene(id: string): Scene {
    let scene = this.scenes.get(id);
    if (!scene) {
      scene = { id, title: null, path: null, changes: [] };
      this.scenes.set(id, scene);
    }
    return scene;
  }

  #add(row: IndexAnswer["changes"][number]): Change {
    const [id, sceneId, field, action, current, proposed, observed, confidence, source, status, creates, edited, start, end] = row;
    const scene = this.#scene(sceneId);
    const span: Range | null = start !== null && end !== null ? [start, end] : null;
    const change: Change = {
      id, scene, field, action, current, proposed, observed, confidence, source, status, creates, edited, span,
    };
    this.changes.set(id, change);
    scene.changes.push(change);
    this.lastId = Math.max(this.lastId, id);
    return change;
  }
}

function update(change: Change, row: IndexAnswer["changes"][number], held: boolean): boolean {
  if (held) return false;
  change.current = row[4];
  change.proposed = row[5];
  change.observed = row[6];
  change.creates = row[10];
  change.edited = row[11];
  if (change.status === row[9]) return false;
  change.status = row[9];
  return true;
}

const RANK = new Map(FIELDS.map((field, at) => [field, at]));

function byField(a: Change, b: Change): number {
  return RANK.get(a.field)! - RANK.get(b.field)! || a.id - b.id;
}

// What a change brings (or, for a removal, takes away) in words.
export function subject(change: Change): Value {
  return change.action === "remove" ? change.current : change.proposed;
}

export function text(value: Value): string {
  return value === null ? "" : typeof value === "string" ? value : value.name;
}

export function sceneName(scene: Scene): string {
  return scene.title || scene.path?.split(/[/\\]/).at(-1) || `Scene ${scene.id}`;
}
