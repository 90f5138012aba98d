// The API's shapes as the page uses them (see /docs).

export interface Progress {
  done: number;
  total: number | null;
  unit: string;
  message: string;
  rate: number | null;
  eta_s: number | null;
}

export interface Waiting {
  code: string;
  since: string;
  retry_at: string | null;
}

export interface Fault {
  code: string;
  detail: string;
}

export type JobKind = "sync" | "analysis" | "apply" | "undo";
export type JobStatus = "queued" | "running" | "cancelling" | "completed" | "failed" | "cancelled" | "interrupted";

export interface Job {
  id: string;
  kind: JobKind;
  status: JobStatus;
  progress: Progress;
  waiting: Waiting | null;
  params: Record<string, unknown>;
  result: Record<string, unknown> | null;
  error: Fault | null;
  attempt: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  seq: number;
}

export type PlanStatus = "draft" | "reviewing" | "cancelled" | "applying" | "applied" | "partially_applied" | "undone";
export type ChangeStatus =
  | "proposed" | "accepted" | "rejected" | "applying" | "applied" | "conflict" | "failed" | "undone" | "undo_conflict";
export type Decision = "proposed" | "accepted" | "rejected";
export type FieldName = "title" | "date" | "details" | "studio" | "performers" | "tags";
export type Source = "rule" | "learned" | "llm";
export type Action = "set" | "add" | "remove";

export interface Plan {
  id: number;
  name: string;
  status: PlanStatus;
  created_at: string;
  job_id: string | null;
  scenes: number;
  changes: number;
  counts: Record<ChangeStatus, number>;
  skipped: Record<string, number>;
  cost: { requests: number; input_tokens: number; output_tokens: number; usd: number | null };
}

export interface EntityValue {
  id: string | null;
  name: string;
}

export type Value = string | EntityValue | null;

export interface Entity {
  id: string;
  name: string;
  scene_count: number;
}
