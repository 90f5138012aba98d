// The start: the first steps on a new installation, afterwards where everything stands.

import { useEffect, useState } from "preact/hooks";
import { analyse } from "../components/analyse";
import { JobLine } from "../components/jobs";
import { Action, Badge, Empty, Loaded, Moment } from "../components/parts";
import { api, type Page as ListPage } from "../core/api";
import { count, money, when, whole } from "../core/format";
import { useKeys } from "../core/keys";
import type { Calibration, CoverageHistory, Ready, Schedules, SettingsTree, SyncStatus } from "../core/library";
import { libraryVersion, liveJobs, takeJob, turns } from "../core/live";
import { useLoad, useTitle } from "../core/load";
import { href } from "../core/router";
import type { Job, Plan } from "../core/shapes";
import { CalibrationCard } from "../home/calibration";
import { CoverageBars, CoverageTrend } from "../home/coverage";
import { Welcome } from "../home/welcome";
import type { Page } from "../pages";
import { Segments } from "./plans";

export const homePage: Page = { path: "/", view: Home, nav: { label: "Start", key: "h" } };

const PLANS = 50;
const SHOWN_PLANS = 6;

function Home() {
  const version = libraryVersion.value;
  const loaded = useLoad(async (signal) => {
    const [settings, coverage, sync, plans, schedules, ready, calibration] = await Promise.all([
      api.get<SettingsTree>("settings", {}, signal),
      api.get<CoverageHistory>("library/coverage", {}, signal),
      api.get<SyncStatus>("sync/status", {}, signal),
      api.get<ListPage<Plan>>("analysis/plans", { size: PLANS }, signal),
      api.get<Schedules>("schedules", {}, signal),
      api.get<Ready>("ready", {}, signal),
      api.get<Calibration>("analysis/calibration", {}, signal),
    ]);
    return { settings, coverage, sync, plans, schedules, ready, calibration };
  }, [version, turns()]);
  const [started, setStarted] = useState<boolean | null>(null);
  const isNew = loaded.data && (!loaded.data.settings.values.stash?.url || (loaded.data.coverage.now.scenes === 0 && loaded.data.plans.total === 0));
  useEffect(() => {
    // Once begun, the first steps stay until they are done, whatever a sync brings meanwhile.
    if (started === null && isNew !== undefined) setStarted(isNew);
  }, [isNew]);
  useTitle(started ? "Welcome" : "Start");
  return (
    <Loaded of={loaded} page>
      {(data) => started && data.plans.total === 0
        ? <Welcome tree={data.settings} coverage={data.coverage.now} onSaved={loaded.reload} />
        : <Dashboard {...data} />}
    </Loaded>
  );
}

interface Everything {
  coverage: CoverageHistory;
  sync: SyncStatus;
  plans: ListPage<Plan>;
  schedules: Schedules;
  ready: Ready;
  calibration: Calibration;
}

function Dashboard({ coverage, sync, plans, schedules, ready, calibration }: Everything) {
  const runSync = async () => takeJob(await api.post<Job>("scenes/sync", { mode: "incremental" }));
  useKeys("Start", [{ keys: ["a"], what: "analyse what was not analysed", run: () => analyse({ filter: { analyzed: false } }) }]);
  const live = liveJobs();
  return (
    <div class="page dashboard">
      <div class="page-head">
        <h1>{count(coverage.now.scenes, "scene")}</h1>
        <span class="soft">{whole(coverage.now.organized)} organized, {whole(coverage.now.analyzed)} analysed as they are now</span>
        <div class="actions">
          <Action run={runSync}>Sync</Action>
          <Action class="primary" run={() => analyse({ filter: { analyzed: false } })}>Analyse what is new…</Action>
        </div>
      </div>
      <Troubles ready={ready} />
      <div class="cards">
        <div class="cards-column">
          {live.length > 0 && <section class="panel" aria-labelledby="now"><h2 id="now">Now</h2><div class="job-list">{live.map((job) => <JobLine key={job.id} job={job} />)}</div></section>}
          <ToReview plans={plans} />
          <Freshness sync={sync} schedules={schedules} />
        </div>
        <div class="cards-column">
          <section class="panel" aria-labelledby="coverage"><h2 id="coverage">How complete it is</h2><CoverageBars coverage={coverage} /><CoverageTrend coverage={coverage} /></section>
          <CalibrationCard calibration={calibration} />
          <Costs plans={plans.items} />
        </div>
      </div>
    </div>
  );
}

