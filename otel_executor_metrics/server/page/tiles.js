// The numbers that are read first.

import { byId, setText } from "./dom.js";
import * as format from "./format.js";

/** Show the measure of what is selected; null as long as there is none. */
export function showTiles(measure) {
  const known = measure ?? { quantiles: [NaN, NaN, NaN] };
  const [p50, p95, p99] = known.quantiles.map(format.duration);
  setTile("rate", format.rate(known.finished / known.seconds));
  setTile("share", format.share(known.share), known.share < 0.95 && "bad");
  setTile("p50", p50);
  setTile("p95", p95);
  setTile("p99", p99);
  setTile("failed", format.count(known.failed), known.failed > 0 && "warn");
  setTile("retries", format.count(known.retries));
  setTile("progress", format.count(known.inProgress));
  setTile("lost", format.count(known.lost), known.lost > 0 && "bad");
}

/** Show how many observations the library could not record. */
export function showDropped(total) {
  setTile("dropped", format.count(total), total > 0 && "warn");
}

function setTile(name, text, mood) {
  const node = byId(`tile-${name}`);
  setText(node, text);
  node.dataset.mood = mood || "";
}
