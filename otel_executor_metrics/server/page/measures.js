// Numbers of a stretch of time: rates, shares, quantiles.

import { histogramQuantile } from "./quantile.js";

export const QUANTILES = [0.5, 0.95, 0.99];

/** Label sets whose numbers are shown as one. */
export class Selection {
  constructor(sets) {
    this.sets = sets;
    this.types = [...new Set(sets.flatMap((set) => [...set.failures.keys()]))];
    // Counts below a bound can only be added up where all label sets have that bound.
    this.bounds = commonBounds(sets);
  }

  /** Return the sums over all label sets of a row of values. */
  totals(values) {
    const sum = (columnsOf) =>
      this.sets.reduce((total, set) => total + (values[columnsOf(set)] ?? 0), 0);
    return {
      success: sum((set) => set.columns.success),
      retries: sum((set) => set.columns.retries),
      inProgress: sum((set) => set.columns.inProgress),
      lost: sum((set) => set.columns.lost),
      failures: this.types.map((type) => sum((set) => set.failures.get(type))),
      buckets: this.bounds.map((bound) => sum((set) => set.buckets.get(bound))),
    };
  }
}

/** A selection that is asked for the same rows again and again. */
export class KeptSelection extends Selection {
  #totals = new WeakMap();

  totals(values) {
    if (!this.#totals.has(values)) this.#totals.set(values, super.totals(values));
    return this.#totals.get(values);
  }
}

/**
 * Return what happened between two rows of values, `seconds` apart (NaN: nobody knows).
 * `quantiles` are of `QUANTILES`, in seconds; `lost` and `inProgress` are as of the end.
 */
export function measure(selection, from, to, seconds) {
  const [before, after] = [selection.totals(from), selection.totals(to)];
  const failures = after.failures.map((count, i) => count - before.failures[i]);
  const counts = after.buckets.map((count, i) => count - before.buckets[i]);
  const success = after.success - before.success;
  const failed = failures.reduce((total, count) => total + count, 0);
  return {
    seconds,
    success,
    failed,
    failures,
    finished: success + failed,
    retries: after.retries - before.retries,
    lost: after.lost,
    inProgress: after.inProgress,
    share: success / (success + failed),
    quantiles: QUANTILES.map((q) => histogramQuantile(q, selection.bounds, counts)),
  };
}

function commonBounds(sets) {
  const [first, ...others] = sets.map((set) => set.buckets);
  const bounds = [...(first?.keys() ?? [])].filter((b) => others.every((each) => each.has(b)));
  return bounds.sort((a, b) => a - b);
}
