// Which changes are shown, as it stands in the address: pure.

import type { Query } from "../core/links";
import type { ChangeStatus, FieldName, Source } from "../core/shapes";
import { FIELDS, SOURCES, STATUSES } from "../core/words";
import { sceneName, text, type Change, type Scene } from "./index";

export const ORDERS = [["path", "By folder"], ["scene", "By scene number"], ["unsure", "Least sure first"], ["sure", "Surest first"]] as const;
export type Order = (typeof ORDERS)[number][0];

export interface Filters {
  status: ChangeStatus | "all";
  field: FieldName | "";
  source: Source | "";
  min: number;
  max: number;
  flag: "" | "new" | "edited";
  q: string;
  order: Order;
  scene: string;
}

export const DEFAULTS: Filters = {
  status: "proposed", field: "", source: "", min: 0, max: 1, flag: "", q: "", order: "path", scene: "",
};

// Whether anything but the status and the order narrows what is shown.
export function narrows(filters: Filters): boolean {
  return (["field", "source", "min", "max", "flag", "q", "scene"] as const).some((name) => filters[name] !== DEFAULTS[name]);
}

function oneOf<T extends string>(value: string | null, choices: readonly T[], otherwise: T): T {
  return choices.includes(value as T) ? (value as T) : otherwise;
}

function share(value: string | null, otherwise: number): number {
  const number = Number.parseFloat(value ?? "");
  return number >= 0 && number <= 1 ? number : otherwise;
}

export function readFilters(query: URLSearchParams): Filters {
  return {
    status: oneOf(query.get("status"), [...STATUSES, "all"], DEFAULTS.status),
    field: oneOf(query.get("field"), [...FIELDS, ""], ""),
    source: oneOf(query.get("source"), [...SOURCES, ""], ""),
    min: share(query.get("min_confidence"), 0),
    max: share(query.get("max_confidence"), 1),
    flag: oneOf(query.get("flag"), ["new", "edited", ""], ""),
    q: query.get("q") ?? "",
    order: oneOf(query.get("order"), ORDERS.map(([key]) => key), DEFAULTS.order),
    scene: query.get("scene") ?? "",
  };
}

// What stands in the address; what is as usual is left out.
export function writeFilters(filters: Filters): Query {
  const said = <K extends keyof Filters>(name: K) => (filters[name] === DEFAULTS[name] ? null : filters[name]);
  return {
    status: said("status"), field: said("field"), source: said("source"),
    min_confidence: said("min"), max_confidence: said("max"),
    flag: said("flag"), q: said("q"), order: said("order"), scene: said("scene"),
  };
}

// The same test for many changes, made ready once. The status is asked apart, for the tabs count
// what the other filters let through.
export function matcher(filters: Filters): (change: Change) => boolean {
  const words = filters.q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Map<Scene, string>();
  const hay = (scene: Scene) => {
    let known = found.get(scene);
    if (known === undefined) {
      known = `${scene.path ?? ""}\n${sceneName(scene)}`.toLowerCase();
      found.set(scene, known);
    }
    return known;
  };
  return (change) =>
    (filters.field === "" || change.field === filters.field) &&
    (filters.source === "" || change.source === filters.source) &&
    change.confidence >= filters.min && change.confidence <= filters.max &&
    (filters.flag === "" || (filters.flag === "new" ? change.creates : change.edited)) &&
    (filters.scene === "" || change.scene.id === filters.scene) &&
    words.every((word) => hay(change.scene).includes(word) || valuesOf(change).includes(word));
}

function valuesOf(change: Change): string {
  return `${text(change.proposed)}\n${text(change.current)}`.toLowerCase();
}

export function statusMatches(filters: Filters, change: Change): boolean {
  return filters.status === "all" || change.status === filters.status;
}

// A name for a range of confidence, and the ranges that are offered.
export const RANGES = [
  ["0-1", "Any confidence"], ["0.95-1", "95 % and more"], ["0.8-0.95", "80 to 95 %"], ["0.6-0.8", "60 to 80 %"], ["0-0.6", "Below 60 %"],
] as const;

export function rangeKey({ min, max }: Filters): string {
  return `${min}-${max}`;
}

export function readRange(key: string): { min: number; max: number } {
  const [min, max] = key.split("-").map(Number);
  return { min: min!, max: max! };
}
