// A job in a line: what it is, how far it is, what it waits for, and its way out.

import { useState } from "preact/hooks";
import { Dialog } from "./dialog";
import { Action, Badge, Moment, ProgressBar } from "./parts";
import { api } from "../core/api";
import { hasEnded } from "../core/frames";
import { progressText, span, waitingText } from "../core/format";
import { JOB_STATUS, jobTitle, planOf, resultText } from "../core/jobs";
import { takeJob } from "../core/live";
import { say } from "../core/notices";
import { go, href } from "../core/router";
import type { Job } from "../core/shapes";

export function JobLine({ job }: { job: Job }) {
  return (
    <article class="job" aria-label={`${jobTitle(job)}, ${JOB_STATUS[job.status].name}`}>
      <div class="job-head">
        <a href={href(`/jobs/${job.id}`)}>{jobTitle(job)}</a>
        <JobBadge job={job} />
        <span class="soft small"><Moment at={job.finished_at ?? job.started_at ?? job.created_at} /></span>
        <div class="actions"><JobActions job={job} /></div>
      </div>
      <JobState job={job} />
    </article>
  );
}

export function JobBadge({ job }: { job: Job }) {
  const { name, tone } = JOB_STATUS[job.status];
  return <Badge kind={job.waiting ? "warn" : tone}>{job.waiting ? "Waiting" : name}</Badge>;
}

export function JobState({ job }: { job: Job }) {
  if (job.error) return <p class="small bad-text">{job.error.detail}</p>;
  if (hasEnded(job)) return <p class="small soft">{resultText(job) || progressText(job.progress)}</p>;
  if (job.status === "queued") return null;
  return (
    <>
      <ProgressBar done={job.progress.done} total={job.progress.total} label={jobTitle(job)} />
      <p class="small soft">{job.waiting ? waitingText(job.waiting, Date.now()) : [progressText(job.progress), job.progress.done > 0 && job.progress.message].filter(Boolean).join(" · ")}</p>
    </>
  );
}

export function JobActions({ job }: { job: Job }) {
  const plan = planOf(job);
  const cancel = async () => takeJob(await api.delete<Job>(`jobs/${job.id}`));
  const retry = async () => {
    const next = takeJob(await api.post<Job>(`jobs/${job.id}/retry`));
    say("Started again.");
    go(`/jobs/${next.id}`);
  };
  const replaced = job.error?.code === "library_replaced";
  const again = job.status === "failed" || job.status === "cancelled" || job.result?.stopped === "budget";
  return (
    <>
      {plan !== null && <a class="button" href={href(`/plans/${plan}`)}>Plan {plan}</a>}
      {!hasEnded(job) && <Action run={cancel} disabled={job.status === "cancelling"}>Cancel</Action>}
      {replaced && <Adopt />}
      {again && <Action run={retry}>{job.result?.stopped === "budget" ? "Go on" : "Try again"}</Action>}
    </>
  );
}

// Stash serves another library than before: taking it over is a choice of its own.
function Adopt() {
  const [asked, setAsked] = useState(false);
  const adopt = async () => {
    const next = takeJob(await api.post<Job>("scenes/sync", { adopt: true }));
    setAsked(false);
    go(`/jobs/${next.id}`);
  };
  return (
    <>
      <button type="button" onClick={() => setAsked(true)}>Take the other library…</button>
      {asked && (
        <Dialog title="Take the other library?" onClose={() => setAsked(false)}>
          <p>Stash serves other scenes than those that were read before. If that is not what you meant, restore the library in Stash and sync again: nothing is lost here.</p>
          <p>If it is, the scenes that were known are marked as deleted, with their plans and history kept, what was rejected for them is forgotten, and the library that Stash has now is read. Nothing is written to Stash.</p>
          <div class="actions">
            <button type="button" onClick={() => setAsked(false)}>Leave it</button>
            <Action class="primary" run={adopt}>Take it</Action>
          </div>
        </Dialog>
      )}
    </>
  );
}

// How long it took, or has taken.
export function jobSpan(job: Job, now: number): string {
  if (!job.started_at) return "–";
  const end = job.finished_at ? Date.parse(job.finished_at) : now;
  return span((end - Date.parse(job.started_at)) / 1000);
}
