// The small parts that every page is made of.

import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../core/api";
import { ago, when } from "../core/format";
import { complain } from "../core/notices";
import { markRanges, type Range } from "../core/spans";
import { addressOf, href } from "../core/router";

interface ActionProps extends Omit<ButtonHTMLAttributes, "onClick" | "type"> {
  run: () => Promise<unknown> | unknown;
  children: ComponentChildren;
}

// A button whose work takes a while: busy meanwhile, and a failure is told.
export function Action({ run, children, disabled, ...rest }: ActionProps) {
  const [busy, setBusy] = useState(false);
  const click = async () => {
    if (busy) return;
    setBusy(true);
    try {
      await run();
    } catch (error) {
      complain(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" aria-busy={busy || undefined} disabled={Boolean(disabled) || busy} onClick={click} {...rest}>
      {children}
    </button>
  );
}

export function ErrorBox({ error, retry }: { error: Error; retry?: () => void }) {
  const problem = error instanceof Problem ? error : null;
  return (
    <div class="panel bad" role="alert">
      <p>{error.message}</p>
      {problem?.errors.map(({ loc, msg }) => <p key={loc.join(".")}><code>{loc.slice(1).join(".")}</code> {msg}</p>)}
      {problem?.requestId && <p class="small soft">Request <code>{problem.requestId}</code></p>}
      {retry && <div class="actions"><button type="button" onClick={retry}>Try again</button></div>}
    </div>
  );
}

// What a page shows of a thing that the service does not have, with a way on.
export interface Lost {
  what: string;
  list: string;
  name: string;
}

export function Trouble({ error, retry, lost }: { error: Error; retry: () => void; lost?: Lost }) {
  if (!lost || !(error instanceof Problem) || error.status !== 404) return <ErrorBox error={error} retry={retry} />;
  return (
    <div role="alert">
      <Empty title={`There is no ${lost.what}.`}><p>It may have been deleted, or the address is not right.</p><a href={href(lost.list)}>{lost.name}</a></Empty>
    </div>
  );
}

// What a page shows while it loads, when that failed, and then its content.
export function Loaded<T>({ of, lost, page = false, children }: {
  of: { data: T | undefined; error: Error | undefined; reload: () => void };
  lost?: Lost;
  // Whether this is the whole page, so that a failure needs its margins.
  page?: boolean;
  children: (data: T) => ComponentChildren;
}) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) return <div class={page ? "page" : undefined}><Trouble error={of.error} retry={of.reload} lost={lost} /></div>;
  return <p class="loading" role="status">Loading…</p>;
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Badge({ kind = "", children }: { kind?: "" | "good" | "bad" | "warn" | "busy"; children: ComponentChildren }) {
  return <span class={`badge ${kind}`}>{children}</span>;
}

// A text with what was matched in it marked.
export function Marked({ text, ranges }: { text: string; ranges: readonly Range[] }) {
  return <>{markRanges(text, ranges).map((piece, at) => (piece.marked ? <mark key={at}>{piece.text}</mark> : piece.text))}</>;
}

export function Thumb({ scene, width = 96 }: { scene: string; width?: number }) {
  const [broken, setBroken] = useState("");
  if (broken === scene) return <span class="thumb none" aria-hidden="true" />;
  return (
    <img
      class="thumb" alt="" loading="lazy" decoding="async" width={width} height={Math.round((width * 9) / 16)}
      src={addressOf(`api/scenes/${encodeURIComponent(scene)}/screenshot`).href}
      onError={() => setBroken(scene)}
    />
  );
}

// A bar; with no total it only says that something happens.
export function ProgressBar({ done, total, label }: { done: number; total: number | null; label: string }) {
  return total ? <progress class="bar" max={total} value={done} aria-label={label} /> : <progress class="bar" aria-label={label} />;
}

// A moment, as it is said ("3 min ago") with the exact time at hand; it keeps itself right.
export function Moment({ at }: { at: string | null | undefined }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return at ? <time dateTime={at} title={when(at)}>{ago(at, now)}</time> : <>never</>;
}

export function Field({ label, hint, children }: { label: string; hint?: ComponentChildren; children: ComponentChildren }) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      {children}
      {hint && <span class="hint">{hint}</span>}
    </label>
  );
}

export function Select({ value, options, onPick, label }: {
  value: string; options: readonly (readonly [string, string])[]; onPick: (value: string) => void; label?: string;
}) {
  return (
    <select aria-label={label} value={value} onChange={(event) => onPick(event.currentTarget.value)}>
      {options.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
    </select>
  );
}

export function Key({ children }: { children: string }) {
  return <kbd>{{ ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc", " ": "Space" }[children] ?? children}</kbd>;
}

export function Pager({ page, pages, onPage }: { page: number; pages: number; onPage: (page: number) => void }) {
  if (pages <= 1) return null;
  return (
    <nav class="pager" aria-label="Pages of the list">
      <button type="button" disabled={page <= 1} onClick={() => onPage(page - 1)}>Previous</button>
      <span>Page {page} of {pages}</span>
      <button type="button" disabled={page >= pages} onClick={() => onPage(page + 1)}>Next</button>
    </nav>
  );
}
