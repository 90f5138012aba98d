// All settings: where Stash and the model are, what an analysis may do, when things run, who may come in.

import { useState } from "preact/hooks";
import { ErrorBox, Field, Loaded } from "../components/parts";
import { api } from "../core/api";
import type { SettingsTree } from "../core/library";
import { useLoad, useTitle } from "../core/load";
import { say } from "../core/notices";
import { session } from "../core/session";
import type { Page } from "../pages";
import { SchedulesSection } from "../settings/schedules";
import { Section, type Schemas } from "../settings/section";

export const settingsPage: Page = { path: "/settings", view: SettingsPage, nav: { label: "Settings", key: "e" } };

const PLACES: readonly (readonly [string, string])[] = [
  ["stash", "Stash"], ["openai", "Model"], ["analysis", "Analysis and budget"], ["schedules", "Schedules"], ["security", "Who may come in"],
  ["jobs", "Jobs"], ["logging", "Logging"], ["cors", "Other sites"], ["app", "Service"], ["database", "Database"],
];

function SettingsPage() {
  useTitle("Settings");
  const loaded = useLoad(async (signal) => {
    const [tree, { groups }] = await Promise.all([
      api.get<SettingsTree>("settings", {}, signal),
      api.get<{ groups: Schemas }>("settings/schema", {}, signal),
    ]);
    return { tree, groups };
  }, []);
  return (
    <div class="page settings">
      <div class="page-head"><h1>Settings</h1></div>
      <Loaded of={loaded}>{({ tree, groups }) => <Shown first={tree} groups={groups} />}</Loaded>
    </div>
  );
}

function Shown({ first, groups }: { first: SettingsTree; groups: Schemas }) {
  const [tree, onSaved] = useState(first);
  const section = (group: string, title: string) => ({ group, title, schema: groups[group]!, tree, onSaved });
  const host = String(tree.values.openai?.base_url ?? "https://api.openai.com/v1");
  return (
    <div class="settings-body">
      <nav class="settings-nav" aria-label="Groups of settings">
        {PLACES.map(([group, title]) => (
          <button key={group} type="button" class="link" onClick={() => document.getElementById(group)?.scrollIntoView()}>{title}</button>
        ))}
      </nav>
      <div class="settings-sections">
        <Section {...section("stash", "Stash")} main={["url", "api_key", "live"]} test="test-stash"
          intro="Where your Stash is. A new address needs its key entered anew: a stored key never goes to another host." />
        <Section {...section("openai", "Model")} main={["enabled", "base_url", "api_key", "model"]} test="test-openai"
          intro={<>Optional: rules and your own organized scenes do most of the work. Where a model is on, paths, titles and the names of likely performers, tags and studios of doubtful scenes are sent to <code>{host}</code>; pictures and videos never are. A local server works as well.</>} />
        <Section {...section("analysis", "Analysis and budget")}
          main={["fields", "min_confidence", "use_llm", "max_cost_usd_per_job", "max_cost_usd_per_day", "max_cost_usd_per_month"]}
          intro="What an analysis does where nothing else is chosen. Organized scenes, values that are there, and performers, tags and studios that ignore auto-tag are left alone." />
        <SchedulesSection />
        <Section {...section("security", "Who may come in")} main={["api_key", "hook_secret", "allowed_hosts", "trusted_proxies"]}>
          {session.value.state === "in" && session.value.me.via === "cookie" && <Password />}
        </Section>
        <Section {...section("jobs", "Jobs")} main={[]} />
        <Section {...section("logging", "Logging")} main={[]} />
        <Section {...section("cors", "Other sites")} main={[]} />
        <Section {...section("app", "Service")} main={[]} intro={`StashHog ${String(tree.values.app?.version ?? "")}`} />
        <Section {...section("database", "Database")} main={[]} />
      </div>
    </div>
  );
}

function Password() {
  const [error, setError] = useState<Error | null>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const { old, fresh } = Object.fromEntries(new FormData(form)) as Record<string, string>;
    setError(null);
    try {
      await api.post("auth/password", { old, new: fresh });
      form.reset();
      say("The password is changed; all other sessions have ended.");
    } catch (caught) {
      setError(caught as Error);
    }
  };
  return (
    <form class="stack" onSubmit={submit}>
      <h3>Change the password</h3>
      <div class="filter-fields">
        <Field label="Present password"><input name="old" type="password" required autocomplete="current-password" /></Field>
        <Field label="New password" hint="At least 8 characters."><input name="fresh" type="password" required minLength={8} autocomplete="new-password" /></Field>
      </div>
      {error && <ErrorBox error={error} />}
      <div class="actions"><button type="submit">Change it</button></div>
    </form>
  );
}
