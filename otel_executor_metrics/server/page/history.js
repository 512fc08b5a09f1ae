// What was scraped, for as long as it is worth keeping, in the memory of this tab.

import { Model } from "./model.js";

const LONGEST = 3600; // seconds
const MOST_VALUES = 4e6; // 32 MB; beyond, older scrapes are thinned out

/**
 * The scrapes of one executor. Each of `points` has a `time` in seconds, and `values` by column:
 * gauges as they were, and counters as if they had never begun anew.
 */
export class History {
  model = new Model();
  points = [];
  raw = new Float64Array(0); // the last scrape, as it was
  restartedAt = null; // seconds; when counters were last seen to begin anew
  #interrupted = false;

  get last() {
    return this.points.at(-1);
  }

  /** Take in what was scraped at `time`. */
  add(time, exposition) {
    const row = this.model.read(exposition);
    const restarted = this.#hasFallen(row);
    if (restarted) this.restartedAt = time;
    const values = this.#continued(row, restarted);
    this.points.push({ time, values, afterGap: this.#interrupted });
    this.raw = row;
    this.#interrupted = false;
    this.#trim(time);
  }

  /** Note that scrapes are missing after the last one: charts show a gap there. */
  interrupt() {
    this.#interrupted = this.points.length > 0;
  }

  // Counters of a page begin anew together: they are of one process, or of one fleet. One that has
  // caught up by now would not be noticed by its own value.
  #hasFallen(row) {
    return this.raw.some((before, column) => row[column] < before && !this.#isGauge(column));
  }

  #continued(row, restarted) {
    const before = this.last?.values;
    if (!before) return row;
    return row.map((value, column) => {
      if (this.#isGauge(column)) return value;
      const increase = restarted ? value : value - (this.raw[column] ?? 0);
      return (before[column] ?? 0) + increase;
    });
  }

  #isGauge(column) {
    return this.model.gauges.has(column);
  }

  #trim(now) {
    const kept = this.points.findIndex(({ time }) => time >= now - LONGEST);
    this.points.splice(0, kept);
    if (this.points.length * this.raw.length <= MOST_VALUES) return;
    const older = this.points.length >> 1;
    this.points = this.points.filter((point, i) => i >= older || i % 2 === 0 || point.afterGap);
  }
}
