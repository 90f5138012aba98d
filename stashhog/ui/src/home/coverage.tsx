// How complete the library is: a bar for each field, and the way there over time.

import { href } from "../core/router";
import { line, path, share, thinned } from "../core/charts";
import { count, percent, whole } from "../core/format";
import { LACKING, type CoverageHistory, type Lacking } from "../core/library";

const WIDTH = 560;
const HEIGHT = 120;
const POINTS = 120;

export function CoverageBars({ coverage }: { coverage: CoverageHistory }) {
  const { now } = coverage;
  return (
    <table class="coverage">
      <caption class="unseen">How many of {count(now.scenes, "scene")} have a value in each field</caption>
      <tbody>
        {LACKING.map((name) => {
          const has = share(now.missing[name], now.scenes);
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="coverage-bar"><span class={`fill f-${name}`} style={{ width: `${has * 100}%` }} /></td>
              <td class="number">{percent(has)}</td>
              <td class="small">{now.missing[name] > 0 ? <a href={href("/scenes", { missing: name })}>{whole(now.missing[name])} lack it</a> : <span class="soft">all have it</span>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

export function CoverageTrend({ coverage }: { coverage: CoverageHistory }) {
  const days = thinned(coverage.days, POINTS);
  if (days.length < 2) return <p class="small soft">From the second day of syncs on, a curve here shows how the library fills.</p>;
  const series = LACKING.map((name): [Lacking, number[]] => [name, days.map((day) => share(day.missing[name], day.scenes))]);
  return (
    <figure class="trend">
      <svg viewBox={`-2 -4 ${WIDTH + 4} ${HEIGHT + 8}`} role="img" aria-label={trendWords(series, days[0]!.day)} preserveAspectRatio="none">
        {[0, 0.5, 1].map((at) => <line key={at} class="rule" x1="0" x2={WIDTH} y1={HEIGHT * at} y2={HEIGHT * at} />)}
        {series.map(([name, values]) => <path key={name} class={`s-${name}`} d={path(line(values, WIDTH, HEIGHT, 1))} />)}
      </svg>
      <figcaption class="small soft">
        <span>{days[0]!.day}</span>
        <span class="legend">{LACKING.map((name) => <span key={name}><i class={`f-${name}`} /> {name}</span>)}</span>
        <span>{days.at(-1)!.day}</span>
      </figcaption>
    </figure>
  );
}

function trendWords(series: [Lacking, number[]][], since: string): string {
  return `Share of scenes with a value, since ${since}: ${series.map(([name, values]) => `${name} ${percent(values[0]!)} to ${percent(values.at(-1)!)}`).join(", ")}`;
}
