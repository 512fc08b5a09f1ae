// How the page stands with the executor, in words.

import { byId, setText } from "./dom.js";
import { ago, clock } from "./format.js";

const BADGES = {
  connecting: "Connecting",
  live: "Live",
  paused: "Paused",
  lost: "Disconnected",
  unauthorized: "Signed out",
  refused: "No metrics",
};
const SPOKEN = {
  live: "Connected: the numbers are live.",
  paused: "Paused: the numbers stand still.",
  lost: "Connection lost. Trying again.",
  unauthorized: "The executor asks for credentials.",
  refused: "The executor answers, but not with metrics.",
};

/** Show the state of the connection; `asOf` is the time of the last numbers, if any. */
export function showState(state, asOf) {
  const badge = byId("connection");
  const changed = badge.dataset.kind !== state.kind;
  badge.dataset.kind = state.kind;
  setText(byId("connection-text"), BADGES[state.kind]);
  document.body.classList.toggle("stale", Boolean(asOf && state.retryAt));
  byId("notice").hidden = !state.retryAt;
  setText(byId("notice-text"), notice(state, asOf));
  byId("sign-in").hidden = state.kind !== "unauthorized";
  setText(byId("updated"), asOf ? `Updated ${clock(asOf)}` : "");
  setText(byId("pause"), state.kind === "paused" ? "Resume" : "Pause");
  if (changed && SPOKEN[state.kind]) setText(byId("announced-connection"), SPOKEN[state.kind]);
}

function notice({ kind, detail, retryAt }, asOf) {
  if (!retryAt) return "";
  const what = {
    lost: "The executor cannot be reached.",
    unauthorized: "The executor asks for credentials.",
    refused: `The executor answers, but not with metrics: ${detail}`,
  }[kind];
  const shown = asOf ? `Shown is what it said at ${clock(asOf)}. ` : "";
  return `${what} ${shown}Trying again in ${ago(retryAt - Date.now() / 1000)}.`;
}
