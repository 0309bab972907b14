// What is typed is kept in this browser until it stands in the file, so that nothing is lost when a session ends.
const OLD = 30 * 24 * 60 * 60 * 1000;
const plain = (text) => text.replaceAll("\r\n", "\n").trimEnd();
const PREFIX = "liaison draft ";

export class Kept {
  constructor(file, base, text) { [this.name, this.base, this.text] = [PREFIX + file, base, text]; }

  // Null where there is none, where it is old, or where it says the same as the file.
  found() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.name) ?? "null");
      if (!kept || typeof kept.text !== "string") return null;
      if (plain(kept.text) !== plain(this.text) && Date.now() - kept.at < OLD) return kept;
      this.forget();
    } catch { /* a browser that keeps nothing */ }
    return null;
  }

  keep(text, base = this.base) {
    try {
      if (plain(text) === plain(this.text)) localStorage.removeItem(this.name);
      else localStorage.setItem(this.name, JSON.stringify({ text, base, at: Date.now() }));
    } catch { /* a browser that keeps nothing */ }
  }

  forget() { localStorage.removeItem(this.name); }
}
