// How values are written for people: pure. Nothing here knows the document.

import type { Progress, Value, Waiting } from "./shapes";

const INTEGER = new Intl.NumberFormat("en-US");

export function count(number: number, one: string, many = `${one}s`): string {
  return `${whole(number)} ${number === 1 ? one : many}`;
}

export function whole(number: number | null | undefined): string {
  return number === null || number === undefined ? "–" : INTEGER.format(Math.round(number));
}

export function size(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

// A film's length: 1:02:03, 4:05.
export function clock(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  const total = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

// A span of time in its two largest units: 45 s, 3 min 20 s, 2 h 5 min, 4 d 1 h.
export function span(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const total = Math.max(0, Math.round(seconds));
  const parts: [number, string][] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([unit]) => total >= unit);
  if (first === -1) return "0 s";
  const [unit, name] = parts[first]!;
  const head = `${Math.floor(total / unit)} ${name}`;
  const next = parts[first + 1];
  const rest = next ? Math.floor((total % unit) / next[0]) : 0;
  return rest ? `${head} ${rest} ${next[1]}` : head;
}

export function ago(text: string | null | undefined, now: number): string {
  if (!text) return "never";
  const seconds = (now - Date.parse(text)) / 1000;
  if (seconds > 60 * 86400) return new Date(text).toLocaleDateString(undefined, { dateStyle: "medium" });
  return seconds < 10 ? "just now" : `${span(seconds)} ago`;
}

export function when(text: string | null | undefined): string {
  if (!text) return "–";
  return new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function money(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return "price unknown";
  if (usd === 0) return "$0";
  return usd < 0.01 ? `$${usd.toPrecision(2)}` : `$${usd.toFixed(2)}`;
}

// A machine's word as a person reads it: already_proposed → already proposed.
export function words(code: string): string {
  return String(code).replaceAll("_", " ");
}

export function sentence(code: string): string {
  const text = words(code);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// A change's value as text; null is nothing.
export function valueText(value: Value | undefined): string | null {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "object") return value.name;
  return String(value);
}

// What a job has done, in one line: "120 of 1,000 scenes · 35/s · 25 s left"; before the first item
// what it does.
export function progressText(progress: Progress): string {
  if (!progress.done && progress.message) return sentence(progress.message);
  const unit = progress.unit || "items";
  const done = progress.total === null || progress.total === undefined
    ? `${whole(progress.done)} ${unit}` : `${whole(progress.done)} of ${whole(progress.total)} ${unit}`;
  const parts = [done];
  if (progress.rate) parts.push(`${progress.rate >= 10 ? whole(progress.rate) : progress.rate.toFixed(1)}/s`);
  if (progress.eta_s !== null && progress.eta_s !== undefined) parts.push(`${span(progress.eta_s)} left`);
  return parts.join(" · ");
}

const WAITS: Record<string, string> = {
  stash_unavailable: "Waiting for Stash, which does not answer",
  model_unavailable: "Waiting for the model, which does not answer",
  disk_full: "Waiting for disk space",
};

export function waitingText(waiting: Waiting, now: number): string {
  const reason = WAITS[waiting.code] ?? `Waiting: ${words(waiting.code)}`;
  const next = waiting.retry_at ? (Date.parse(waiting.retry_at) - now) / 1000 : null;
  return next !== null && next > 0 ? `${reason}; next try in ${span(next)}` : reason;
}
