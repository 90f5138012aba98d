// The first steps: Stash, the model or none, what is left alone, the first sync. Each step can be
// taken again later in the settings; nothing is written to Stash by any of them.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { JobLine } from "../components/jobs";
import { Action, ErrorBox, Field, Select } from "../components/parts";
import { api, Problem } from "../core/api";
import { hasEnded } from "../core/frames";
import type { ConnectionTest, Coverage, SettingsTree, SettingValue } from "../core/library";
import { jobs, takeJob } from "../core/live";
import { href } from "../core/router";
import type { Job } from "../core/shapes";
import { FIELD_NAMES, FIELDS } from "../core/words";
import { Tried } from "../settings/section";
import { analyse } from "../components/analyse";

interface Props {
  tree: SettingsTree;
  coverage: Coverage;
  onSaved: (tree: SettingsTree) => void;
}

export function Welcome({ tree, coverage, onSaved }: Props) {
  const connected = Boolean(tree.values.stash?.url);
  const [step, setStep] = useState(connected ? 4 : 1);
  const done = (next: number) => (saved: SettingsTree) => {
    onSaved(saved);
    setStep(next);
  };
  const props = (number: number) => ({ number, step, onOpen: () => setStep(number) });
  return (
    <div class="page welcome">
      <div class="page-head"><h1>Welcome to StashHog</h1></div>
      <p class="lead">It reads your library, proposes studios, performers, tags, titles and dates with the reason for each, and writes only what you accept. Four steps to the first plan; none of them changes anything in Stash.</p>
      <ol class="steps">
        <Step {...props(1)} title="Connect your Stash" done={connected} ready><StashStep tree={tree} onSaved={done(2)} /></Step>
        <Step {...props(2)} title="A language model, or none" ready={connected}><ModelStep tree={tree} onSaved={done(3)} skip={() => setStep(3)} /></Step>
        <Step {...props(3)} title="What it looks for" ready={connected}><RulesStep tree={tree} onSaved={done(4)} skip={() => setStep(4)} /></Step>
        <Step {...props(4)} title="Read the library" done={coverage.scenes > 0} ready={connected}><SyncStep coverage={coverage} /></Step>
      </ol>
    </div>
  );
}

function Step({ number, step, title, done = false, ready, onOpen, children }: {
  number: number; step: number; title: string; done?: boolean; ready: boolean; onOpen: () => void; children: ComponentChildren;
}) {
  const open = step === number && ready;
  return (
    <li class={open ? "step open" : "step"} aria-current={open ? "step" : undefined}>
      <h2>
        <span class="step-number" aria-hidden="true">{done ? "✓" : number}</span>
        {ready && !open ? <button type="button" class="link" onClick={onOpen}>{title}</button> : title}
      </h2>
      {open && <div class="stack">{children}</div>}
    </li>
  );
}

// A form whose values are saved into one group of settings.
function useSaving(group: string, tree: SettingsTree, onSaved: (tree: SettingsTree) => void) {
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (caught) {
      if (!(caught instanceof Problem)) throw caught;
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const save = async (values: Record<string, SettingValue>) => onSaved(await api.put<SettingsTree>("settings", { values: { [group]: values }, version: tree.version }));
  return { error, busy, run, save };
}

function StashStep({ tree, onSaved }: { tree: SettingsTree; onSaved: (tree: SettingsTree) => void }) {
  const { error, busy, run, save } = useSaving("stash", tree, onSaved);
  const [tried, setTried] = useState<ConnectionTest | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const { url, key } = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>;
    const values = { url: url!.trim(), api_key: key!.trim() || null };
    void run(async () => {
      setTried(null);
      const answer = await api.post<ConnectionTest>("settings/test-stash", values);
      setTried(answer);
      if (answer.ok) await save(values);
    });
  };
  if (tree.read_only.includes("stash.url")) {
    return <p>The address <code>{String(tree.values.stash?.url)}</code> is fixed by the environment.</p>;
  }
  return (
    <form class="stack" onSubmit={submit}>
      <Field label="Address of Stash"><input name="url" type="url" required placeholder="http://localhost:9999" defaultValue={String(tree.values.stash?.url ?? "")} spellcheck={false} /></Field>
      <Field label="API key" hint="In Stash: Settings → Security → Generate API key. Leave it empty where Stash has no login.">
        <input name="key" type="password" autocomplete="off" spellcheck={false} />
      </Field>
      {tried && <Tried result={tried} />}
      {error && <ErrorBox error={error} />}
      <div class="actions"><button type="submit" class="primary" disabled={busy}>{busy ? "Asking Stash…" : "Test and go on"}</button></div>
    </form>
  );
}

