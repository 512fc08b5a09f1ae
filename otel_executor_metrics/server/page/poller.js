// Asks for /metrics again and again, and says how that goes.

export const INTERVAL = 2; // seconds between two scrapes
const HIDDEN_INTERVAL = 15; // while nobody looks at the tab
const LONGEST_RETRY = 15;
const TIMEOUT = 10;
const MOST_LOAD = 10; // pause at least this many times as long as the last answer took

/**
 * Calls `take(text)` with each answer, and `tell(state)` whenever the connection changes:
 * `{ kind, detail, retryAt }` with kind connecting, live, paused, lost, unauthorized or refused.
 */
export class Poller {
  state = { kind: "connecting" };
  #timer;
  #failures = 0;
  #paused = false;
  #take;
  #tell;

  constructor(take, tell) {
    this.#take = take;
    this.#tell = tell;
    document.addEventListener("visibilitychange", () => this.#onVisibility());
  }

  start() {
    this.#again(0);
  }

  pause() {
    this.#paused = true;
    clearTimeout(this.#timer);
    this.#become({ kind: "paused" });
  }

  /** Ask now, whatever the state. */
  resume() {
    this.#paused = false;
    if (this.state.kind === "paused") this.#become({ kind: "connecting" });
    this.#again(0);
  }

  async #poll() {
    const begin = performance.now();
    const state = await this.#ask();
    if (this.#paused) return;
    this.#failures = state.kind === "live" ? 0 : this.#failures + 1;
    const wait = this.#pauseAfter((performance.now() - begin) / 1000);
    this.#become(state.kind === "live" ? state : { ...state, retryAt: Date.now() / 1000 + wait });
    this.#again(wait);
  }

  async #ask() {
    try {
      const answer = await fetch("metrics", {
        headers: { Accept: "text/plain;version=0.0.4" },
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT * 1000),
      });
      const text = await answer.text();
      if (answer.status === 401) return { kind: "unauthorized" };
      if (!answer.ok) return { kind: "refused", detail: `${answer.status} ${text}`.slice(0, 200) };
      if (!this.#paused) this.#take(text);
      return { kind: "live" };
    } catch (error) {
      if (error instanceof SyntaxError) return { kind: "refused", detail: error.message };
      return { kind: "lost" };
    }
  }

  #pauseAfter(seconds) {
    if (this.#failures) return Math.min(LONGEST_RETRY, 2 ** (this.#failures - 1));
    const interval = document.hidden ? HIDDEN_INTERVAL : INTERVAL;
    return Math.max(interval - seconds, seconds * MOST_LOAD);
  }

  #again(seconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), seconds * 1000);
  }

  #onVisibility() {
    if (!document.hidden && !this.#paused) this.#again(0);
  }

  #become(state) {
    this.state = state;
    this.#tell(state);
  }
}