const FAULTS: Record<string, string> = {
  stash: "Stash does not answer. What was read before can be looked at and reviewed; nothing can be synced or applied meanwhile.",
  openai: "The model does not answer. Analyses go on by rules alone.",
};

function Troubles({ ready }: { ready: Ready }) {
  return (
    <>
      {Object.entries(FAULTS).map(([name, text]) => {
        const check = ready.checks[name as "stash" | "openai"];
        return check.status === "down" && <p key={name} class="panel warn" role="status">{text} <a href={href("/settings")}>Settings</a></p>;
      })}
    </>
  );
}

function ToReview({ plans }: { plans: ListPage<Plan> }) {
  const open = plans.items.filter(({ counts, status }) => status === "draft" || counts.proposed + counts.accepted + counts.conflict + counts.failed > 0);
  return (
    <section class="panel" aria-labelledby="review">
      <h2 id="review">To review</h2>
      {open.length === 0 ? (
        <Empty title={plans.total === 0 ? "No plan yet." : "Everything is reviewed."}><a href={href("/plans")}>All plans</a></Empty>
      ) : (
        <ul class="plain plan-list">
          {open.slice(0, SHOWN_PLANS).map((plan) => {
            const trouble = plan.counts.conflict + plan.counts.failed + plan.counts.undo_conflict;
            return (
              <li key={plan.id}>
                <div><a href={href(`/plans/${plan.id}`)}>{plan.name}</a> {trouble > 0 && <Badge kind="bad">{whole(trouble)} to look at</Badge>}</div>
                <Segments plan={plan} />
                <div class="small soft">{whole(plan.counts.proposed)} to review, {whole(plan.counts.accepted)} accepted and not written yet · <Moment at={plan.created_at} /></div>
              </li>
            );
          })}
          {open.length > SHOWN_PLANS && <li><a href={href("/plans")}>and {open.length - SHOWN_PLANS} more</a></li>}
        </ul>
      )}
    </section>
  );
}

function Freshness({ sync, schedules }: { sync: SyncStatus; schedules: Schedules }) {
  const { last, live } = sync;
  const next = [schedules.sync.incremental, schedules.sync.full].map(({ next_run_at }) => next_run_at).filter((at): at is string => at !== null).sort()[0];
  return (
    <section class="panel" aria-labelledby="fresh">
      <h2 id="fresh">How fresh it is</h2>
      {last ? (
        <>
          <p>Read <a href={href(`/jobs/${last.job_id}`)}><Moment at={last.finished_at} /></a> ({last.mode === "full" ? "everything" : "what changed"}): {whole(last.created)} new, {whole(last.updated)} changed, {whole(last.deleted)} deleted, {whole(last.unchanged)} as they were{last.failed > 0 && <>, <strong class="bad-text">{whole(last.failed)} could not be read</strong></>}.</p>
        </>
      ) : <p>Never read.</p>}
      <p class="soft">{live.connected ? <>Listening to Stash since <Moment at={live.since} />.</> : "Not listening to Stash's own events."} {next ? <>Next scheduled sync: {when(next)}.</> : <>No sync is scheduled. <a href={href("/settings")}>Schedules</a></>}</p>
    </section>
  );
}

const DAY_MS = 86_400_000;

function Costs({ plans }: { plans: Plan[] }) {
  const recent = plans.filter(({ created_at, cost }) => cost.requests > 0 && Date.now() - Date.parse(created_at) < 30 * DAY_MS);
  if (recent.length === 0) return null;
  const unknown = recent.some(({ cost }) => cost.usd === null);
  const usd = recent.reduce((sum, { cost }) => sum + (cost.usd ?? 0), 0);
  const most = Math.max(...recent.map(({ cost }) => cost.usd ?? 0), 0);
  return (
    <section class="panel" aria-labelledby="costs">
      <h2 id="costs">The model in 30 days</h2>
      <p><strong>{money(usd)}</strong>{unknown && " and more, at prices that are not known"} for {count(recent.reduce((sum, { cost }) => sum + cost.requests, 0), "request")}.</p>
      <table class="coverage">
        <tbody>
          {recent.slice(0, 8).map(({ id, name, cost }) => (
            <tr key={id}>
              <th scope="row"><a href={href(`/plans/${id}`)}>{name}</a></th>
              <td class="coverage-bar"><span class="fill" style={{ width: `${most > 0 ? ((cost.usd ?? 0) / most) * 100 : 0}%` }} /></td>
              <td class="number">{money(cost.usd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

