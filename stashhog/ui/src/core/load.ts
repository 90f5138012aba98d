// Loading what a page shows.

import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";
import { returns } from "./live";

export interface Loaded<T> {
  data: T | undefined;
  error: Error | undefined;
  loading: boolean;
  reload: () => void;
}

// Loads at first and whenever `deps` change; what was shown stays until the new answer is there.
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, deps: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: Error; loading: boolean }>({ loading: true });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const gone = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    latest.current(gone.signal).then(
      (data) => !gone.signal.aborted && setState({ data, loading: false }),
      (error: Error) => !gone.signal.aborted && setState((before) => ({ ...before, error, loading: false })),
    );
    return () => gone.abort();
  }, [...deps, round]);
  // What failed for want of the service is asked for again once that is back.
  const back = returns.value;
  useEffect(() => {
    if (state.error instanceof Problem && state.error.passes) setRound((n) => n + 1);
  }, [back]);
  return { data: state.data, error: state.error, loading: state.loading, reload: () => setRound((n) => n + 1) };
}

// Says in the title bar (and to screen readers) which page this is.
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – StashHog`;
  }, [title]);
}
