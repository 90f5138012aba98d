// Short messages at the edge of the page. Rule: what failed stays until it is closed.

import { signal } from "@preact/signals";
import { Problem } from "./api";

export interface Notice {
  id: number;
  kind: "good" | "bad";
  text: string;
  detail?: string;
  action?: { label: string; run: () => void };
  // True only while the service does not answer.
  passes?: boolean;
}

export const notices = signal<Notice[]>([]);
const SHOWN_MS = 6000;
let last = 0;

export function dismiss(id: number): void {
  notices.value = notices.value.filter((one) => one.id !== id);
}

// The service answers again: what was only said of that goes.
export function dismissPassing(): void {
  if (notices.value.some(({ passes }) => passes)) notices.value = notices.value.filter(({ passes }) => !passes);
}

function add(notice: Omit<Notice, "id">): number {
  last += 1;
  const id = last;
  notices.value = [...notices.value.filter((one) => one.text !== notice.text), { ...notice, id }].slice(-4);
  return id;
}

export function say(text: string, action?: Notice["action"]): void {
  const id = add({ kind: "good", text, action });
  setTimeout(() => dismiss(id), SHOWN_MS);
}

// Something went wrong that no request of this page is to blame for.
export function warn(text: string, action?: Notice["action"]): void {
  add({ kind: "bad", text, action });
}

export function complain(error: unknown): void {
  if (error instanceof Error && error.name === "AbortError") return;
  if (error instanceof Problem) {
    if (error.status === 401) return;
    add({ kind: "bad", text: error.message, detail: error.requestId ? `Request ${error.requestId}` : undefined, passes: error.status === 0 });
    return;
  }
  console.error(error);
  add({ kind: "bad", text: error instanceof Error ? error.message : String(error) });
}
