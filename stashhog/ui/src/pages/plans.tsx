// All plans, newest first: how far each is reviewed, and what came of it.

import { analyse } from "../components/analyse";
import { Action, Badge, Empty, Loaded, Moment, Pager } from "../components/parts";
import { api, type Page as ListPage } from "../core/api";
import { count, whole } from "../core/format";
import { useLoad, useTitle } from "../core/load";
import { turns } from "../core/live";
import { href, setQuery } from "../core/router";
import type { Plan } from "../core/shapes";
import { PLAN_STATUS } from "../core/words";
import type { Page, PageProps } from "../pages";

const SIZE = 50;

export const plansPage: Page = { path: "/plans", view: Plans, nav: { label: "Plans", key: "p" } };

function Plans({ query }: PageProps) {
  useTitle("Plans");
  const page = Math.max(1, Number(query.get("page")) || 1);
  // A job that began or ended moves plans along.
  const list = useLoad((signal) => api.get<ListPage<Plan>>("analysis/plans", { page, size: SIZE }, signal), [page, turns("analysis", "apply", "undo")]);
  return (
    <div class="page">
      <div class="page-head">
        <h1>Plans</h1>
        <div class="actions"><a class="button" href={href("/plans/rejected")}>What was rejected</a><Action class="primary" run={() => analyse({ filter: { analyzed: false } })}>Analyse what is new…</Action></div>
      </div>
      <Loaded of={list}>
        {({ items, pages }) => items.length === 0 ? (
          <Empty title="No plan yet">
            <p>An analysis of scenes makes a plan: what it would change, why, and how sure it is. Nothing is written before you accept it.</p>
            <a href={href("/scenes")}>Choose the scenes</a>
          </Empty>
        ) : (
          <>
            <table class="table plans">
              <thead>
                <tr><th>Plan</th><th>Status</th><th class="number">Changes</th><th class="wide-only">Reviewed</th><th class="wide-only">Made</th></tr>
              </thead>
              <tbody>{items.map((plan) => <PlanRow key={plan.id} plan={plan} />)}</tbody>
            </table>
            <Pager page={page} pages={pages} onPage={(to) => setQuery({ page: to === 1 ? null : to }, { replace: false })} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function PlanRow({ plan }: { plan: Plan }) {
  const { name, tone } = PLAN_STATUS[plan.status];
  const { conflict, failed, undo_conflict } = plan.counts;
  const trouble = conflict + failed + undo_conflict;
  return (
    <tr>
      <td>
        <a href={href(`/plans/${plan.id}`)}>{plan.name}</a>
        <div class="small soft">{count(plan.scenes, "scene")}</div>
      </td>
      <td><Badge kind={tone}>{name}</Badge> {trouble > 0 && <Badge kind="bad">{whole(trouble)} to look at</Badge>}</td>
      <td class="number">{whole(plan.changes)}</td>
      <td class="wide-only"><Segments plan={plan} /></td>
      <td class="wide-only soft"><Moment at={plan.created_at} /></td>
    </tr>
  );
}

// How a plan's changes stand, as one bar.
export function Segments({ plan }: { plan: Pick<Plan, "counts" | "changes"> }) {
  const { counts } = plan;
  const parts: [string, number][] = [
    ["applied", counts.applied + counts.applying],
    ["accepted", counts.accepted],
    ["trouble", counts.conflict + counts.failed + counts.undo_conflict],
    ["rejected", counts.rejected + counts.undone],
  ];
  const words = `${whole(counts.accepted)} accepted, ${whole(counts.rejected)} rejected, ${whole(counts.applied)} applied, ${whole(counts.proposed)} to review`;
  return (
    <span class="segments" role="img" aria-label={words} title={words}>
      {parts.map(([name, n]) => n > 0 && <span key={name} class={name} style={{ flex: `${n} 0 2px` }} />)}
      <span class="rest" style={{ flex: `${counts.proposed} 0 0` }} />
    </span>
  );
}
