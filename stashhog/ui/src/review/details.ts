// What is fetched about a scene when somebody looks at it: reasons and evidence of its changes, and
// what Stash has of it now. Rule: nothing is fetched while the reader runs through the list.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, Problem, type Page } from "../core/api";
import { returns } from "../core/live";
import type { EntityValue, Fault, Value } from "../core/shapes";
import type { Evidence } from "../core/spans";
import type { Review } from "./review";

export interface FullChange {
  id: number;
  reason: string;
  evidence: Evidence;
  observed: Value;
  error: Fault | null;
  outcome: "sent" | "already" | null;
}

export interface FullScene {
  id: string;
  title: string | null;
  date: string | null;
  organized: boolean;
  studio: EntityValue | null;
  performers: EntityValue[];
  tags: EntityValue[];
  files: { path: string; duration: number | null; width: number | null; height: number | null; size: number | null }[];
  deleted: boolean;
}

export interface Details {
  changes: Map<number, FullChange>;
  // None: the scene is no longer held here.
  scene: FullScene | null;
}

const REST_MS = 90;
const REMEMBERED = 60;
const MOST_CHANGES = 500;

export class DetailsCache {
  readonly #known = new Map<string, Details>();
  // Rises when something was fetched.
  readonly version = signal(0);

  get(scene: string): Details | undefined {
    return this.#known.get(scene);
  }

  forget(): void {
    this.#known.clear();
    this.version.value += 1;
  }

  async fetch(plan: number, scene: string, gone: AbortSignal): Promise<void> {
    if (this.#known.has(scene)) return;
    const [list, full] = await Promise.all([
      api.get<Page<FullChange>>(`analysis/plans/${plan}/changes`, { scene_id: scene, size: MOST_CHANGES }, gone),
      api.get<FullScene>(`scenes/${scene}`, {}, gone).catch((error: unknown) => {
        if (error instanceof Problem && error.status === 404) return null;
        throw error;
      }),
    ]);
    this.#known.set(scene, { changes: new Map(list.items.map((one) => [one.id, one])), scene: full });
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED) this.#known.delete(oldest!);
    this.version.value += 1;
  }
}

// Fetches what is known of the scene that the reader rests at.
export function useDetails(review: Review, cache: DetailsCache): Details | undefined {
  const scene = review.current?.scene.id;
  const version = cache.version.value;
  const back = returns.value;
  useEffect(() => {
    if (scene === undefined || cache.get(scene)) return;
    const gone = new AbortController();
    const timer = setTimeout(() => {
      cache.fetch(review.id, scene, gone.signal).catch(() => {}); // the list stands without it; resting again tries again
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [scene, version, back]);
  return scene === undefined ? undefined : cache.get(scene);
}
