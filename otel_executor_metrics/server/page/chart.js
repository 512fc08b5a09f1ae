// One chart: a uPlot, its legend, and the same numbers as a table.

import { byId, create, keyed, setText } from "./dom.js";
import { clock, hour, short } from "./format.js";

const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3], [4, 4], [1, 5]];
const SYNC = "executor";
const MOST_ROWS = 30;
const SHORTEST = 60; // seconds that a chart shows at least

/**
 * Draws lines over time into the figure of that id.
 *
 * `format` writes a value, and `limits` makes the ends of the vertical axis of the lowest and the
 * highest one. What is shown is `lines`, each with `label` and `values`, over `times`; a value that
 * is null is a gap.
 */
export class Chart {
  times = [];
  lines = [];
  plot = null;
  #range = 0;
  #colours = new Map();

  constructor(id, { format, limits = (low, high) => [0, high > 0 ? high * 1.1 : 1] }) {
    this.figure = byId(id);
    this.format = format;
    this.limits = limits;
    this.#find();
    new ResizeObserver(() => this.#fit()).observe(this.area);
    this.details.addEventListener("toggle", () => this.#showTable());
  }

  /** Show `lines` over the `range` seconds that end with the last of `times`. */
  show(times, lines, range) {
    const relabelled = lines.map(labelOf).join("\n") !== this.lines.map(labelOf).join("\n");
    Object.assign(this, { times, lines });
    this.#range = range;
    if (relabelled || !this.plot) this.#build();
    this.plot.setData([times, ...lines.map(({ values }) => values)]);
    this.#showLegend();
    this.#showTable();
  }

  /** Draw anew in the colours that hold now. */
  recolour() {
    this.#colours.clear();
    this.plot?.redraw(false);
  }

  #find() {
    this.area = this.figure.querySelector(".plot");
    this.legend = this.figure.querySelector(".legend");
    this.details = this.figure.querySelector("details");
    this.table = this.figure.querySelector("table");
  }

  #build() {
    this.plot?.destroy();
    this.#colours.clear();
    this.legend.replaceChildren(...this.lines.map(legendItem));
    this.plot = new uPlot(this.#options(), [[], ...this.lines.map(() => [])], this.area);
    this.plot.root.setAttribute("aria-hidden", "true"); // the table says the same
  }

  #options() {
    const { clientWidth: width, clientHeight: height } = this.area;
    return {
      width: width || 300,
      height: height || 150,
      legend: { show: false },
      cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { range: () => [this.#start, this.#end] },
        y: { range: (_, low, high) => this.limits(low ?? 0, high ?? 0) },
      },
      axes: [this.#timeAxis(rem()), this.#valueAxis(rem())],
      padding: [rem() / 2, rem() * 1.75, 0, 0],
      series: [{}, ...this.lines.map((line, i) => this.#series(line, i))],
      hooks: { setCursor: [() => this.#showLegend()] },
    };
  }

  get #end() {
    return this.times.at(-1) ?? Date.now() / 1000;
  }

  // A young history fills the chart, rather than waiting at its end.
  get #start() {
    return Math.max(this.#end - this.#range, Math.min(this.times[0], this.#end - SHORTEST));
  }

  #axis(options) {
    return {
      font: `${rem() * 0.75}px system-ui, sans-serif`,
      stroke: () => this.#colour("--muted"),
      grid: { stroke: () => this.#colour("--grid"), width: 1 },
      ticks: { show: false },
      ...options,
    };
  }

  #timeAxis(unit) {
    return this.#axis({ values: timesOfDay, space: unit * 5, size: unit * 1.75 });
  }

  #valueAxis(unit) {
    const values = (_, at) => at.map((value) => short(this.format(value)));
    return this.#axis({ values, size: unit * 3.5, space: unit * 2 });
  }

  #series({ label }, index) {
    return {
      label,
      stroke: () => this.#colour(`--line-${index + 1}`),
      width: rem() / 8,
      dash: DASHES[index],
      points: { show: false },
    };
  }

  // A canvas knows no custom properties, and theirs may say light-dark(): an element resolves it.
  #colour(property) {
    if (!this.#colours.has(property)) {
      this.area.style.color = `var(${property})`;
      this.#colours.set(property, getComputedStyle(this.area).color);
      this.area.style.color = "";
    }
    return this.#colours.get(property);
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.area;
    if (width && height) this.plot?.setSize({ width, height });
  }

  #showLegend() {
    const pointed = this.plot?.cursor.idx ?? this.times.length - 1;
    this.lines.forEach(({ values }, index) => {
      const value = this.legend.children[index]?.querySelector(".value");
      if (value) setText(value, this.format(values[pointed] ?? NaN));
    });
  }

  #showTable() {
    if (!this.details.open) return;
    const [head, body] = [this.table.tHead, this.table.tBodies[0]];
    head.replaceChildren(row("th", ["Time", ...this.lines.map(labelOf)]));
    const indices = this.times.map((_, i) => i).filter((i) => !this.#isGap(i));
    const shown = indices.slice(-MOST_ROWS).reverse();
    keyed(body, shown, (i) => this.times[i], (i) => this.#row(i));
  }

  #isGap(index) {
    return this.lines.every(({ values }) => values[index] === null);
  }

  #row(index) {
    const cells = this.lines.map(({ values }) => this.format(values[index] ?? NaN));
    const made = row("td", [clock(this.times[index]), ...cells]);
    made.dataset.time = this.times[index];
    return made;
  }
}

function timesOfDay(_, times, axis, space, step) {
  return times.map(step < 60 ? clock : hour);
}

function rem() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}

function labelOf({ label }) {
  return label;
}

function row(tag, texts) {
  const cells = texts.map((text) => create(tag, tag === "th" ? { scope: "col" } : {}, text));
  return create("tr", {}, ...cells);
}

function legendItem({ label }, index) {
  const swatch = create("span", { className: `swatch line-${index + 1}`, "aria-hidden": "true" });
  const name = create("span", { className: "name" }, label);
  return create("li", {}, swatch, name, create("span", { className: "value" }));
}
