// Quantiles estimated from the buckets of a histogram, as Prometheus does it.

/**
 * Return the estimate of the `quantile` (0 to 1) of the observations counted, or NaN.
 *
 * `bounds` rise and end with Infinity; `counts` says how many observations lie at or below each.
 * Within a bucket they are taken as evenly spread, the lowest one beginning at 0; an observation
 * above the highest finite bound counts as being on it.
 * Source: `bucketQuantile` in Prometheus's promql/quantile.go.
 */
export function histogramQuantile(quantile, bounds, counts) {
  const last = bounds.length - 1;
  if (last < 1 || bounds[last] !== Infinity || !(quantile >= 0 && quantile <= 1)) return NaN;
  if (!(counts[last] > 0)) return NaN;
  const rank = quantile * counts[last];
  const index = firstAtLeast(counts, rank, last);
  if (index === last) return bounds[last - 1];
  const start = index ? bounds[index - 1] : 0;
  const below = index ? counts[index - 1] : 0;
  if (counts[index] === below) return NaN; // the rank is 0, and the lowest bucket empty
  return start + (bounds[index] - start) * ((rank - below) / (counts[index] - below));
}

function firstAtLeast(counts, rank, last) {
  let [low, high] = [0, last];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (counts[middle] < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}
