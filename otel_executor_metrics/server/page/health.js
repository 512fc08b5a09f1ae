// The verdict of /readyz, where the executor has one.

import { byId, create, setText } from "./dom.js";

const INTERVAL = 5; // seconds
const WORDS = new Map([
  ["healthy", "Healthy"],
  ["degraded", "Degraded"],
  ["unhealthy", "Unhealthy"],
  ["no_data", "No data yet"],
  ["disabled", "Metrics off"],
]);

/** Show the verdict from now on; `tell(words)` is called when it changes, not of the first one. */
export async function watchHealth(tell) {
  if (!(await isServed("/readyz"))) return;
  const look = async () => {
    show(await ask(), tell);
    setTimeout(look, INTERVAL * 1000);
  };
  look();
}

// Asked for outright, a path that does not exist would be an error in the browser's console.
async function isServed(path) {
  try {
    const answer = await fetch("page/paths.json");
    return answer.ok && (await answer.json()).paths.includes(path);
  } catch {
    return false;
  }
}

/** Return the verdict, if the answer is one. */
async function ask() {
  try {
    const answer = await fetch("readyz", { cache: "no-store" });
    const verdict = await answer.json();
    return typeof verdict?.status === "string" ? verdict : undefined;
  } catch {
    return undefined;
  }
}

function show(verdict, tell) {
  const badge = byId("health");
  badge.hidden = verdict === undefined;
  if (badge.hidden || badge.shown === JSON.stringify(verdict)) return;
  const before = badge.dataset.status;
  badge.shown = JSON.stringify(verdict);
  badge.dataset.status = verdict.status;
  setText(byId("health-status"), WORDS.get(verdict.status) ?? verdict.status);
  const reasons = Array.isArray(verdict.reasons) ? verdict.reasons : [];
  showReasons(reasons, verdict.status === "healthy");
  // The first would take the place of the words that the page is connected before they are read.
  if (before && before !== verdict.status) tell(`Health: ${byId("health-status").textContent}`);
}

function showReasons(reasons, healthy) {
  const none = healthy ? "All within their limits." : "No reasons are told.";
  const texts = reasons.length ? reasons.map(String) : [none];
  byId("health-reasons").replaceChildren(...texts.map((text) => create("li", {}, text)));
}
