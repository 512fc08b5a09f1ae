// The charts of the page, and what each of them draws.

import { Chart } from "./chart.js";
import * as format from "./format.js";

const MOST_TYPES = 5;

const charts = {
  throughput: new Chart("chart-throughput", { format: format.rate }),
  latency: new Chart("chart-latency", { format: format.duration }),
  share: new Chart("chart-share", { format: format.share, limits: shareLimits }),
  failures: new Chart("chart-failures", { format: format.rate }),
  retries: new Chart("chart-retries", { format: format.rate }),
  progress: new Chart("chart-progress", { format: format.count, limits: wholeLimits }),
};

/** Draw a timeline of `selection`, `range` seconds long. */
export function showCharts({ times, measures }, selection, range) {
  const line = (label, value) => ({ label, values: measures.map((m) => known(m && value(m))) });
  const show = (name, ...lines) => charts[name].show(times, lines, range);
  show(
    "throughput",
    line("Succeeded", (m) => m.success / m.seconds),
    line("Failed", (m) => m.failed / m.seconds),
  );
  show("latency", ...["p50", "p95", "p99"].map((name, i) => line(name, (m) => m.quantiles[i])));
  show("share", line("Success", (m) => m.share));
  show("failures", ...failureLines(measures, selection.types, line));
  show("retries", line("Retries", (m) => m.retries / m.seconds));
  show("progress", line("In progress", (m) => m.inProgress));
}

/** Draw all in the colours that hold now. */
export function recolour() {
  for (const chart of Object.values(charts)) chart.recolour();
}

/** Return the chart of that name. */
export function chart(name) {
  return charts[name];
}

function known(value) {
  return Number.isFinite(value) ? value : null;
}

function failureLines(measures, types, line) {
  const ranked = ranking(measures, types);
  const named = ranked.slice(0, MOST_TYPES).map(({ type, index }) =>
    line(type || "(no type)", (m) => m.failures[index] / m.seconds),
  );
  const others = ranked.slice(MOST_TYPES);
  const sum = (m) => others.reduce((total, { index }) => total + m.failures[index], 0);
  return others.length ? [...named, line("Other types", (m) => sum(m) / m.seconds)] : named;
}

/** Return the types that failed in this time, the most frequent first. */
function ranking(measures, types) {
  return types
    .map((type, index) => ({ type, index, count: total(measures, index) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}

function total(measures, index) {
  return measures.reduce((sum, m) => sum + (m ? m.failures[index] : 0), 0);
}

function shareLimits(low) {
  return [[0.99, 0.95, 0.9, 0.8, 0.5].find((bound) => low > bound) ?? 0, 1];
}

function wholeLimits(_, high) {
  return [0, Math.max(5, Math.ceil(high * 1.1))];
}
