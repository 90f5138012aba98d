// The page's words for the service's: pure.

import type { ChangeStatus, FieldName, PlanStatus, Source } from "./shapes";

export type Tone = "" | "good" | "bad" | "warn" | "busy";

export const FIELD_NAMES: Record<FieldName, string> = {
  title: "Title", date: "Date", details: "Details", studio: "Studio", performers: "Performer", tags: "Tag",
};
export const FIELDS = Object.keys(FIELD_NAMES) as FieldName[];
export const ENTITY_KINDS: Partial<Record<FieldName, string>> = { studio: "studios", performers: "performers", tags: "tags" };

export const SOURCE_NAMES: Record<Source, string> = { rule: "rule", learned: "learned", llm: "model" };
export const SOURCES = Object.keys(SOURCE_NAMES) as Source[];

export const STATUS_NAMES: Record<ChangeStatus, string> = {
  proposed: "To review", accepted: "Accepted", rejected: "Rejected", applying: "Applying", applied: "Applied",
  conflict: "Conflict", failed: "Failed", undone: "Undone", undo_conflict: "Undo conflict",
};
export const STATUSES = Object.keys(STATUS_NAMES) as ChangeStatus[];

export const PLAN_STATUS: Record<PlanStatus, { name: string; tone: Tone }> = {
  draft: { name: "Analysing", tone: "busy" },
  reviewing: { name: "In review", tone: "" },
  cancelled: { name: "Analysis cancelled", tone: "warn" },
  applying: { name: "Applying", tone: "busy" },
  applied: { name: "Applied", tone: "good" },
  partially_applied: { name: "Partly applied", tone: "warn" },
  undone: { name: "Undone", tone: "" },
};
