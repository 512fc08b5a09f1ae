// What the series of an exposition mean: operations, their label sets, the library itself.

import { parseSeries } from "./parse.js";

const ROLES = {
  _success_total: "success",
  _retries_total: "retries",
  _failures_total: "failures",
  _in_progress: "inProgress",
  _lost_total: "lost",
  _latency_seconds_bucket: "buckets",
};
const LATENCY = "_latency_seconds";
const OF_SERIES = new Set(["le", "error_type"]); // they tell series of one label set apart
// A map, here and elsewhere: an object would know names such as "constructor", too.
const OWN = new Map([
  ["executor_metrics_dropped_total", "dropped"],
  ["executor_metrics_label_overflow_total", "overflow"],
]);

/** One operation with one label set; its fields say in which column each of its series stands. */
class LabelSet {
  constructor(operation, key, labels) {
    this.operation = operation;
    this.key = key;
    this.labels = labels;
    this.columns = {}; // success, retries, inProgress, lost
    this.failures = new Map(); // by error type
    this.buckets = new Map(); // by upper bound
  }
}

/**
 * Gives each series that the page shows a column: a place in the arrays of numbers of all scrapes.
 * `width` grows with each one.
 */
export class Model {
  operations = new Map(); // name → Map of label sets by key
  own = { dropped: new Map(), overflow: new Map() }; // what is said to be so → column
  service = "";
  width = 0; // the number of columns
  gauges = new Set(); // columns of what may fall
  #columnOf = new Map(); // text of a series → column, or -1 for those that are not shown
  #families = new Map();

  /** Return the values of an exposition by column; 0 for what is not in it. */
  read({ families, values }) {
    this.#families = families;
    for (const series of values.keys()) {
      if (!this.#columnOf.has(series)) this.#columnOf.set(series, this.#place(series));
    }
    const row = new Float64Array(this.width);
    for (const [series, value] of values) {
      const column = this.#columnOf.get(series);
      if (column >= 0) row[column] = value;
    }
    return row;
  }

  /** Return all label sets, in the order that the executor shows them. */
  sets() {
    return [...this.operations.values()].flatMap((sets) => [...sets.values()]);
  }

  #place(series) {
    const { name, labels } = parseSeries(series);
    if (OWN.has(name)) return this.#columnOfOwn(OWN.get(name), Object.fromEntries(labels));
    if (name === "target_info") this.service = new Map(labels).get("service_name") ?? "";
    for (const [suffix, role] of Object.entries(ROLES)) {
      const operation = name.endsWith(suffix) ? name.slice(0, -suffix.length) : "";
      if (operation && this.#isOperation(operation)) return this.#column(operation, labels, role);
    }
    return -1;
  }

  #columnOfOwn(role, { reason, operation, label }) {
    return this.#columnIn(this.own[role], reason ?? `${label} of ${operation}`);
  }

  #isOperation(name) {
    const latency = this.#families.get(name + LATENCY);
    return latency === "histogram" && this.#families.has(`${name}_success_total`);
  }

  #column(operation, labels, role) {
    const set = this.#setOf(operation, labels);
    if (role === "failures" || role === "buckets") {
      const { le, error_type } = Object.fromEntries(labels);
      return this.#columnIn(set[role], role === "buckets" ? bound(le) : (error_type ?? ""));
    }
    set.columns[role] ??= this.width++;
    if (role === "inProgress") this.gauges.add(set.columns[role]);
    return set.columns[role];
  }

  #columnIn(columns, key) {
    if (!columns.has(key)) columns.set(key, this.width++);
    return columns.get(key);
  }

  #setOf(operation, allLabels) {
    const labels = allLabels.filter(([name]) => !OF_SERIES.has(name));
    const key = JSON.stringify([operation, ...labels.sort()]);
    const sets = this.operations.get(operation) ?? new Map();
    this.operations.set(operation, sets);
    if (!sets.has(key)) sets.set(key, new LabelSet(operation, key, labels));
    return sets.get(key);
  }
}

function bound(le) {
  return le === "+Inf" ? Infinity : Number(le);
}
