// What htmx cannot bring is said in words, where screen readers hear it, instead of nothing happening.
const WORDS = {
  400: "The page is too old to send this. Reload it, then try again.",
  401: "You are signed out. Reload the page to sign in again.",
  403: "You may not do this with your role.",
  404: "This is no longer there. Reload the page.",
  409: "Somebody changed this meanwhile. Reload the page to see it.",
};

export function sayTrouble(root) {
  const place = root.getElementById("trouble");
  if (!place) return;
  const say = (text) => { place.textContent = text; place.hidden = !text; };
  root.addEventListener("htmx:beforeRequest", () => say(""));
  root.addEventListener("htmx:sendError", () => say("Liaison does not answer. Check your connection, then try again."));
  root.addEventListener("htmx:responseError", (event) => {
    say(WORDS[event.detail.xhr.status] ?? "Liaison could not do this. Try again; if it stays so, look into its log.");
  });
}
