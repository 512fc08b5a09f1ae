// Light, dark, or as the system has it.

import { byId } from "./dom.js";

const KEY = "executor-metrics-theme";

/** Let the switch decide; `changed` is called when the colours are others. */
export function watchTheme(changed) {
  const choice = byId("theme");
  choice.value = remembered();
  const apply = () => {
    document.documentElement.dataset.theme = choice.value;
    remember(choice.value);
    changed();
  };
  choice.addEventListener("change", apply);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  apply();
}

function remembered() {
  try {
    const kept = localStorage.getItem(KEY);
    return ["light", "dark"].includes(kept) ? kept : "auto";
  } catch {
    return "auto"; // no storage is given to this page
  }
}

function remember(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // Then it holds for this visit.
  }
}
