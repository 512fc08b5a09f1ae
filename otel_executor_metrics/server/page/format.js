// Numbers as people read them. What is not known is an en dash.

export const NOTHING = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const clockFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const hourFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

export function count(number) {
  return Number.isFinite(number) ? whole.format(number) : NOTHING;
}

/** Return a rate a second, in three digits or so. */
export function rate(number) {
  if (!Number.isFinite(number)) return NOTHING;
  if (number >= 100) return whole.format(number);
  return number > 0 && number < 0.095 ? number.toFixed(3) : number.toFixed(number < 10 ? 2 : 1);
}

/** Return a duration given in seconds. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return NOTHING;
  if (seconds < 0.00995) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 0.9995) return `${(seconds * 1000).toFixed(0)} ms`;
  return `${seconds.toFixed(seconds < 99.5 ? 2 : 0)} s`;
}

/** Return a share as a percentage; it is 100 % only if all succeeded. */
export function share(number) {
  if (!Number.isFinite(number)) return NOTHING;
  const digits = number > 0.99 && number < 1 ? 100 : 10;
  return `${(Math.floor(number * 100 * digits + 1e-9) / digits).toFixed(digits === 100 ? 2 : 1)} %`;
}

/** Return what one of the formats above made, without zeros that say nothing: for scales. */
export function short(text) {
  return text.replace(/\.0+(?=\D|$)/, "");
}

/** Return the time of day of a time in seconds. */
export function clock(time) {
  return clockFormat.format(time * 1000);
}

/** Return the time of day without seconds. */
export function hour(time) {
  return hourFormat.format(time * 1000);
}

/** Return a length of time in words. */
export function ago(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
