// "Accept the sure ones": how the confidence is spread, and what a threshold would accept.

import { useMemo, useState } from "preact/hooks";
import { Dialog } from "../components/dialog";
import { count, whole } from "../core/format";
import { FIELD_NAMES } from "../core/words";
import { narrows } from "./filters";
import { decideMany } from "./dialogs";
import { Preview, useForesight } from "./foresight";
import { sceneName } from "./index";
import type { Review } from "./review";
import { Confidence, Values } from "./row";
import { atLeast, histogram, summarize } from "./summary";

const BINS = 25;
const KEY = "stashhog-threshold";
const SAMPLE = 6;

export function ThresholdDialog({ review, onClose }: { review: Review; onClose: () => void }) {
  const open = useMemo(() => review.shownOpen(), []);
  const [threshold, setThreshold] = useState(() => Number(localStorage.getItem(KEY)) || 0.9);
  const sure = useMemo(() => atLeast(open, threshold), [open, threshold]);
  const foresight = useForesight(review, sure, "accepted");
  const { changes: chosen, ready } = foresight;
  const summary = useMemo(() => summarize(sure), [sure]);
  const least = useMemo(() => [...chosen].sort((a, b) => a.confidence - b.confidence).slice(0, SAMPLE), [chosen]);
  const accept = () => {
    localStorage.setItem(KEY, String(threshold));
    decideMany(review, chosen, "accepted");
    onClose();
  };
  return (
    <Dialog title="Accept the sure ones" onClose={onClose} wide>
      <Histogram counts={histogram(open, BINS)} threshold={threshold} />
      <label class="threshold">
        <span class="unseen">Least confidence</span>
        <input
          type="range" min="0" max="1" step="0.01" value={threshold} autofocus aria-valuetext={`${Math.round(threshold * 100)} %`}
          onInput={(event) => setThreshold(Number(event.currentTarget.value))}
        />
        <output class="number">{Math.round(threshold * 100)} %</output>
      </label>
      <p class="summary-line"><strong class="number">{whole(sure.length)}</strong> of {whole(open.length)} changes {narrows(review.filters) ? "that fit the filters" : "to review"} are at least that sure, in {count(summary.scenes, "scene")}{summary.created.length > 0 && `, with ${count(summary.created.length, "new entry", "new entries")}`}.</p>
      {sure.length > 0 && <Preview of={foresight} />}
      {least.length > 0 && (
        <section>
          <h3>The least sure of them</h3>
          <ul class="samples">
            {least.map((change) => (
              <li key={change.id}><Confidence of={change.confidence} /> <span class="what">{FIELD_NAMES[change.field]}</span> <Values change={change} /> <span class="soft small">{sceneName(change.scene)}</span></li>
            ))}
          </ul>
        </section>
      )}
      <div class="actions">
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="button" class="primary" disabled={!ready} onClick={accept}>Accept {count(chosen.length, "change")}</button>
      </div>
    </Dialog>
  );
}

function Histogram({ counts, threshold }: { counts: number[]; threshold: number }) {
  const most = Math.max(1, ...counts);
  return (
    <svg class="histogram" viewBox={`0 0 ${BINS * 10} 64`} preserveAspectRatio="none" role="img" aria-label="How many changes there are of each confidence">
      {counts.map((n, at) => {
        const height = n === 0 ? 0 : Math.max(2, (Math.sqrt(n) / Math.sqrt(most)) * 62);
        const taken = (at + 1) / BINS > threshold + 1e-9;
        return <rect key={at} class={taken ? "taken" : ""} x={at * 10 + 1} y={64 - height} width={8} height={height}><title>{`${Math.round((at / BINS) * 100)} %: ${n}`}</title></rect>;
      })}
    </svg>
  );
}
