// <time datetime data-local> in the reader's own zone and language; <time datetime data-countdown> as a distance from now.
// The server's clock counts, not the reader's: its time stands in <body data-now>.
const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const language = document.documentElement.lang || "en";
const gap = Date.parse(document.body.dataset.now) - Date.now() || 0;
const local = new Intl.DateTimeFormat(language, {
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});
const distance = new Intl.RelativeTimeFormat(language, { numeric: "always" });

export function showTimes(root) {
  for (const time of all(root, "time[data-local]")) {
    time.title = time.textContent.trim();
    time.textContent = local.format(new Date(time.dateTime));
    time.removeAttribute("data-local");
  }
  all(root, "time[data-countdown]").forEach(countdown);
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
