// What the user wants to see; kept in the address, so that it can be bookmarked.

import { byId, create, keyed } from "./dom.js";

const ALL = { operation: "", filter: "", set: "" };
const DEFAULTS = { ...ALL, range: "300", span: "30" };

/** The controls of the page. `changed` is called when one was used. */
export class Choice {
  #values = { ...DEFAULTS };
  #form = byId("controls");

  constructor(changed) {
    this.#read();
    addEventListener("hashchange", () => (this.#read(), changed()));
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("input", () => this.#take(changed));
    byId("reset").addEventListener("click", () => this.#put(ALL, changed));
    this.toggle = ({ key }) => this.#put({ set: this.#values.set === key ? "" : key }, changed);
  }

  /** Seconds that the charts show. */
  get range() {
    return Number(this.#values.range);
  }

  /** Seconds that each point of a chart covers. */
  get window() {
    return Math.max(30, this.range / 20);
  }

  /** Seconds that the numbers cover; Infinity for all since the executor's start. */
  get span() {
    return Number(this.#values.span);
  }

  get spanText() {
    return this.#form.querySelector("[name=span]:checked").title;
  }

  get narrowed() {
    return Boolean(this.#values.operation || this.#values.filter || this.#values.set);
  }

  /** Offer these operations. */
  offer(operations) {
    const select = byId("operation");
    const options = ["", ...operations];
    if (this.#values.operation && !operations.includes(this.#values.operation)) {
      options.push(this.#values.operation); // of the address, and not recorded yet
    }
    keyed(select, options, (name) => `=${name}`, option);
    select.value = this.#values.operation;
  }

  /** Return those of `sets` that the operation and the filter leave. */
  listed(sets) {
    const words = this.#values.filter.toLowerCase().split(/\s+/).filter(Boolean);
    return sets.filter(
      (set) =>
        (!this.#values.operation || set.operation === this.#values.operation) &&
        words.every((word) => searchable(set).includes(word)),
    );
  }

  /** Return those of the `listed` ones that are shown as one: all, or the one that was picked. */
  picked(listed) {
    const picked = listed.filter(({ key }) => key === this.#values.set);
    return picked.length ? picked : listed;
  }

  #take(changed) {
    const values = Object.fromEntries(new FormData(this.#form));
    const moved = ["operation", "filter"].some((name) => values[name] !== this.#values[name]);
    this.#put({ ...values, ...(moved && { set: "" }) }, changed);
  }

  #put(values, changed) {
    Object.assign(this.#values, values);
    const kept = Object.entries(this.#values).filter(([name, value]) => value !== DEFAULTS[name]);
    history.replaceState(null, "", `#${new URLSearchParams(kept)}`);
    this.#show();
    changed();
  }

  #read() {
    const found = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    this.#values = { ...DEFAULTS, ...found };
    for (const name of ["range", "span"]) {
      const values = [...this.#form.elements[name]].map(({ value }) => value);
      if (!values.includes(this.#values[name])) this.#values[name] = DEFAULTS[name];
    }
    this.#show();
  }

  #show() {
    for (const name of ["filter", "range", "span"]) {
      const control = this.#form.elements[name];
      if (control.value !== this.#values[name]) control.value = this.#values[name];
    }
    byId("reset").hidden = !this.narrowed;
  }
}

function option(name) {
  return create("option", { value: name }, name || "All operations");
}

function searchable(set) {
  set.searchable ??= [set.operation, ...set.labels.map(([name, value]) => `${name}=${value}`)]
    .join(" ")
    .toLowerCase();
  return set.searchable;
}
