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

/** Show the verdict from now on, and have it read out when it changes. */
export async function watchHealth() {
  if (!(await isServed("/readyz"))) return;
  const look = async () => {
    show(await ask());
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

function show(verdict) {
  const badge = byId("health");
  badge.hidden = verdict === undefined;
  if (badge.hidden || badge.shown === JSON.stringify(verdict)) return;
  badge.shown = JSON.stringify(verdict);
  badge.dataset.status = verdict.status;
  setText(byId("health-status"), WORDS.get(verdict.status) ?? verdict.status);
  const reasons = Array.isArray(verdict.reasons) ? verdict.reasons : [];
  showReasons(reasons, verdict.status === "healthy");
  // Beside what is read out of the connection: in its place one of both would never be heard.
  setText(byId("announced-health"), `Health: ${byId("health-status").textContent}`);
}

function showReasons(reasons, healthy) {
  const none = healthy ? "All within their limits." : "No reasons are told.";
  const texts = reasons.length ? reasons.map(String) : [none];
  byId("health-reasons").replaceChildren(...texts.map((text) => create("li", {}, text)));
}
