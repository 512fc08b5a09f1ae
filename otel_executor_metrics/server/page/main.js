// The page: scrapes go into the history, and what the user chose of it onto the screen.

import { recolour, showCharts } from "./charts.js";
import { Choice } from "./choice.js";
import { byId, setText } from "./dom.js";
import { byType, showFailures } from "./failures.js";
import { ago, clock } from "./format.js";
import { watchHealth } from "./health.js";
import { History } from "./history.js";
import { showLibrary } from "./library.js";
import { KeptSelection, measure, Selection } from "./measures.js";
import { parse } from "./parse.js";
import { INTERVAL, Poller } from "./poller.js";
import { SetTable } from "./sets.js";
import { showState } from "./status.js";
import { watchTheme } from "./theme.js";
import { showTiles } from "./tiles.js";
import { latest, timeline } from "./timeline.js";

const NOTHING_YET = new Float64Array(0);

export const history = new History();
const choice = new Choice(show);
const table = new SetTable((set) => choice.toggle(set));
const poller = new Poller(take, tell);
let selected = { key: "", selection: new KeptSelection([]) };

function take(text) {
  history.add(Date.now() / 1000, parse(text));
  show();
}

function tell(state) {
  if (state.kind !== "live") history.interrupt();
  showState(state, history.last?.time);
}

function show() {
  if (!history.last) return;
  const { model, raw, points } = history;
  const listed = choice.listed(model.sets());
  const picked = choice.picked(listed);
  const selection = select(picked);
  const now = measureNow(selection);
  choice.offer([...model.operations.keys()]);
  showTiles(now);
  showCharts(timeline(points, selection, choice.range, choice.window), selection, choice.range);
  showFailures(byType(selection, now));
  table.show(listed.map((set) => rowOf(set, picked.length === 1 && picked[0] === set)));
  showLibrary(model.own, raw);
  showWords(picked, listed, model);
}

/** Return the selection of these label sets, the one of before where they are the same. */
function select(sets) {
  const key = `${history.model.width} ${sets.map((set) => set.key).join("\n")}`;
  if (key !== selected.key) selected = { key, selection: new KeptSelection(sets) };
  return selected.selection;
}

function measureNow(selection) {
  if (Number.isFinite(choice.span)) return latest(history.points, selection, choice.span);
  return measure(selection, NOTHING_YET, history.raw, NaN);
}

function rowOf(set, picked) {
  const selection = new Selection([set]);
  const sinceStart = measure(selection, NOTHING_YET, history.raw, NaN);
  const now = Number.isFinite(choice.span) ? measureNow(selection) : sinceStart;
  return { set, picked, measure: { ...(now ?? unknown(sinceStart)), total: sinceStart.finished } };
}

/** Return a measure that knows only what a single scrape says. */
function unknown({ lost, inProgress }) {
  return { lost, inProgress, quantiles: [] };
}

function showWords(picked, listed, model) {
  const recorded = history.raw.some((value) => value > 0);
  document.body.classList.toggle("empty", !recorded);
  byId("empty").hidden = recorded;
  setText(byId("subject"), subject(picked, listed));
  setText(byId("span-text"), choice.spanText);
  setText(byId("failures-span"), choice.spanText);
  setText(byId("window-text"), `each point covers the ${ago(choice.window)} before it`);
  setText(byId("source"), model.service ? `${model.service} · ${location.host}` : location.host);
  setText(byId("restarted"), restarted());
  setText(byId("kept"), `History of this tab: ${ago(history.last.time - history.points[0].time)}`);
}

function subject(picked, listed) {
  if (!choice.narrowed) return "All operations";
  if (picked.length !== 1) return `${listed.length} label sets`;
  const labels = picked[0].labels.map(([name, value]) => `${name}=${value || "(none)"}`);
  return [picked[0].operation, ...labels].join(" · ");
}

function restarted() {
  return history.restartedAt ? `Counters began anew at ${clock(history.restartedAt)}` : "";
}

watchTheme(recolour);
watchHealth();
byId("pause").addEventListener("click", () =>
  poller.state.kind === "paused" ? poller.resume() : poller.pause(),
);
byId("retry").addEventListener("click", () => poller.resume());
byId("sign-in").addEventListener("click", () => location.reload());
// The countdown of the notice; what is read out changes with the state only.
setInterval(() => showState(poller.state, history.last?.time), 1000);
setText(byId("interval"), `Updated every ${INTERVAL} s`);
poller.start();
