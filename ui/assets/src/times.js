// <time datetime data-local> in the reader's own zone and language; <time datetime data-countdown> as a distance from now.
// The server's clock counts, not the reader's: its time stands in <body data-now>.
const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const language = document.documentElement.lang || "en";
const gap = Date.parse(document.body.dataset.now) - Date.now() || 0;
const shape = { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const local = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { ...shape, timeZoneName: "short" });
const distance = new Intl.RelativeTimeFormat(language, { numeric: "always" });

export function showTimes(root) {
  all(root, "time[data-local]").forEach(inTheReadersZone);
  all(root, "time[data-countdown]").forEach(countdown);
}

// Where the reader's clock shows the same, nothing changes: what is written anew moves what stands around it.
function inTheReadersZone(time) {
  const at = new Date(time.dateTime), zone = time.dataset.local || "UTC";
  time.removeAttribute("data-local");
  const clock = (timeZone) => new Intl.DateTimeFormat("en-GB", { ...shape, timeZone }).format(at);
  if (clock(zone) === clock(undefined)) return;
  time.title = time.textContent.trim();
  time.textContent = language === "en" ? asWritten(at) : local.format(at);
}

// As the server writes it, so that hardly anything moves: Fri 20 Nov 2026, 14:30 CET
function asWritten(at) {
  const part = Object.fromEntries(local.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${part.weekday} ${part.day.padStart(2, "0")} ${part.month} ${part.year}, ${part.hour}:${part.minute} ${part.timeZoneName}`;
}

function all(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  return root.matches?.(selector) ? [root, ...found] : found;
}

function countdown(time) {
  const left = Date.parse(time.dateTime) - Date.now() - gap;
  const text = inWords(left);
  if (time.textContent !== text) time.textContent = text;
  time.classList.toggle("over", left < 0);
}

function inWords(left) {
  const whole = (unit) => Math.trunc(left / unit);
  const size = Math.abs(left);
  if (size < MINUTE) return distance.format(whole(1000), "second");
  if (size < HOUR) return distance.format(whole(MINUTE), "minute");
  if (size < DAY) return distance.format(whole(HOUR), "hour");
  return distance.format(whole(DAY), "day");
}

setInterval(() => {
  if (!document.hidden) document.querySelectorAll("time[data-countdown]").forEach(countdown);
}, 1000);
