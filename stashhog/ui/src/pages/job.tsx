// One job, live: how far it is, what it says, what came of it.

import { useEffect, useRef, useState } from "preact/hooks";
import { Loaded, Moment } from "../components/parts";
import { jobSpan, JobActions, JobBadge, JobState } from "../components/jobs";
import { api, type Page as ListPage } from "../core/api";
import { hasEnded, mergeLog, type LogLine } from "../core/frames";
import { sentence, when, whole } from "../core/format";
import { jobTitle, spoken } from "../core/jobs";
import { jobs, openStream, takeJob } from "../core/live";
import { useLoad, useTitle } from "../core/load";
import { href } from "../core/router";
import type { Job } from "../core/shapes";
import type { Page, PageProps } from "../pages";

const LOG_SIZE = 500;

export const jobPage: Page = { path: "/jobs/:id", view: JobPage };

function JobPage({ id }: PageProps) {
  const loaded = useLoad(async (signal) => takeJob(await api.get<Job>(`jobs/${encodeURIComponent(id)}`, {}, signal)), [id]);
  const job = jobs.value.get(id) ?? loaded.data;
  useTitle(job ? jobTitle(job) : "Job");
  return (
    <div class="page">
      <nav class="crumbs" aria-label="Where this is"><a href={href("/jobs")}>Jobs</a></nav>
      {job ? <Shown job={job} /> : <Loaded of={loaded} lost={{ what: "such job", list: "/jobs", name: "All jobs" }}>{(found) => <Shown job={found} />}</Loaded>}
    </div>
  );
}

function Shown({ job }: { job: Job }) {
  const [now, setNow] = useState(Date.now);
  const ended = hasEnded(job);
  useEffect(() => {
    if (ended) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [ended]);
  return (
    <>
      <div class="page-head">
        <h1>{jobTitle(job)}</h1> <JobBadge job={job} />
        <div class="actions"><JobActions job={job} /></div>
      </div>
      <p class="unseen" role="status">{spoken(job)}</p>
      <div class="panel job-now"><JobState job={job} /></div>
      <dl class="facts">
        <div><dt>Asked for</dt><dd>{when(job.created_at)}</dd></div>
        <div><dt>Started</dt><dd>{job.started_at ? <Moment at={job.started_at} /> : "not yet"}</dd></div>
        <div><dt>{ended ? "Took" : "Has taken"}</dt><dd>{jobSpan(job, now)}</dd></div>
        {job.attempt > 1 && <div><dt>Attempt</dt><dd>{job.attempt}</dd></div>}
        {ended && <div><dt>Ended</dt><dd>{when(job.finished_at)}</dd></div>}
      </dl>
      {job.result && <Result result={job.result} />}
      {job.kind === "sync" && typeof job.result?.failed === "number" && job.result.failed > 0 && <Failures job={job} />}
      <Log job={job} ended={ended} />
    </>
  );
}

function Result({ result }: { result: Record<string, unknown> }) {
  const rows = Object.entries(result).filter(([name]) => name !== "plan_id").flatMap(([name, value]): [string, string][] => {
    if (value !== null && typeof value === "object") {
      return Object.entries(value as Record<string, unknown>)
        .filter(([, inner]) => inner !== null && inner !== 0)
        .map(([inner, of]) => [`${sentence(name)}: ${sentence(inner).toLowerCase()}`, shown(of)]);
    }
    return [[sentence(name), shown(value)]];
  });
  if (rows.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="result">
      <h2 id="result">What came of it</h2>
      <dl class="facts">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd class="number">{value}</dd></div>)}</dl>
    </section>
  );
}

function shown(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? whole(value) : String(value);
  return value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

interface SyncFailure {
  kind: string;
  item: string;
  reason: string;
}

function Failures({ job }: { job: Job }) {
  const list = useLoad((signal) => api.get<ListPage<SyncFailure>>("sync/failures", { job_id: job.id, size: 100 }, signal), [job.id]);
  return (
    <section class="stack" aria-labelledby="failures">
      <h2 id="failures">What could not be read</h2>
      <Loaded of={list}>
        {({ items, total }) => (
          <>
            <table class="table">
              <thead><tr><th>What</th><th>Why</th></tr></thead>
              <tbody>
                {items.map(({ kind, item, reason }) => (
                  <tr key={kind + item}><td>{kind === "scene" ? <a href={href(`/scenes/${encodeURIComponent(item)}`)}>scene {item}</a> : `${kind} ${item}`}</td><td>{reason}</td></tr>
                ))}
              </tbody>
            </table>
            {total > items.length && <p class="soft">The first {items.length} of {whole(total)}.</p>}
          </>
        )}
      </Loaded>
    </section>
  );
}

function Log({ job, ended }: { job: Job; ended: boolean }) {
  const [lines, setLines] = useState<LogLine[]>([]);
  const box = useRef<HTMLDivElement>(null);
  const follow = useRef(true);
  useEffect(() => {
    const gone = new AbortController();
    const load = () => api.get<ListPage<LogLine>>(`jobs/${job.id}/log`, { size: LOG_SIZE }, gone.signal)
      .then(({ items }) => setLines((before) => mergeLog(before, items)), () => {}); // the live lines are shown all the same
    void load();
    if (!ended) {
      openStream(`jobs/${job.id}/ws`, {
        signal: gone.signal, ends: true,
        onFrame: (frame) => {
          if (frame.type === "log") setLines((before) => mergeLog(before, [{ seq: frame.seq!, at: frame.at, level: frame.level, message: frame.message }]));
        },
      });
    }
    return () => gone.abort();
  }, [job.id, ended]);
  useEffect(() => {
    if (follow.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  return (
    <section class="stack" aria-labelledby="log">
      <h2 id="log">Log</h2>
      {lines.length === 0 ? <p class="soft">{ended ? "It had nothing to say." : "Nothing said yet."}</p> : (
        <div
          ref={box} class="log" tabIndex={0} role="log" aria-label="Log of the job"
          onScroll={({ currentTarget: el }) => { follow.current = el.scrollHeight - el.scrollTop - el.clientHeight < 20; }}
        >
          {lines.map((line) => (
            <p key={line.seq} class={line.level}>
              <time class="soft" dateTime={line.at}>{line.at ? new Date(line.at).toLocaleTimeString() : ""}</time> {line.level !== "info" && <strong>{line.level}</strong>} {line.message}
            </p>
          ))}
        </div>
      )}
    </section>
  );
}
