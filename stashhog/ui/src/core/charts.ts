// The arithmetic of the pictures: pure. Coordinates are of a box with (0, 0) at its top left.

export interface Point {
  x: number;
  y: number;
}

// Values over equal steps as points in a box; `most` is the value at the top.
export function line(values: readonly number[], width: number, height: number, most: number): Point[] {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  return values.map((value, at) => ({ x: round(at * step), y: round(height - (most > 0 ? (value / most) * height : 0)) }));
}

export function path(points: readonly Point[]): string {
  return points.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${x} ${y}`).join("");
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

// The share that has a value, between 0 and 1; of nothing, all is there.
export function share(missing: number, of: number): number {
  return of === 0 ? 1 : (of - missing) / of;
}

// At most `most` of the items, evenly spread, the last one always among them.
export function thinned<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, at) => items[Math.round(at * step)]!);
}

interface Bin {
  decided: number;
  accepted: number;
  mean_confidence: number;
}

// Where each bin of decisions lies: as sure as was said to the right, as often right to the top.
// Bins of fewer than `least` decisions say nothing and are left out.
export function calibrationPoints(bins: readonly Bin[], width: number, height: number, least: number): (Point & { decided: number })[] {
  return bins.filter(({ decided }) => decided >= least).map(({ decided, accepted, mean_confidence }) => (
    { x: round(mean_confidence * width), y: round(height - (accepted / decided) * height), decided }
  ));
}
