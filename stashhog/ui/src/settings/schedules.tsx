// When syncs and analyses run by themselves.

import { useState } from "preact/hooks";
import { Action, ErrorBox, Loaded, Moment } from "../components/parts";
import { api } from "../core/api";
import { span, when, words } from "../core/format";
import type { Schedule, Schedules } from "../core/library";
import { useLoad } from "../core/load";
import { say } from "../core/notices";
import { href } from "../core/router";

const EVERY: readonly (readonly [number, string])[] = [
  [300, "every 5 minutes"], [900, "every 15 minutes"], [3600, "every hour"], [21_600, "every 6 hours"], [86_400, "every day"], [604_800, "every week"],
];
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

type Name = "incremental" | "full" | "analysis";

const TITLES: Record<Name, [string, string, number]> = {
  incremental: ["Sync of what changed", "Keeps up with Stash between its own events.", 900],
  full: ["Full sync", "Reads everything anew; also finds what left no trace in Stash.", 604_800],
  analysis: ["Analysis", "Looks at scenes that were not analysed since they changed, and puts what it finds into a plan. Nothing is written without you.", 86_400],
};

export function SchedulesSection() {
  const loaded = useLoad((signal) => api.get<Schedules>("schedules", {}, signal), []);
  return (
    <section class="panel settings-section" id="schedules" aria-labelledby="schedules-title">
      <h2 id="schedules-title">Schedules</h2>
      <p class="soft">Nothing runs by itself until you turn it on here. A run that was missed is made up for once.</p>
      <Loaded of={loaded}>
        {({ sync, analysis }) => (
          <>
            <Row name="incremental" schedule={sync.incremental} reload={loaded.reload} />
            <Row name="full" schedule={sync.full} reload={loaded.reload} />
            <Row name="analysis" schedule={analysis} reload={loaded.reload} />
          </>
        )}
      </Loaded>
    </section>
  );
}

function Row({ name, schedule, reload }: { name: Name; schedule: Schedule; reload: () => void }) {
  const [title, hint, usual] = TITLES[name];
  const now = !schedule.enabled ? "off" : schedule.cron !== null ? "cron" : String(schedule.every_s);
  const [choice, setChoice] = useState(now);
  const [cron, setCron] = useState(schedule.cron ?? "0 4 * * *");
  const [timezone, setTimezone] = useState(schedule.enabled ? schedule.timezone : HERE);
  const [error, setError] = useState<Error | null>(null);
  const known = EVERY.some(([seconds]) => String(seconds) === now);
  const dirty = choice !== now || (choice === "cron" && (cron !== schedule.cron || timezone !== schedule.timezone));
  const save = async () => {
    const wanted = choice === "off" ? { enabled: false } : choice === "cron" ? { enabled: true, cron, timezone } : { enabled: true, every_s: Number(choice) };
    setError(null);
    try {
      await api.put("schedules", name === "analysis" ? { analysis: wanted } : { sync: { [name]: wanted } });
      say(`${title}: saved.`);
      reload();
    } catch (caught) {
      setError(caught as Error);
    }
  };
  return (
    <div class="schedule">
      <div>
        <h3>{title}</h3>
        <p class="small soft">{hint}</p>
      </div>
      <div class="stack">
        <div class="actions">
          <select aria-label={`When: ${title}`} value={choice} onChange={(event) => setChoice(event.currentTarget.value)}>
            <option value="off">off</option>
            {!known && now !== "off" && now !== "cron" && <option value={now}>every {span(schedule.every_s)}</option>}
            {EVERY.map(([seconds, text]) => <option key={seconds} value={String(seconds)}>{text}{seconds === usual ? " (usual)" : ""}</option>)}
            <option value="cron">at times of your own (cron)</option>
          </select>
          {choice === "cron" && (
            <>
              <input aria-label="Cron expression" class="mono" value={cron} spellcheck={false} onInput={(event) => setCron(event.currentTarget.value)} />
              <input aria-label="Time zone" value={timezone} spellcheck={false} onInput={(event) => setTimezone(event.currentTarget.value)} />
            </>
          )}
          {dirty && <Action class="primary" run={save}>Save</Action>}
        </div>
        {choice === "cron" && <p class="hint">Minute, hour, day of month, month, day of week: <code>0 4 * * *</code> is every day at 4:00.</p>}
        {error && <ErrorBox error={error} />}
        {schedule.enabled && (
          <p class="small soft">
            {schedule.next_run_at && <>Next: {when(schedule.next_run_at)}. </>}
            {schedule.last_run_at && <>Last: {schedule.last_job_id ? <a href={href(`/jobs/${schedule.last_job_id}`)}><Moment at={schedule.last_run_at} /></a> : <Moment at={schedule.last_run_at} />}{schedule.last_outcome ? `, ${words(schedule.last_outcome)}` : ""}.</>}
          </p>
        )}
      </div>
    </div>
  );
}
