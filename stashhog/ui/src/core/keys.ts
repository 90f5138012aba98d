// The keyboard: what is on the page says which keys it takes, one listener hands them out.
// Rules: nothing is taken from a field that is typed in, from a dialog, or with Ctrl, Alt or Meta.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface KeyBinding {
  keys: string[];
  what: string;
  run: () => void;
}

export interface KeyGroup {
  title: string;
  bindings: KeyBinding[];
}

export const keyGroups = signal<KeyGroup[]>([]);
const SEQUENCE_MS = 1200;
let pending = "";
let pendingSince = 0;

function isTypedIn(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.closest) return false;
  if (element.isContentEditable || element.closest("textarea, select, dialog[open], [role=listbox]")) return true;
  const input = element.closest("input");
  return input !== null && !["checkbox", "radio", "button", "submit", "range"].includes(input.type);
}

export function find(groups: readonly KeyGroup[], typed: string): KeyBinding | undefined {
  for (const group of [...groups].reverse()) {
    const found = group.bindings.find(({ keys }) => keys.includes(typed));
    if (found) return found;
  }
  return undefined;
}

function startsSequence(groups: readonly KeyGroup[], typed: string): boolean {
  return groups.some(({ bindings }) => bindings.some(({ keys }) => keys.some((key) => key.startsWith(`${typed} `))));
}

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isTypedIn(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if ((event.key === "Enter" || event.key === " ") && (event.target as Element).closest("button, a, summary, input")) return;
    if (event.key.startsWith("Arrow") && (event.target as Element).closest("input[type=range], input[type=radio]")) return;
    const typed = pending && event.timeStamp - pendingSince < SEQUENCE_MS ? `${pending} ${event.key}` : event.key;
    pending = "";
    const binding = find(keyGroups.value, typed);
    if (binding) {
      event.preventDefault();
      binding.run();
    } else if (startsSequence(keyGroups.value, event.key)) {
      pending = event.key;
      pendingSince = event.timeStamp;
    }
  });
}

// The keys of a page or part, as long as it is shown; the newest group wins.
export function useKeys(title: string, bindings: KeyBinding[]): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  useEffect(() => {
    const group: KeyGroup = {
      title,
      bindings: bindings.map((one, at) => ({ ...one, run: () => latest.current[at]!.run() })),
    };
    keyGroups.value = [...keyGroups.value, group];
    return () => {
      keyGroups.value = keyGroups.value.filter((one) => one !== group);
    };
  }, [title, bindings.length]);
}
