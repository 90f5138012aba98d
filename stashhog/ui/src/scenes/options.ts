// An analysis's options from its form: pure. Only what differs from a default is sent.

import type { FieldName } from "../core/shapes";

export const SCALARS: FieldName[] = ["title", "date", "details", "studio"];
const KINDS = ["performers", "tags", "studios"];

interface Form {
  get(name: string): unknown;
  getAll(name: string): unknown[];
  has(name: string): boolean;
}

export function optionsOf(form: Form): Record<string, unknown> {
  const options: Record<string, unknown> = {
    fields: form.getAll("fields"),
    min_confidence: Number(form.get("min_confidence") ?? 0.5),
    include_organized: form.has("include_organized"),
    removals: form.has("removals"),
  };
  if (form.get("use_llm")) options.use_llm = form.get("use_llm");
  const overwrite = form.getAll("overwrite");
  if (overwrite.length) options.overwrite = overwrite;
  const created = form.getAll("create_missing");
  if (created.length) options.create_missing = Object.fromEntries(KINDS.map((kind) => [kind, created.includes(kind)]));
  const cost = Number.parseFloat(String(form.get("max_cost_usd") ?? ""));
  if (Number.isFinite(cost)) options.max_cost_usd = cost;
  return options;
}
