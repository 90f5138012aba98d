// All jobs, newest first; what runs is live.

import { useEffect } from "preact/hooks";
import { Empty, Loaded, Pager, Select } from "../components/parts";
import { JobLine } from "../components/jobs";
import { api, type Page as ListPage } from "../core/api";
import { JOB_STATUS, KIND_NAMES } from "../core/jobs";
import { jobs, turns } from "../core/live";
import { useLoad, useTitle } from "../core/load";
import { href, setQuery } from "../core/router";
import type { Job, JobKind, JobStatus } from "../core/shapes";
import type { Page, PageProps } from "../pages";
import { pageOf } from "../scenes/filters";

const SIZE = 50;

export const jobsPage: Page = { path: "/jobs", view: Jobs, nav: { label: "Jobs", key: "j" } };

function Jobs({ query }: PageProps) {
  useTitle("Jobs");
  const page = pageOf(query);
  const kind = query.get("kind") ?? "";
  const status = query.get("status") ?? "";
  const list = useLoad((signal) => api.get<ListPage<Job>>("jobs", { kind, status, page, size: SIZE }, signal), [kind, status, page]);
  useEffect(() => list.reload(), [turns()]);
  const change = (values: Record<string, string | number | null>) => setQuery({ kind, status, ...values });
  const fresh = (job: Job) => {
    const live = jobs.value.get(job.id);
    return live && live.seq >= job.seq ? live : job;
  };
  return (
    <div class="page">
      <div class="page-head">
        <h1>Jobs</h1>
        <div class="actions">
          <Select label="Kind" value={kind} options={[["", "All kinds"], ...names(KIND_NAMES)]} onPick={(value) => change({ kind: value })} />
          <Select label="Status" value={status} options={[["", "Any status"], ...Object.entries(JOB_STATUS).map(([key, { name }]) => [key, name.split(";")[0]!] as const)]} onPick={(value) => change({ status: value })} />
        </div>
      </div>
      <Loaded of={list}>
        {({ items, pages }) => items.length === 0 ? (
          <Empty title={kind || status ? "No such job." : "Nothing has run yet."}><p>A sync, an analysis, an apply or an undo shows here while it runs and after it.</p>{kind || status ? <a href={href("/jobs")}>All jobs</a> : <a href={href("/")}>Go to the start</a>}</Empty>
        ) : (
          <>
            <div class="job-list">{items.map((job) => <JobLine key={job.id} job={fresh(job)} />)}</div>
            <Pager page={page} pages={pages} onPage={(to) => setQuery({ kind, status, page: to }, { replace: false })} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function names(of: Record<JobKind, string>): (readonly [string, string])[];
function names(of: Record<JobStatus, string>): (readonly [string, string])[];
function names(of: Record<string, string>): (readonly [string, string])[] {
  return Object.entries(of);
}
