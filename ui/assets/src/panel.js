// The panel: acting inside another site's page, and copying a link. The window that lends (lend.html) loads it, too.
const lent = document.querySelector("[data-ticket]");

// In that window: tell who opened it, if that is a page of ours in this browser; nobody else hears it. They close it.
if (lent) window.opener?.postMessage({ liaisonTicket: lent.dataset.ticket }, location.origin);

// In the frame: one click opens the window, whose answer goes into the page's form.
document.querySelectorAll("a[data-lend]").forEach((link) => link.addEventListener("click", (event) => {
  const lender = window.open(link.dataset.lend, "_blank", "popup,width=520,height=680");
  if (!lender) return; // no windows here: the link itself still leads on
  event.preventDefault();
  const form = document.getElementById("lent");
  window.addEventListener("message", ({ origin, source, data }) => {
    if (origin !== location.origin || source !== lender || typeof data?.liaisonTicket !== "string") return;
    lender.close();
    form.elements.ticket.value = data.liaisonTicket;
    form.submit();
  });
}));

// A link that was just made: into the clipboard, in a frame that may not use it by the old way.
document.querySelectorAll("button[data-copy]").forEach((button) => {
  const field = document.getElementById(button.dataset.copy), said = document.querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    let copied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
    if (!copied) {
      field.select();
      if ((copied = document.execCommand("copy"))) button.focus();
    }
    said.textContent = copied ? "Copied. Now paste it where the requester reads it." : "It is selected: press Ctrl and C to copy it.";
  });
});

// Something happened beneath the part that comes anew by itself: the page is loaded again, unless somebody is at work in it.
const changed = (field) => field.value !== field.defaultValue && field.type !== "hidden";
const atWork = () => document.querySelector("[data-keep]") || document.activeElement?.matches("main *") ||
  [...document.querySelectorAll("main textarea, main input")].some(changed);
document.addEventListener("htmx:afterSettle", () => {
  if (document.querySelector("[data-moved]") && !atWork()) location.reload();
});
