// What is around every page: the bar, the notices, the keys, and the door where one is needed.

import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { AnalyseDialog } from "./components/analyse";
import { Dialog } from "./components/dialog";
import { Action, Empty, ErrorBox, Key } from "./components/parts";
import { keyGroups, useKeys } from "./core/keys";
import { connection, liveJobs } from "./core/live";
import { dismiss, notices } from "./core/notices";
import { addressOf, go, href, place } from "./core/router";
import { enter, session, signOut } from "./core/session";
import { theme, THEMES } from "./core/theme";
import { useTitle } from "./core/load";
import { findPage, pages } from "./pages";
import { SignIn } from "./pages/signin";

const keysShown = signal(false);
const EVERYWHERE = "Everywhere";

export function Shell() {
  const found = findPage(place.value.path);
  const inside = session.value.state === "in";
  return (
    <div class={found?.page.whole && inside ? "shell whole" : "shell"}>
      <a class="skip" href="#main" onClick={skip}>Skip to content</a>
      <header class="top">
        <a class="brand" href={href("/")}>
          <img src={addressOf("ui/icon.svg").href} alt="" width="22" height="22" /> StashHog
        </a>
        {inside && <Nav path={place.value.path} />}
        <div class="top-end">
          {connection.value === "lost" && <span class="reconnecting" role="status">Reconnecting…</span>}
          <ThemeSwitch />
          <button type="button" class="ghost icon-button" title="Keys (?)" aria-label="Keys" onClick={() => (keysShown.value = true)}>?</button>
          {session.value.state === "in" && session.value.me.via === "cookie" && <Action class="ghost" run={signOut}>Sign out</Action>}
        </div>
      </header>
      <main id="main" tabIndex={-1}><Inside /></main>
      <Notices />
      {keysShown.value && <KeysDialog />}
      {inside && <AnalyseDialog />}
      {inside && <GlobalKeys />}
    </div>
  );
}

function skip(event: Event) {
  event.preventDefault();
  document.getElementById("main")!.focus();
}

function Inside() {
  switch (session.value.state) {
    case "unknown": return <p class="loading" role="status">Loading…</p>;
    case "unreachable": return <div class="page"><ErrorBox error={session.value.error} retry={() => void enter()} /></div>;
    case "sign-in": return <SignIn setup={false} />;
    case "setup": return <SignIn setup />;
    case "in": return <CurrentPage />;
  }
}

function CurrentPage() {
  const { path, query } = place.value;
  const found = findPage(path);
  const before = useRef(path);
  // Tells screen readers that another page is here, and begins at its top.
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    scrollTo(0, 0);
    document.getElementById("main")!.focus({ preventScroll: true });
  }, [path]);
  if (!found) return <NotFound path={path} />;
  const View = found.page.view;
  return <View key={path} id={found.id} query={query} />;
}

function NotFound({ path }: { path: string }) {
  useTitle("Not found");
  return (
    <div class="page">
      <h1>There is nothing here</h1>
      <Empty title={`${path} is no page of StashHog.`}><a href={href("/")}>Go to the start</a></Empty>
    </div>
  );
}

function Nav({ path }: { path: string }) {
  const busy = liveJobs().length;
  return (
    <nav class="nav" aria-label="Pages">
      {pages.filter(({ nav }) => nav).map(({ path: to, nav }) => {
        const here = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
        return (
          <a key={to} href={href(to)} aria-current={here ? "page" : undefined}>
            {nav!.label}
            {to === "/jobs" && busy > 0 && <span class="count">{busy}<span class="unseen"> running or waiting</span></span>}
          </a>
        );
      })}
    </nav>
  );
}

const THEME_WORDS = { auto: "as the machine says", light: "light", dark: "dark" };
const THEME_SIGNS = { auto: "◐", light: "☀", dark: "☾" };

function ThemeSwitch() {
  const now = theme.value;
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]!;
  const words = `Colours: ${THEME_WORDS[now]}. Press for ${THEME_WORDS[next]}`;
  return (
    <button type="button" class="ghost icon-button" title={words} aria-label={words} onClick={() => (theme.value = next)}>
      {THEME_SIGNS[now]}
    </button>
  );
}

function GlobalKeys() {
  useKeys(EVERYWHERE, [
    { keys: ["?"], what: "show the keys", run: () => (keysShown.value = true) },
    ...pages.filter(({ nav }) => nav).map(({ path, nav }) => (
      { keys: [`g ${nav!.key}`], what: `go to ${nav!.label}`, run: () => go(path) }
    )),
  ]);
  return null;
}

function KeysDialog() {
  return (
    <Dialog title="Keys" wide onClose={() => (keysShown.value = false)}>
      <div class="key-groups">
        {[...keyGroups.value].sort((a, b) => Number(a.title === EVERYWHERE) - Number(b.title === EVERYWHERE)).map(({ title, bindings }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl class="keys">
              {bindings.map(({ keys, what }) => (
                <div key={what}>
                  <dt>{keys.map((key) => <span key={key}>{key.split(" ").map((one) => <Key key={one}>{one}</Key>)}</span>)}</dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, kind, text, detail, action }) => (
        <div key={id} class={`notice ${kind}`}>
          <div class="notice-text">
            <p>{text}</p>
            {detail && <p class="small soft">{detail}</p>}
          </div>
          {action && <button type="button" class="ghost" onClick={() => { action.run(); dismiss(id); }}>{action.label}</button>}
          <button type="button" class="ghost icon-button" aria-label="Close" onClick={() => dismiss(id)}>×</button>
        </div>
      ))}
    </div>
  );
}
