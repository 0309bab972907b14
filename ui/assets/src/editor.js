// CodeMirror over every <textarea data-editor>, on the page of the rule desk alone. The textarea stays the form's field, and
// works by itself where this script does not run. Styles of CodeMirror carry the page's nonce (<meta name="style-nonce">).
import { autocompletion } from "@codemirror/autocomplete";
import { yaml } from "@codemirror/lang-yaml";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorView, basicSetup } from "codemirror";

const nonce = document.querySelector('meta[name="style-nonce"]')?.content ?? "";

function editor(area) {
  const changed = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    area.value = update.state.doc.toString();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const label = document.querySelector(`label[for="${CSS.escape(area.id)}"]`)?.textContent.trim() ?? "Text";
  const view = new EditorView({
    doc: area.value,
    extensions: [
      basicSetup, yaml(), lintGutter(), autocompletion(), changed, EditorView.lineWrapping,
      EditorView.cspNonce.of(nonce), EditorView.contentAttributes.of({ "aria-label": label }),
    ],
  });
  area.before(view.dom);
  area.hidden = true;
  area.liaisonEditor = view;
}

// For the desk: problems as [{line, column, message, severity}], lines and columns from 1.
window.liaisonProblems = (area, problems) => {
  const view = area.liaisonEditor, doc = view.state.doc;
  const marks = problems.map(({ line, column, message, severity }) => {
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
    return { from: Math.min(at.from + Math.max(column - 1, 0), at.to), to: at.to, message, severity };
  });
  view.dispatch(setDiagnostics(view.state, marks));
};

document.querySelectorAll("textarea[data-editor]").forEach(editor);
