// The Prometheus text format, version 0.0.4.

const SAMPLE = /^([a-zA-Z_:][\w:]*(?:\{.*\})?)\s+(\S+)(?:\s+-?\d+)?\s*$/s;
const LABEL = /\s*([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"\s*(?:,|$)/sy;
const INFINITIES = new Map([["+Inf", Infinity], ["-Inf", -Infinity]]);

/**
 * Return what `text` says: the type of each family by name, and each value by the text of its
 * series, such as `plan_lost_total{a="b"}`. That text is the same in the next scrape, so that
 * `parseSeries` need only be called for new ones. Throws where a line cannot be read.
 */
export function parse(text) {
  const exposition = { families: new Map(), values: new Map() };
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) takeComment(line, exposition.families);
    else if (line.trim()) takeSample(line, exposition.values);
  }
  return exposition;
}

/** Return `{ name, labels }` of the text of a series; `labels` are pairs, in the order given. */
export function parseSeries(series) {
  const begin = series.indexOf("{");
  if (begin < 0) return { name: series, labels: [] };
  return { name: series.slice(0, begin), labels: parseLabels(series.slice(begin + 1, -1)) };
}

function parseLabels(text) {
  const labels = [];
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const found = LABEL.exec(text);
    if (!found) throw new SyntaxError(`labels cannot be read: ${text}`);
    labels.push([found[1], unescape(found[2])]);
  }
  return labels;
}

function takeComment(line, families) {
  const [, name, type] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
  if (name) families.set(name, type);
}

function takeSample(line, values) {
  const found = SAMPLE.exec(line);
  const value = found && (INFINITIES.get(found[2]) ?? Number(found[2]));
  if (!found || (Number.isNaN(value) && found[2] !== "NaN")) {
    throw new SyntaxError(`not a sample: ${line.slice(0, 80)}`);
  }
  values.set(found[1], value);
}

function unescape(text) {
  return text.includes("\\") ? text.replace(/\\(.)/gs, (_, c) => (c === "n" ? "\n" : c)) : text;
}
