// What is typed is kept in this browser until it stands in the file, so that nothing is lost when a session ends.
const OLD = 30 * 24 * 60 * 60 * 1000;
const PREFIX = "liaison draft ";

export const plain = (text) => text.replaceAll("\r\n", "\n").trimEnd();

export class Kept {
  // `text` is the file's own; null where the page shows a draft already.
  constructor(name, text) { [this.name, this.text] = [PREFIX + name, text === null ? null : plain(text)]; }

  // {text, base, file, at}; null where there is none, where it is old, or where it says the same as the file.
  found() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.name) ?? "null");
      if (!kept || typeof kept.text !== "string") return null;
      if (plain(kept.text) !== this.text && Date.now() - kept.at < OLD) return kept;
      this.forget();
    } catch { /* a browser that keeps nothing */ }
    return null;
  }

  keep(draft) {
    try {
      if (plain(draft.text) === this.text) localStorage.removeItem(this.name);
      else localStorage.setItem(this.name, JSON.stringify({ ...draft, at: Date.now() }));
    } catch { /* a browser that keeps nothing */ }
  }

  forget() { localStorage.removeItem(this.name); }
}
