// Marking what was matched: pure. Positions count characters (code points), as the service does.

export type Range = readonly [number, number];

export interface Piece {
  text: string;
  marked: boolean;
}

export interface Span {
  text: string;
  start: number;
  end: number;
}

export interface Evidence {
  text?: string | null;
  start?: number | null;
  end?: number | null;
  [name: string]: unknown;
}

// The text in pieces: [{text, marked}]; ranges may touch, overlap or lie outside.
export function markRanges(text: string, ranges: readonly Range[]): Piece[] {
  const characters = Array.from(text);
  const kept = ranges
    .map(([start, end]): [number, number] => [Math.max(0, start), Math.min(characters.length, end)])
    .filter(([start, end]) => start < end)
    .sort((a, b) => a[0] - b[0]);
  const pieces: Piece[] = [];
  let at = 0;
  const push = (end: number, marked: boolean) => {
    if (end > at) pieces.push({ text: characters.slice(at, end).join(""), marked });
    at = Math.max(at, end);
  };
  for (const [start, end] of kept) {
    if (end <= at) continue;
    push(start, false);
    const last = pieces.at(-1);
    if (last?.marked) {
      last.text += characters.slice(at, end).join("");
      at = end;
    } else {
      push(end, true);
    }
  }
  push(characters.length, false);
  return pieces;
}

// Where a change's evidence lies: {text, start, end} with `text` the whole that was searched,
// or null where the evidence points at no text. A quoted match alone is looked up in `path`.
export function evidenceSpan(evidence: Evidence | null, path: string | null = null): Span | null {
  const text = evidence?.text;
  if (typeof text !== "string" || text === "") return null;
  const { start, end } = evidence as { start: number; end: number };
  const length = Array.from(text).length;
  if (Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end) {
    if (end <= length) return { text, start, end };
    if (path !== null && Array.from(path).slice(start, end).join("") === text) return { text: path, start, end };
  }
  return found(path, text, length) ?? { text, start: 0, end: length };
}

function found(path: string | null, text: string, length: number): Span | null {
  if (path === null) return null;
  const at = path.toLowerCase().lastIndexOf(text.toLowerCase());
  if (at === -1) return null;
  const start = Array.from(path.slice(0, at)).length;
  return { text: path, start, end: start + length };
}

// The matched span with a little around it, as pieces for markRanges' readers.
export function excerpt({ text, start, end }: Span, around = 16): Piece[] {
  const characters = Array.from(text);
  const from = start - around <= 3 ? 0 : start - around;
  const to = end + around >= characters.length - 3 ? characters.length : end + around;
  const pieces = markRanges(characters.slice(from, to).join(""), [[start - from, end - from]]);
  if (from > 0) pieces.unshift({ text: "…", marked: false });
  if (to < characters.length) pieces.push({ text: "…", marked: false });
  return pieces;
}

// A path in folder and file name, each with the ranges that lie in it.
export function splitPath(path: string, ranges: readonly Range[]): { folder: string; name: string; inFolder: Range[]; inName: Range[] } {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  const folder = path.slice(0, at);
  const before = Array.from(folder).length;
  return {
    folder, name: path.slice(at), inFolder: [...ranges], inName: ranges.map(([start, end]): Range => [start - before, end - before]),
  };
}
