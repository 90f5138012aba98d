// How high the rows are; the style sheet changes their shape at the same width.

import type { Heights } from "./layout";

export const NARROW = matchMedia("(max-width: 46rem)");

export function rowHeights(): Heights {
  return NARROW.matches ? { scene: 64, change: 68 } : { scene: 56, change: 34 };
}