const MODELS = [["none", "None: rules and my organized scenes only"], ["openai", "OpenAI, with a key"], ["local", "A server of my own (Ollama, llama.cpp, vLLM …)"]] as const;

function ModelStep({ tree, onSaved, skip }: { tree: SettingsTree; onSaved: (tree: SettingsTree) => void; skip: () => void }) {
  const { error, busy, run, save } = useSaving("openai", tree, onSaved);
  const [kind, setKind] = useState<string>("none");
  const [tried, setTried] = useState<ConnectionTest | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (kind === "none") return skip();
    const { url = "", key = "", model = "" } = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>;
    const values: Record<string, SettingValue> = { api_key: key.trim() || null, model: model.trim() || null, base_url: url.trim() || null, enabled: true };
    void run(async () => {
      setTried(null);
      const answer = await api.post<ConnectionTest>("settings/test-openai", values);
      setTried(answer);
      if (answer.ok) await save(values);
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      <p>A model is asked only about scenes where rules are unsure. Their paths and titles, and the names of likely performers, tags and studios, would be sent to it; pictures and videos never are. Costs are estimated before each run and capped.</p>
      <Field label="Use"><Select value={kind} options={MODELS} onPick={(value) => { setKind(value); setTried(null); }} /></Field>
      {kind === "local" && <Field label="Address"><input name="url" type="url" required placeholder="http://localhost:11434/v1" spellcheck={false} /></Field>}
      {kind !== "none" && <Field label={kind === "local" ? "Key, if it asks for one" : "API key"}><input name="key" type="password" required={kind === "openai"} autocomplete="off" spellcheck={false} /></Field>}
      {kind !== "none" && <Field label="Model"><input name="model" required={kind === "local"} defaultValue={kind === "openai" ? String(tree.values.openai?.model ?? "") : ""} spellcheck={false} /></Field>}
      {tried && <Tried result={tried} />}
      {error && <ErrorBox error={error} />}
      <div class="actions"><button type="submit" class="primary" disabled={busy}>{kind === "none" ? "Go on without" : busy ? "Asking the model…" : "Test and go on"}</button></div>
    </form>
  );
}

function RulesStep({ tree, onSaved, skip }: { tree: SettingsTree; onSaved: (tree: SettingsTree) => void; skip: () => void }) {
  const { error, busy, run, save } = useSaving("analysis", tree, onSaved);
  const chosen = (tree.values.analysis?.fields ?? []) as string[];
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement).getAll("fields").map(String);
    if (fields.join() === chosen.join()) return skip();
    void run(() => save({ fields }));
  };
  return (
    <form class="stack" onSubmit={submit}>
      <fieldset class="plain">
        <legend class="label">Propose values for</legend>
        <div class="checks">{FIELDS.map((field) => <label key={field} class="check"><input type="checkbox" name="fields" value={field} defaultChecked={chosen.includes(field)} /> {FIELD_NAMES[field]}</label>)}</div>
      </fieldset>
      <div>
        <p>Always, unless you say otherwise in a run:</p>
        <ul>
          <li>scenes marked <em>organized</em> are left alone, and learned from;</li>
          <li>a value that is there already is left alone;</li>
          <li>performers, tags and studios that ignore auto-tag are not used;</li>
          <li>no performer, tag or studio is made up.</li>
        </ul>
      </div>
      {error && <ErrorBox error={error} />}
      <div class="actions"><button type="submit" class="primary" disabled={busy}>Go on</button></div>
    </form>
  );
}

function SyncStep({ coverage }: { coverage: Coverage }) {
  const running = [...jobs.value.values()].reverse().find((job) => job.kind === "sync");
  const start = async () => takeJob(await api.post<Job>("scenes/sync", { mode: "full" }));
  const ended = running && hasEnded(running);
  return (
    <>
      <p>The library is copied here once, and afterwards only what changes. You can go on while it runs.</p>
      {running && <JobLine job={running} />}
      {(!running || (ended && running.status !== "completed")) && <div class="actions"><Action class="primary" run={start}>{running ? "Try again" : "Start the first sync"}</Action></div>}
      {ended && running.status === "completed" && (
        coverage.scenes === 0
          ? <p class="panel warn">Stash has no scenes yet. Let it scan your files, then sync again.</p>
          : <div class="actions"><Action class="primary" run={() => analyse({ filter: { organized: false } })}>Analyse the library…</Action><a href={href("/scenes")}>Look at the scenes</a></div>
      )}
    </>
  );
}
