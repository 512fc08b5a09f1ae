// The history as charts want it: one measure for each scrape, over the time before it.

import { measure } from "./measures.js";

/**
 * Return `{ times, measures }` of the last `range` seconds. Each measure covers the `window`
 * seconds before its time, or what there is of them. A gap is a measure that is null.
 */
export function timeline(points, selection, range, window) {
  const shown = { times: [], measures: [] };
  const end = points.at(-1)?.time ?? 0;
  let start = 0;
  points.forEach((point, index) => {
    start = startOf(points, start, point.time - window);
    if (point.time < end - range || index === 0) return;
    if (point.afterGap) add(shown, point.time - 0.001, null);
    add(shown, point.time, between(selection, points[start], point));
  });
  return shown;
}

/** Return the measure of the last `seconds` seconds, or null as long as there is but one scrape. */
export function latest(points, selection, seconds) {
  if (points.length < 2) return null;
  const end = points.at(-1);
  return between(selection, points[startOf(points, 0, end.time - seconds)], end);
}

/** Return the index of the last point at or before `time`, looked for from `start` on. */
function startOf(points, start, time) {
  let index = start;
  while (index + 2 < points.length && points[index + 1].time <= time) index += 1;
  return index;
}

function between(selection, from, to) {
  return measure(selection, from.values, to.values, to.time - from.time);
}

function add({ times, measures }, time, value) {
  times.push(time);
  measures.push(value);
}
