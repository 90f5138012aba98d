// One scene: what Stash says of it, what it lacks, its files, and everything ever proposed for it.

import { analyse } from "../components/analyse";
import { Action, Loaded, Moment, Thumb } from "../components/parts";
import { api } from "../core/api";
import { clock, size, when } from "../core/format";
import { useKeys } from "../core/keys";
import { LACKING, type Scene, type SettingsTree } from "../core/library";
import { isWebAddress } from "../core/links";
import { libraryVersion } from "../core/live";
import { useLoad, useTitle } from "../core/load";
import { say } from "../core/notices";
import { go, href } from "../core/router";
import type { Page, PageProps } from "../pages";
import { History } from "../scenes/history";
import { Flags, nameOf } from "./scenes";

export const scenePage: Page = { path: "/scenes/:id", view: ScenePage };

function ScenePage({ id }: PageProps) {
  const version = libraryVersion.value;
  const scene = useLoad((signal) => api.get<Scene>(`scenes/${encodeURIComponent(id)}`, {}, signal), [id, version]);
  useTitle(scene.data ? nameOf(scene.data) : "Scene");
  return <div class="page"><Loaded of={scene} lost={{ what: `scene ${id}`, list: "/scenes", name: "All scenes" }}>{(found) => <Shown scene={found} reload={scene.reload} />}</Loaded></div>;
}

function Shown({ scene, reload }: { scene: Scene; reload: () => void }) {
  const what = `“${nameOf(scene)}”`;
  const analyseThis = () => analyse({ scene_ids: [scene.id] }, what);
  const resync = async () => {
    await api.post(`scenes/${encodeURIComponent(scene.id)}/resync`);
    say("Read again from Stash.");
    reload();
  };
  useKeys("Scene", [
    { keys: ["a"], what: "analyse this scene", run: analyseThis },
    { keys: ["b", "Escape"], what: "back to the scenes", run: () => go("/scenes") },
  ]);
  const lacking = LACKING.filter((name) => isEmpty(scene, name));
  return (
    <>
      <nav class="crumbs" aria-label="Where this is"><a href={href("/scenes")}>Scenes</a></nav>
      <div class="page-head">
        <h1>{nameOf(scene)}</h1> <Flags scene={scene} />
        <div class="actions">
          <StashLink id={scene.id} />
          <Action run={resync}>Read again from Stash</Action>
          <button type="button" class="primary" onClick={analyseThis} disabled={scene.deleted}>Analyse…</button>
        </div>
      </div>
      <div class="scene-top">
        <Thumb scene={scene.id} width={480} />
        <dl class="facts">
          <Fact name="Studio">{scene.studio && <a href={href("/scenes", { studio_id: scene.studio.id })}>{scene.studio.name}</a>}</Fact>
          <Fact name="Performers">{scene.performers.length > 0 && <Links of={scene.performers} by="performer_id" />}</Fact>
          <Fact name="Tags">{scene.tags.length > 0 && <Links of={scene.tags} by="tag_id" />}</Fact>
          <Fact name="Date">{scene.date}</Fact>
          <Fact name="Rating">{scene.rating100 === null ? null : `${scene.rating100} of 100`}</Fact>
          <Fact name="Details">{scene.details && <span class="pre">{scene.details}</span>}</Fact>
          <Fact name="Links">{scene.urls.length > 0 && <ul class="plain">{scene.urls.map((url) => <li key={url}>{isWebAddress(url) ? <a href={url} target="_blank" rel="noreferrer noopener">{url}</a> : url}</li>)}</ul>}</Fact>
          <Fact name="In Stash since">{when(scene.created_at)}</Fact>
          <Fact name="Last changed"><Moment at={scene.updated_at} /></Fact>
          <Fact name="Last read"><Moment at={scene.synced_at} /></Fact>
        </dl>
      </div>
      {lacking.length > 0 && <p class="panel warn">This scene lacks {sentenceList(lacking)}.</p>}
      <section class="stack" aria-labelledby="files">
        <h2 id="files">Files</h2>
        {scene.files.length === 0 ? <p class="soft">This scene has no file.</p> : <Files scene={scene} />}
      </section>
      <History id={scene.id} />
    </>
  );
}

function isEmpty(scene: Scene, name: (typeof LACKING)[number]): boolean {
  const value = scene[name];
  return Array.isArray(value) ? value.length === 0 : !value;
}

function sentenceList(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return <div><dt>{name}</dt><dd>{children || <span class="soft">–</span>}</dd></div>;
}

function Links({ of, by }: { of: readonly { id: string | null; name: string }[]; by: string }) {
  return <>{of.map(({ id, name }, at) => <span key={id}>{at > 0 && ", "}<a href={href("/scenes", { [by]: id })}>{name}</a></span>)}</>;
}

// Stash's own page of the scene, where its address is known here.
function StashLink({ id }: { id: string }) {
  const settings = useLoad((signal) => api.get<SettingsTree>("settings", {}, signal), []);
  const url = settings.data?.values.stash?.url;
  if (typeof url !== "string" || !isWebAddress(url)) return null;
  return <a class="button" href={`${url.replace(/\/+$/, "")}/scenes/${encodeURIComponent(id)}`} target="_blank" rel="noreferrer noopener">Open in Stash</a>;
}

function Files({ scene }: { scene: Scene }) {
  return (
    <table class="table">
      <thead><tr><th>Path</th><th class="number">Size</th><th class="number">Length</th><th class="wide-only">Picture</th></tr></thead>
      <tbody>
        {scene.files.map((file) => (
          <tr key={file.id}>
            <td class="path">{file.path}</td>
            <td class="number">{size(file.size)}</td>
            <td class="number">{clock(file.duration)}</td>
            <td class="wide-only soft small">
              {[file.width && file.height && `${file.width} × ${file.height}`, file.video_codec, file.frame_rate && `${Math.round(file.frame_rate * 100) / 100} fps`].filter(Boolean).join(" · ")}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
