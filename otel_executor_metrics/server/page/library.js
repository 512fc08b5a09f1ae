// What the library says about itself: records it had to drop, labels with too many values.

import { byId, create, keyed, setText } from "./dom.js";
import * as format from "./format.js";
import { showDropped } from "./tiles.js";

/** Show the drops and overflows of a scrape as it was; nothing where there are none. */
export function showLibrary({ dropped, overflow }, raw) {
  const drops = counted(dropped, raw);
  const overflows = counted(overflow, raw);
  showDropped(drops.reduce((total, { count }) => total + count, 0));
  byId("library").hidden = drops.length + overflows.length === 0;
  fill("library-drops", drops);
  fill("library-overflows", overflows);
}

function counted(columns, raw) {
  return [...columns]
    .map(([name, column]) => ({ name, count: raw[column] ?? 0 }))
    .filter(({ count }) => count > 0);
}

function fill(id, items) {
  const table = byId(id);
  table.hidden = items.length === 0;
  const nodes = keyed(table.tBodies[0], items, ({ name }) => name, make);
  items.forEach(({ count }, index) => setText(nodes[index].lastChild, format.count(count)));
}

function make({ name }) {
  return create("tr", {}, create("th", { scope: "row" }, name), create("td"));
}
