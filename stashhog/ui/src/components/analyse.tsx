// Starting an analysis: what to look for and how, an estimate first, then the plan.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, Problem } from "../core/api";
import { count, money, whole } from "../core/format";
import type { Estimate, Ready } from "../core/library";
import { takeJob } from "../core/live";
import { useLoad } from "../core/load";
import { say } from "../core/notices";
import { go } from "../core/router";
import type { Job } from "../core/shapes";
import { FIELD_NAMES, FIELDS } from "../core/words";
import { Dialog } from "./dialog";
import { ErrorBox, Field } from "./parts";
import { optionsOf, SCALARS } from "../scenes/options";

export type SceneSelector = { scene_ids: string[] } | { filter: Record<string, unknown> };

const asked = signal<{ selector: SceneSelector; what: string | undefined } | null>(null);
const PAUSE_MS = 300;
const KINDS = ["performers", "tags", "studios"];

// Opens the question; `what` names the scenes where the page knows it better than the estimate.
export function analyse(selector: SceneSelector, what?: string): void {
  asked.value = { selector, what };
}

export function AnalyseDialog() {
  if (!asked.value) return null;
  return <Question {...asked.value} onClose={() => (asked.value = null)} />;
}

function Question({ selector, what, onClose }: { selector: SceneSelector; what: string | undefined; onClose: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const [round, setRound] = useState(0);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const timer = useRef(0);
  const body = () => {
    const data = new FormData(form.current!);
    const name = String(data.get("name") ?? "").trim();
    return { ...selector, ...(name && { name }), options: optionsOf(data) };
  };
  const estimate = useLoad<Estimate>(async (gone) => api.post<Estimate>("analysis/estimate", body(), { signal: gone }), [round]);
  const ready = useLoad((gone) => api.get<Ready>("ready", {}, gone), []);
  const modelIsOff = ready.data?.checks.openai.status === "unset";
  useEffect(() => () => clearTimeout(timer.current), []);
  const start = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const job = takeJob(await api.post<Job>("analysis/generate", body()));
      onClose();
      say("The analysis has begun. What it finds can be reviewed while it runs.");
      go(`/plans/${String(job.params.plan_id)}`);
    } catch (caught) {
      setError(caught as Error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={what ? `Analyse ${what}` : "Analyse scenes"} wide onClose={onClose}>
      <form
        ref={form} class="stack" onSubmit={start}
        onInput={(event) => {
          if ((event.target as HTMLInputElement).name === "name") return;
          clearTimeout(timer.current);
          timer.current = window.setTimeout(() => setRound((n) => n + 1), PAUSE_MS);
        }}
      >
        <fieldset class="plain">
          <legend class="label">Look for</legend>
          <div class="checks">
            {FIELDS.map((field) => (
              <label key={field} class="check"><input type="checkbox" name="fields" value={field} defaultChecked={field !== "details"} /> {FIELD_NAMES[field]}</label>
            ))}
          </div>
        </fieldset>
        <div class="filter-fields">
          <Field label="Ask the model" hint={modelIsOff ? "No model is set up; none is asked." : undefined}>
            <select name="use_llm" disabled={modelIsOff}>
              <option value="auto">where rules are unsure</option>
              <option value="always">for every scene</option>
              <option value="never">never</option>
            </select>
          </Field>
          {!modelIsOff && <Field label="Spend at most (US$)"><input name="max_cost_usd" type="number" min="0" step="any" placeholder="as the settings say" /></Field>}
          <Field label="Propose from confidence"><input name="min_confidence" type="number" min="0" max="1" step="0.05" defaultValue="0.5" /></Field>
          <Field label="Name of the plan"><input name="name" maxLength={200} placeholder="made from the date" /></Field>
        </div>
        <details>
          <summary>What it may do</summary>
          <div class="stack indented">
            <Checks legend="Propose new, where the library lacks them" name="create_missing" values={KINDS.map((kind) => [kind, kind])} />
            <Checks legend="Replace a value that is there already" name="overwrite" values={SCALARS.map((field) => [field, FIELD_NAMES[field]])} />
            <label class="check"><input type="checkbox" name="removals" /> Propose to remove performers or tags</label>
            <label class="check"><input type="checkbox" name="include_organized" /> Look at organized scenes too</label>
          </div>
        </details>
        <EstimatePanel of={estimate} />
        {error && <ErrorBox error={error} />}
        <div class="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary" disabled={busy || !estimate.data || estimate.data.scenes === 0}>Start the analysis</button>
        </div>
      </form>
    </Dialog>
  );
}

function Checks({ legend, name, values }: { legend: string; name: string; values: [string, string][] }) {
  return (
    <fieldset class="plain">
      <legend class="label">{legend}</legend>
      <div class="checks">
        {values.map(([value, text]) => <label key={value} class="check"><input type="checkbox" name={name} value={value} /> {text}</label>)}
      </div>
    </fieldset>
  );
}

function EstimatePanel({ of }: { of: { data: Estimate | undefined; error: Error | undefined; loading: boolean } }) {
  if (of.error && !(of.error instanceof Problem && of.data)) return <ErrorBox error={of.error} />;
  if (!of.data) return <div class="panel soft" role="status">Counting…</div>;
  const { scenes, llm_scenes, llm_requests, input_tokens, output_tokens, cost_usd } = of.data;
  return (
    <div class="panel" role="status" aria-busy={of.loading}>
      {scenes === 0 ? <p>No scene matches, so there is nothing to look at.</p> : (
        <p><strong>{count(scenes, "scene")}</strong> will be looked at. Nothing is written to Stash before you have reviewed it.</p>
      )}
      {llm_requests > 0 ? (
        <p>About {whole(llm_scenes)} of them go to the model: {count(llm_requests, "request")}, some {whole(input_tokens)} tokens in and {whole(output_tokens)} out, {cost_usd === null ? <strong>at a price that is not known</strong> : <>about <strong>{money(cost_usd)}</strong></>}.</p>
      ) : scenes > 0 && <p class="soft">No model is asked: this costs nothing, and nothing leaves this machine.</p>}
    </div>
  );
}
