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
import { Kept, plain } from "./drafts.js";

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
// What is wrong is underlined by the browser itself: the marks that CodeMirror brings are images, which the page's policy refuses.
const wavy = (colour) => ({ backgroundImage: "none", textDecoration: `underline wavy var(${colour}) 1px`, textUnderlineOffset: "3px" });
const sign = (colour, round) => ({ content: "normal", backgroundColor: `var(${colour})`, borderRadius: round, width: ".6em", height: ".6em", margin: ".4em .2em" });
const marks = EditorView.theme({
  ".cm-lintRange-error": wavy("--alarm"), ".cm-lintRange-warning": wavy("--warm"), ".cm-lintRange-active": { backgroundColor: "var(--alarm-ground)" },
  ".cm-lint-marker-error": sign("--alarm", "0"), ".cm-lint-marker-warning": sign("--warm", "50%"),
  ".cm-lintPoint::after": { display: "none" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--alarm)" }, ".cm-diagnostic-warning": { borderLeftColor: "var(--warm)" },
});
const LIVE = ["check", "tests", "preview"];
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
      keymap.of([{ key: "Mod-s", preventDefault: true, run: () => checkNow(area) }, { key: "Enter", run: newLine }, indentWithTab]),
      basicSetup, yaml(), syntaxHighlighting(colours), lintGutter(), marks, help.extensions(), changed, EditorView.lineWrapping,
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

// A new line begins under what stands above it, and deeper where that opens something.
function newLine({ state, dispatch }) {
  const { main } = state.selection, before = state.doc.lineAt(main.from).text.slice(0, main.from - state.doc.lineAt(main.from).from);
  if (!main.empty || !before.trim()) return false;
  const [under] = /^\s*(- +)*/.exec(before);
  const deeper = /(:|[|>][-+]?)\s*$/.test(before) ? 2 : 0;
  dispatch(state.update(state.replaceSelection(`\n${" ".repeat(under.length + deeper)}`), { scrollIntoView: true, userEvent: "input" }));
  return true;
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
  // While it is asked, somebody types on: what came of an older text is not shown, as the newer is asked next. What somebody
  // chose meanwhile is shown all the same, and asked again.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const sent = detail.requestConfig?.parameters?.text;
    if (typeof sent !== "string" || plain(sent) === plain(area.value)) return;
    if (LIVE.includes(detail.requestConfig.elt.id)) detail.shouldSwap = false;
    else setTimeout(() => byId("preview").dispatchEvent(new Event("liaison:again")));
  });
  document.addEventListener("liaison:busy", ({ target }) => {
    if (target.id === "check") say("Liaison is busy: what it says of this text takes a while, and comes by itself.");
    setTimeout(() => target.dispatchEvent(new Event(LIVE.includes(target.id) ? "liaison:again" : "click")), 1500);
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
  const form = area.form, { fresh, typed } = form.dataset, { base, file } = form.elements;
  const kept = new Kept(fresh ? "(new)" : file.value, typed ? null : area.value);
  const bar = byId("kept"), found = typed ? null : kept.found();
  const keep = () => kept.keep({ text: area.value, base: base.value, file: file.value });
  const begun = { text: area.value, base: base.value, file: file.value };
  let wait;
  area.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(keep, 300);
  });
  window.addEventListener("pagehide", keep);
  if (typed) keep();
  if (!bar || !found) return;
  const take = (draft) => {
    write(area, draft.text);
    [base.value, file.value] = [draft.base, draft.file];
  };
  const same = found.base === base.value && !fresh;
  byId("kept-when").textContent = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(found.at);
  byId("kept-changed").hidden = same || Boolean(fresh);
  byId("kept-back").hidden = same;
  bar.hidden = false;
  if (same) take(found);
  const done = () => { bar.hidden = true; area.liaisonEditor.focus(); };
  byId("kept-back").addEventListener("click", () => { take(found); done(); });
  byId("kept-drop").addEventListener("click", () => { kept.forget(); take(begun); done(); });
}

// A link from elsewhere may lead to a line.
function jumpToAddress(area) {
  const line = /^#line-(\d+)$/.exec(location.hash);
  if (line) jump(area, Number(line[1]), 1);
}

for (const area of document.querySelectorAll("textarea[data-editor]")) {
  editor(area);
  listen(area);
  keepDraft(area);
  jumpToAddress(area);
}
