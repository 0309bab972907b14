// CodeMirror over every <textarea data-editor>, on the page of the rule editor alone. The textarea stays the form's field, and
// works by itself where this script does not run. Styles of CodeMirror carry the page's nonce (<meta name="style-nonce">).
import { indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { EditorView, basicSetup } from "codemirror";
import { Help } from "./completion.js";
import { Kept } from "./drafts.js";

const nonce = document.querySelector('meta[name="style-nonce"]')?.content ?? "";
// The page's own colours, which differ by scheme.
const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--link)" },
  { tag: [tags.string, tags.content], color: "var(--ink)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.keyword], color: "var(--warm)" },
  { tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket], color: "var(--quiet)" },
  { tag: tags.invalid, color: "var(--alarm)" },
]);
const byId = (id) => document.getElementById(id);

function editor(area) {
  const help = new Help();
  const changed = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    area.value = update.state.doc.toString();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const label = document.querySelector(`label[for="${CSS.escape(area.id)}"]`)?.textContent.trim() ?? "Text";
  const about = area.getAttribute("aria-describedby");
  const view = new EditorView({
    doc: area.value,
    extensions: [
      keymap.of([{ key: "Mod-s", preventDefault: true, run: () => checkNow(area) }, indentWithTab]),
      basicSetup, yaml(), syntaxHighlighting(colours), lintGutter(), help.extensions(), changed, EditorView.lineWrapping,
      help.follower(byId(area.dataset.describes)),
      EditorView.cspNonce.of(nonce),
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", ...(about && { "aria-describedby": about }) }),
    ],
  });
  area.before(view.dom);
  area.hidden = true;
  area.liaisonEditor = view;
  area.liaisonHelp = help;
  if (area.dataset.completions) help.load(area.dataset.completions);
}

const checkNow = (area) => { area.dispatchEvent(new Event("liaison:check", { bubbles: true })); return true; };

function write(area, text) {
  const view = area.liaisonEditor;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

// Problems as [{line, column, message, severity}], lines and columns from 1: what is wrong is underlined.
window.liaisonProblems = (area, problems) => {
  const view = area.liaisonEditor, doc = view.state.doc;
  const marks = problems.map(({ line, column, message, severity }) => {
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
    const word = /^[^\s,:{}[\]]+/.exec(doc.sliceString(from, at.to))?.[0].length ?? at.to - from;
    return { from, to: Math.min(from + word, at.to), message, severity };
  });
  marks.sort((one, other) => one.from - other.from);
  view.dispatch(setDiagnostics(view.state, marks));
};

function jump(area, line, column) {
  const view = area.liaisonEditor, doc = view.state.doc;
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const anchor = Math.min(at.from + Math.max(column - 1, 0), at.to);
  view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
  view.focus();
}

// The server's answers come as lists that people read; the squiggles and the names are read from them.
function listen(area) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (!link) return;
    event.preventDefault();
    jump(area, Number(link.dataset.line), Number(link.dataset.column || 1));
  });
  document.addEventListener("htmx:afterSwap", () => {
    const list = byId("flaws");
    if (!list || list.dataset.taken) return;
    list.dataset.taken = "yes";
    window.liaisonProblems(area, [...list.querySelectorAll("a[data-severity]")].map(({ dataset }) => ({
      line: Number(dataset.line), column: Number(dataset.column), message: dataset.message, severity: dataset.severity,
    })));
    area.liaisonHelp.learn(JSON.parse(list.dataset.names || "{}"));
    say(list.dataset.summary);
  });
  byId("words")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // it looks already while one types
    event.target.dispatchEvent(new Event("search", { bubbles: true }));
  });
}

// Said to screen readers once, not at every stroke of a key.
function say(text) {
  const said = byId("said");
  if (said && text && said.textContent !== text) said.textContent = text;
}

function keepDraft(area) {
  const form = area.form, file = () => form.elements.file.value.trim();
  const kept = new Kept(form.dataset.fresh ? "(new)" : file(), form.elements.base.value, area.value);
  const bar = byId("kept"), found = kept.found();
  let wait;
  area.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => kept.keep(area.value, form.elements.base.value), 300);
  });
  window.addEventListener("pagehide", () => kept.keep(area.value, form.elements.base.value));
  if (!bar || !found) return;
  const same = found.base === form.elements.base.value;
  byId("kept-when").textContent = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(found.at);
  byId("kept-changed").hidden = same;
  byId("kept-back").hidden = same;
  bar.hidden = false;
  const takeBack = () => { write(area, found.text); form.elements.base.value = found.base; };
  if (same) takeBack();
  byId("kept-back").addEventListener("click", () => { takeBack(); bar.hidden = true; area.liaisonEditor.focus(); });
  byId("kept-drop").addEventListener("click", () => {
    kept.forget();
    write(area, kept.text);
    form.elements.base.value = kept.base;
    bar.hidden = true;
    area.liaisonEditor.focus();
  });
}

for (const area of document.querySelectorAll("textarea[data-editor]")) {
  editor(area);
  listen(area);
  keepDraft(area);
}
