// Light, dark, or as the machine says.

import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
const KEY = "stashhog-theme";
export const THEMES: readonly Theme[] = ["auto", "light", "dark"];

function stored(): Theme {
  const found = localStorage.getItem(KEY) as Theme | null;
  return found && THEMES.includes(found) ? found : "auto";
}

export const theme = signal<Theme>(stored());

export function startTheme(): void {
  effect(() => {
    if (theme.value === "auto") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem(KEY);
    } else {
      document.documentElement.dataset.theme = theme.value;
      localStorage.setItem(KEY, theme.value);
    }
  });
}
