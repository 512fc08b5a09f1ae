// Failures by type: how many, and their share.

import { byId, create, keyed, setText } from "./dom.js";
import * as format from "./format.js";

/** Return `{ type, count }` of a measure of `selection`, the most frequent first. */
export function byType(selection, measure) {
  return selection.types
    .map((type, index) => ({ type: type || "(no type)", count: measure?.failures[index] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}

/** Show the types as a table, each with a bar. */
export function showFailures(types) {
  const all = types.reduce((total, { count }) => total + count, 0);
  const nodes = keyed(byId("failures").tBodies[0], types, ({ type }) => type, make);
  types.forEach(({ count }, index) => {
    const [, number, part] = nodes[index].children;
    setText(number, format.count(count));
    setText(part, format.share(count / all));
    nodes[index].style.setProperty("--share", count / all);
  });
  byId("failures").hidden = types.length === 0;
  byId("failures-none").hidden = types.length > 0;
}

function make({ type }) {
  const name = create("span", { className: "bar" }, type);
  return create("tr", {}, create("th", { scope: "row" }, name), create("td"), create("td"));
}
