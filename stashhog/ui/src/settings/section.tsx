// A group of settings as one form: edits are kept until they are saved together, or taken back.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Action, ErrorBox } from "../components/parts";
import { api, Problem } from "../core/api";
import type { ConnectionTest, SettingsTree, SettingValue } from "../core/library";
import { say } from "../core/notices";
import { describe, parsed, type FieldSchema } from "./fields";
import { SettingField } from "./field";

export type Schemas = Record<string, { description?: string; properties: Record<string, FieldSchema> }>;

interface Props {
  group: string;
  title: string;
  intro?: ComponentChildren;
  schema: Schemas[string];
  tree: SettingsTree;
  onSaved: (tree: SettingsTree) => void;
  // Shown at once; the rest is folded away. None: all are shown.
  main?: readonly string[];
  // The route that tries the group's values before they are saved.
  test?: "test-stash" | "test-openai";
  children?: ComponentChildren;
}

export type Edits = Record<string, SettingValue>;

export function Section({ group, title, intro, schema, tree, onSaved, main, test, children }: Props) {
  const [edits, setEdits] = useState<Edits>({});
  const [error, setError] = useState<Problem | null>(null);
  const [tried, setTried] = useState<ConnectionTest | null>(null);
  const names = Object.keys(schema.properties).filter((name) => `${group}.${name}` !== "app.version");
  const first = main ? main.filter((name) => names.includes(name)) : names;
  const rest = names.filter((name) => !first.includes(name));
  const dirty = Object.keys(edits).length > 0;
  const put = (name: string, value: SettingValue) => {
    setTried(null);
    setEdits({ ...edits, [name]: value });
  };
  const guarded = async (work: () => Promise<void>) => {
    setError(null);
    try {
      await work();
    } catch (caught) {
      if (!(caught instanceof Problem)) throw caught;
      setError(caught);
      if (caught.code === "settings_changed") onSaved(await api.get<SettingsTree>("settings"));
    }
  };
  const save = () => guarded(async () => {
    onSaved(await api.put<SettingsTree>("settings", { values: { [group]: edits }, version: tree.version }));
    setEdits({});
    say(`${title}: saved.`);
  });
  const tryOut = () => guarded(async () => setTried(await api.post<ConnectionTest>(`settings/${test}`, edits)));
  const one = (name: string) => {
    const field = describe(`${group}.${name}`, schema.properties[name]!);
    return (
      <SettingField
        key={name} field={field} value={tree.values[group]?.[name]} edit={edits[name]} source={tree.sources[field.name]}
        fixed={tree.read_only.includes(field.name)} error={errorOf(error, group, name)}
        onText={(text) => put(name, parsed(field.kind, text))} onNull={() => put(name, null)}
      />
    );
  };
  const elsewhere = error && !names.some((name) => errorOf(error, group, name));
  return (
    <section class="panel settings-section" id={group} aria-labelledby={`${group}-title`}>
      <h2 id={`${group}-title`}>{title}</h2>
      {intro && <p class="soft">{intro}</p>}
      <form class="settings-form" onSubmit={(event) => { event.preventDefault(); void save(); }}>
        {first.map(one)}
        {rest.length > 0 && <details><summary>More</summary><div class="settings-form">{rest.map(one)}</div></details>}
        {elsewhere && (error.code === "secret_required"
          ? <p class="panel bad" role="alert">A stored key never goes to another address. Enter the key of this one, or press Remove beside the key where it has none.</p>
          : <ErrorBox error={error} />)}
        {tried && <Tried result={tried} />}
        <div class="actions">
          {test && <Action run={tryOut}>Test the connection</Action>}
          {dirty && <button type="button" class="ghost" onClick={() => { setEdits({}); setError(null); setTried(null); }}>Undo changes</button>}
          {dirty && <button type="submit" class="primary">Save</button>}
        </div>
      </form>
      {children}
    </section>
  );
}

export function Tried({ result }: { result: ConnectionTest }) {
  return result.ok
    ? <p class="panel good" role="status">Works: {result.version ? `Stash ${result.version}` : result.model ?? "it answered"}, in {Math.round(result.latency_ms)} ms.</p>
    : <p class="panel bad" role="alert">Does not work: {result.error?.detail ?? "no reason given"}.</p>;
}

// The service names a bad value by its place; the last two words are group and name.
export function errorOf(error: Problem | null, group: string, name: string): string | undefined {
  return error?.errors.find(({ loc }) => {
    const at = loc.map(String);
    return at.includes(name) && (at.includes(group) || at.at(-1) === name);
  })?.msg;
}
