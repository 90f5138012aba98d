// Whether “90 % sure” is right nine times in ten: what was said against what people decided.

import { calibrationPoints, path } from "../core/charts";
import { percent, whole } from "../core/format";
import type { Calibration } from "../core/library";
import type { FieldName } from "../core/shapes";
import { FIELD_NAMES } from "../core/words";

const SIDE = 200;
const LEAST = 5;
const DOT = 2;

export function CalibrationCard({ calibration }: { calibration: Calibration }) {
  const { calibrated, calibrated_from: from, organized_scenes: organized } = calibration;
  const fields = Object.entries(calibration.fields).filter(([, { decided }]) => decided > 0) as [FieldName, Calibration["fields"][FieldName] & object][];
  const decided = fields.reduce((sum, [, one]) => sum + one.decided, 0);
  return (
    <section class="panel" aria-labelledby="calibration">
      <h2 id="calibration">Whether its confidence holds</h2>
      {!calibrated && <p class="soft">Not yet calibrated to your library: that takes {whole(from)} organized scenes, and there are {whole(organized)}. Until then confidences are those of other libraries.</p>}
      {decided === 0 ? <p class="soft">Once you have accepted and rejected some changes, this shows how often it was right when it said how sure it was.</p> : (
        <div class="calibration">
          <svg class="curve" viewBox={`-4 -4 ${SIDE + 8} ${SIDE + 8}`} role="img" aria-label="How often changes were accepted, over how sure they were; the table beside says the same">
            <rect class="frame" x="0" y="0" width={SIDE} height={SIDE} />
            <path class="rule" d={`M0 ${SIDE}L${SIDE} 0`} />
            {fields.map(([name, { bins }]) => {
              const points = calibrationPoints(bins, SIDE, SIDE, LEAST);
              return (
                <g key={name}>
                  <path class={`s-${name}`} d={path(points)} />
                  {points.map(({ x, y, decided: n }) => <circle key={x} class={`d-${name}`} cx={x} cy={y} r={DOT + Math.min(4, Math.log10(n) * 1.5)} />)}
                </g>
              );
            })}
          </svg>
          <table class="coverage">
            <thead><tr><th scope="col">Field</th><th scope="col" class="number">Decided</th><th scope="col" class="number">Said</th><th scope="col" class="number">Right</th></tr></thead>
            <tbody>
              {fields.map(([name, { decided: n, accepted, bins }]) => (
                <tr key={name}>
                  <th scope="row"><i class={`swatch f-${name}`} /> {FIELD_NAMES[name]}</th>
                  <td class="number">{whole(n)}</td>
                  <td class="number">{percent(bins.reduce((sum, one) => sum + one.mean_confidence * one.decided, 0) / n)}</td>
                  <td class="number">{percent(accepted / n)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="small soft">On the line it is right as often as it says, above the line more often, below it less. Dots of fewer than {LEAST} decisions are left out.</p>
        </div>
      )}
    </section>
  );
}
