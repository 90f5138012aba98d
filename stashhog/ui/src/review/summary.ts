// What would happen, in numbers: pure.

import type { FieldName } from "../core/shapes";
import { subject, text, type Change, type Scene } from "./index";

export interface Summary {
  changes: number;
  scenes: number;
  byField: [FieldName, number][];
  bySource: [string, number][];
  // New performers, tags and studios, each once.
  created: { field: FieldName; name: string }[];
  removals: number;
  replacements: number;
}

export function summarize(changes: Iterable<Change>): Summary {
  const scenes = new Set<Scene>();
  const byField = new Map<FieldName, number>();
  const bySource = new Map<string, number>();
  const created = new Map<string, { field: FieldName; name: string }>();
  let [total, removals, replacements] = [0, 0, 0];
  for (const change of changes) {
    total += 1;
    scenes.add(change.scene);
    byField.set(change.field, (byField.get(change.field) ?? 0) + 1);
    bySource.set(change.source, (bySource.get(change.source) ?? 0) + 1);
    if (change.action === "remove") removals += 1;
    if (change.action === "set" && text(change.current) !== "") replacements += 1;
    if (change.creates) {
      const name = text(subject(change));
      created.set(`${change.field}:${nameKey(name)}`, { field: change.field, name });
    }
  }
  return {
    changes: total, scenes: scenes.size, removals, replacements, created: [...created.values()],
    byField: [...byField].sort((a, b) => b[1] - a[1]), bySource: [...bySource].sort((a, b) => b[1] - a[1]),
  };
}

export function nameKey(name: string): string {
  return name.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean).join(" ");
}

// How many changes lie in each twentieth of the confidence; the last one holds 1 too.
export function histogram(changes: Iterable<Change>, bins = 20): number[] {
  const counts = Array.from({ length: bins }, () => 0);
  for (const { confidence } of changes) counts[Math.min(bins - 1, Math.floor(confidence * bins + 1e-9))]! += 1;
  return counts;
}

// Those that are at least that sure; as the service compares: on the value as shown.
export function atLeast(changes: readonly Change[], threshold: number): Change[] {
  return changes.filter((change) => change.confidence >= threshold);
}
