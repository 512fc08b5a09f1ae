// The table of operations and label sets.

import { byId, create, keyed, setText } from "./dom.js";
import * as format from "./format.js";

const FIRST_ROWS = 50;
const COLUMNS = [
  { title: "Rate /s", value: (m) => m.finished / m.seconds, show: format.rate },
  { title: "Success", value: (m) => m.share, show: format.share },
  { title: "p50", value: (m) => m.quantiles[0], show: format.duration },
  { title: "p95", value: (m) => m.quantiles[1], show: format.duration },
  { title: "p99", value: (m) => m.quantiles[2], show: format.duration },
  { title: "Failures", value: (m) => m.failed, show: format.count },
  { title: "Retries", value: (m) => m.retries, show: format.count },
  { title: "In progress", value: (m) => m.inProgress, show: format.count },
  { title: "Lost", value: (m) => m.lost, show: format.count },
  { title: "Total", value: (m) => m.total, show: format.count },
];

/** `pick(set)` is called when the user wants to see one label set alone. */
export class SetTable {
  #sort = { column: null, falling: true };
  #all = false;
  #pick;
  #shown = [];

  constructor(pick) {
    this.#pick = pick;
    this.body = byId("sets").tBodies[0];
    byId("sets-head").append(...COLUMNS.map((column) => this.#header(column)));
    byId("sets-more").addEventListener("click", () => {
      this.#all = true;
      this.#draw();
    });
  }

  /** Show rows `{ set, measure, picked }`. */
  show(rows) {
    this.#shown = rows;
    this.#draw();
  }

  #draw() {
    const sorted = this.#sorted(this.#shown);
    const rows = this.#all ? sorted : sorted.slice(0, FIRST_ROWS);
    const nodes = keyed(this.body, rows, ({ set }) => set.key, (row) => this.#make(row));
    rows.forEach((row, index) => fill(nodes[index], row));
    byId("sets-more").hidden = rows.length === sorted.length;
    setText(byId("sets-more"), `Show all ${sorted.length}`);
    byId("sets-none").hidden = sorted.length > 0;
  }

  #sorted(rows) {
    const { column, falling } = this.#sort;
    if (!column) return rows;
    const number = ({ measure }) => column.value(measure) || 0; // what is not known goes last
    return rows.toSorted((a, b) => (falling ? number(b) - number(a) : number(a) - number(b)));
  }

  #header(column) {
    const button = create("button", { type: "button" }, column.title);
    const header = create("th", { scope: "col", "aria-sort": "none" }, button);
    button.addEventListener("click", () => this.#sortBy(column, header));
    return header;
  }

  #sortBy(column, header) {
    const falling = this.#sort.column !== column || !this.#sort.falling;
    this.#sort = { column, falling };
    for (const each of header.parentNode.children) {
      if (each.hasAttribute("aria-sort")) each.setAttribute("aria-sort", "none");
    }
    header.setAttribute("aria-sort", falling ? "descending" : "ascending");
    this.#draw();
  }

  #make({ set }) {
    const labels = set.labels.map(([name, value]) => label(name, value));
    const name = create("span", { className: "operation" }, set.operation);
    const button = create("button", { type: "button", className: "pick" }, name, ...labels);
    button.addEventListener("click", () => this.#pick(set));
    const cells = COLUMNS.map(() => create("td"));
    return create("tr", {}, create("th", { scope: "row" }, button), ...cells);
  }
}

function label(name, value) {
  const shown = create("span", { className: "label-value" }, value || "(none)");
  return create("span", { className: "label" }, create("span", {}, `${name}=`), shown);
}

function fill(node, { measure, picked }) {
  const [head, ...cells] = node.children;
  head.firstChild.setAttribute("aria-pressed", picked);
  COLUMNS.forEach(({ value, show }, index) => {
    const number = value(measure);
    setText(cells[index], show(number));
    cells[index].className = number === 0 ? "zero" : "";
  });
}
