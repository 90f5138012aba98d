// What was rejected and is not proposed again, and the way to have it proposed after all.

import { Action, Empty, Loaded, Moment, Pager, Select } from "../components/parts";
import { api, type Page as ListPage } from "../core/api";
import { count, valueText } from "../core/format";
import { useLoad, useTitle } from "../core/load";
import { say } from "../core/notices";
import { href, setQuery } from "../core/router";
import type { FieldName, Action as Act, Value } from "../core/shapes";
import { FIELD_NAMES, FIELDS } from "../core/words";
import type { Page, PageProps } from "../pages";
import { pageOf } from "../scenes/filters";

interface Rejection {
  id: number;
  scene_id: string;
  field: FieldName;
  action: Act;
  value: Value;
  created_at: string;
}

const SIZE = 50;

export const rejectionsPage: Page = { path: "/plans/rejected", view: Rejections };

function Rejections({ query }: PageProps) {
  useTitle("Rejected");
  const [page, field, scene] = [pageOf(query), query.get("field") ?? "", query.get("scene_id") ?? ""];
  const list = useLoad((signal) => api.get<ListPage<Rejection>>("analysis/rejections", { field, scene_id: scene, page, size: SIZE }, signal), [page, field, scene]);
  const forget = async (one: Rejection) => {
    await api.delete(`analysis/rejections/${one.id}`);
    say(`Forgotten: ${FIELD_NAMES[one.field].toLowerCase()} ${valueText(one.value) ?? ""} may be proposed again`);
    list.reload();
  };
  return (
    <div class="page">
      <nav class="crumbs" aria-label="Where this is"><a href={href("/plans")}>Plans</a></nav>
      <div class="page-head">
        <h1>Rejected</h1>
        {list.data && <span class="soft">{count(list.data.total, "change")} that no analysis proposes again{scene && ` for scene ${scene}`}</span>}
        <div class="actions">
          <Select label="Field" value={field} options={[["", "All fields"], ...FIELDS.map((one) => [one, FIELD_NAMES[one]] as const)]} onPick={(value) => setQuery({ field: value, scene_id: scene })} />
        </div>
      </div>
      <Loaded of={list}>
        {({ items, pages }) => items.length === 0 ? (
          <Empty title={field || scene ? "None of this kind." : "Nothing is rejected."}><p>What you reject in a review is remembered here, also when its plan is deleted.</p>{(field || scene) && <a href={href("/plans/rejected")}>All that is rejected</a>}</Empty>
        ) : (
          <>
            <table class="table">
              <thead><tr><th>Scene</th><th>Field</th><th>What is not proposed</th><th class="wide-only">Since</th><th><span class="unseen">What to do</span></th></tr></thead>
              <tbody>
                {items.map((one) => (
                  <tr key={one.id}>
                    <td><a href={href(`/scenes/${encodeURIComponent(one.scene_id)}`)}>{one.scene_id}</a></td>
                    <td>{FIELD_NAMES[one.field]}</td>
                    <td>{one.action !== "set" && `${one.action} `}<b>{valueText(one.value) ?? "nothing"}</b></td>
                    <td class="wide-only soft"><Moment at={one.created_at} /></td>
                    <td class="number"><Action run={() => forget(one)} aria-label={`Forget ${FIELD_NAMES[one.field].toLowerCase()} ${valueText(one.value) ?? ""} of scene ${one.scene_id}`}>Forget</Action></td>
                  </tr>
                ))}
              </tbody>
            </table>
            <Pager page={page} pages={pages} onPage={(to) => setQuery({ field, scene_id: scene, page: to }, { replace: false })} />
          </>
        )}
      </Loaded>
    </div>
  );
}
