// The API's shapes of scenes, syncs, settings and schedules (see /docs).

import type { EntityValue, FieldName, Source, Value, Action, ChangeStatus, Fault } from "./shapes";

export interface SceneFile {
  id: string;
  path: string;
  size: number | null;
  duration: number | null;
  width: number | null;
  height: number | null;
  video_codec: string | null;
  frame_rate: number | null;
  fingerprints: { type: string; value: string }[];
}

export interface Scene {
  id: string;
  title: string | null;
  details: string | null;
  date: string | null;
  organized: boolean;
  rating100: number | null;
  studio: EntityValue | null;
  performers: EntityValue[];
  tags: EntityValue[];
  files: SceneFile[];
  paths: { screenshot: string | null };
  urls: string[];
  created_at: string;
  updated_at: string;
  synced_at: string;
  deleted: boolean;
}

export interface SceneChange {
  id: number;
  plan_id: number;
  field: FieldName;
  action: Action;
  current: Value;
  proposed: Value;
  confidence: number;
  source: Source;
  reason: string;
  status: ChangeStatus;
  outcome: "sent" | "already" | null;
  error: Fault | null;
}

export interface SyncRun {
  job_id: string;
  mode: string;
  finished_at: string;
  created: number;
  updated: number;
  deleted: number;
  unchanged: number;
  failed: number;
}

export interface SyncStatus {
  running_job_id: string | null;
  last: SyncRun | null;
  watermark: string | null;
  live: { connected: boolean; since: string | null };
}

export type Lacking = "studio" | "performers" | "tags" | "title" | "date" | "details";

export interface Coverage {
  scenes: number;
  organized: number;
  analyzed: number;
  missing: Record<Lacking, number>;
}

export interface CoverageHistory {
  now: Coverage;
  days: (Coverage & { day: string })[];
}

export type CheckStatus = "ok" | "down" | "unset" | "unknown";

export interface Ready {
  status: "ready" | "degraded" | "not_ready";
  checks: Record<"database" | "actors" | "stash" | "openai", { status: CheckStatus; age_s: number; detail_code?: string | null }>;
}

export type SettingValue = string | number | boolean | null | SettingValue[] | { [name: string]: SettingValue };

export interface SettingsTree {
  values: Record<string, Record<string, SettingValue>>;
  sources: Record<string, string>;
  read_only: string[];
  version: number;
}

export interface ConnectionTest {
  ok: boolean;
  latency_ms: number;
  version: string | null;
  model: string | null;
  error: Fault | null;
}

export interface Schedule {
  enabled: boolean;
  cron: string | null;
  every_s: number | null;
  timezone: string;
  next_run_at: string | null;
  last_job_id: string | null;
  last_run_at: string | null;
  last_outcome: string | null;
  skipped: number;
}

export interface Schedules {
  sync: { incremental: Schedule; full: Schedule };
  analysis: Schedule & { filter: Record<string, unknown>; options: Record<string, unknown> };
}

export interface Estimate {
  scenes: number;
  llm_scenes: number;
  llm_requests: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: number | null;
}

export interface CalibrationBin {
  confidence_from: number;
  confidence_to: number;
  decided: number;
  accepted: number;
  mean_confidence: number;
}

export interface Calibration {
  organized_scenes: number;
  calibrated: boolean;
  calibrated_from: number;
  fields: Partial<Record<FieldName, { decided: number; accepted: number; bins: CalibrationBin[] }>>;
}

export const LACKING: readonly Lacking[] = ["studio", "performers", "tags", "title", "date", "details"];
