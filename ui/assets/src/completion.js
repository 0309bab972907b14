// Completion and descriptions: keys and values from the schema, names from the installation and from the draft itself.
import { autocompletion } from "@codemirror/autocomplete";
import { EditorView, hoverTooltip } from "@codemirror/view";
import { Schema } from "./schema.js";
import { placeAt } from "./yaml_place.js";

// The sort of names that a key takes.
const NAMED = {
  service: "services", ci: "services", needs: "services", calendar: "calendars", within: "calendars", hours: "calendars", outside: "calendars",
  location: "locations", moment: "moments", speak: "moments", tell: "audiences", silence: "audiences", progress: "phrases",
};
const CONDITIONS = ["when", "unless", "on"];
const QUOTED = /^(["'])(@?[\w.-]*)$/;
const INSERTED = /\{[{%][^}]*?([\w.]*)$/;

export class Help {
  constructor() { this.schema = null; this.names = {}; this.words = []; this.coming = null; }

  load(address) { this.coming = this.fetched(address).finally(() => { this.coming = null; }); }

  async fetched(address) {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { schema, names, words } = await answer.json();
    [this.schema, this.names, this.words] = [new Schema(schema), { ...names, ...this.names }, words];
  }

  learn(names) { this.names = { ...this.names, ...names }; }

  extensions() {
    return [
      autocompletion({ override: [(context) => this.complete(context)], icons: false, activateOnTyping: true }),
      hoverTooltip((view, at) => this.hover(view, at), { hoverTime: 400 }),
    ];
  }

  complete(context) {
    // who asks before it is there gets it as soon as it is
    if (!this.schema) return context.explicit && this.coming ? this.coming.then(() => this.complete(context)) : null;
    const text = context.state.doc.sliceString(0, context.pos);
    const inserted = INSERTED.exec(text.slice(text.lastIndexOf("\n") + 1));
    if (inserted) return this.wordsFor(context, inserted[1], text);
    const place = placeAt(text, context.pos);
    if (!place || place.text) return null;
    if (/^["']/.test(place.typed)) return this.quoted(context, place);
    // right after the colon most people press Enter, and mean the next line
    const tight = place.value && text.endsWith(":");
    if (!place.typed && !context.explicit && (!place.value || tight)) return null;
    const options = place.value ? this.valuesFor(place) : this.keysFor(place);
    if (tight) for (const option of options) option.apply = ` ${option.apply ?? option.label}`;
    if (place.item) options.push(...this.valuesFor(place));
    return options.length ? { from: place.from, options, validFor: /^[@\w.-]*$/ } : null;
  }

  // Where somebody began with the quotation mark, as `"@name"` needs one.
  quoted(context, place) {
    const [, mark, typed] = QUOTED.exec(place.typed) ?? [];
    if (!mark || !(place.value || place.item)) return null;
    const end = context.state.doc.sliceString(context.pos, context.pos + 1) === mark ? "" : mark;
    const options = this.valuesFor(place).map((option) => ({ ...option, apply: `${option.label}${end}` }));
    return options.length ? { from: context.pos - typed.length, options, validFor: /^[@\w.-]*$/ } : null;
  }

  keysFor(place) {
    const flow = place.flow ?? false;
    const keys = this.schema.keys(place.path).map(({ key, says, required, shape }) => ({
      label: key, type: "property", detail: required ? "needed" : "", info: says || undefined, boost: required ? 1 : 0,
      apply: shape === "value" || flow ? `${key}: ` : `${key}:`,
    }));
    const custom = CONDITIONS.includes(place.key) ? this.names.fields ?? [] : [];
    return [...keys, ...custom.map((name) => ({ label: `fields.${name}`, type: "property", apply: `fields.${name}: ` }))];
  }

  valuesFor(place) {
    const values = this.schema.values(place.path).map((value) => ({ label: String(value), type: "enum" }));
    const tested = place.path.includes("winner") || (place.path.includes("expect") && place.key === "rules");
    const named = (this.names[tested ? "rules" : NAMED[place.key]] ?? []).map((label) => ({ label, type: "constant", boost: 1 }));
    const asked = place.path.some((step) => CONDITIONS.includes(step)) && ![...CONDITIONS, "all", "any", "not"].includes(place.key);
    const lists = asked ? (this.names.lists ?? []).map((name) => ({ label: `@${name}`, type: "variable", apply: `"@${name}"` })) : [];
    const seen = new Set(named.map(({ label }) => label));
    return [...named, ...values.filter(({ label }) => !seen.has(label)), ...lists];
  }

  wordsFor(context, typed, text) {
    const agents = placeAt(text, context.pos)?.path.includes("agents") ?? false;
    const options = this.words.filter((word) => agents || !word.agents)
      .map(({ name, says, example }) => ({ label: name, type: "variable", detail: example, info: says }));
    return { from: context.pos - typed.length, options, validFor: /^[\w.]*$/ };
  }

  // What the key at this place means.
  describe(state, at) {
    const line = state.doc.lineAt(at);
    const rest = /^[\w.-]*/.exec(state.doc.sliceString(at, line.to))[0];
    const text = state.doc.sliceString(0, at + rest.length);
    const place = this.schema && placeAt(text, text.length);
    if (!place) return null;
    const path = place.value || !place.typed ? place.path : [...place.path, place.typed.trim()];
    const says = this.schema.describe(path);
    return { path: path.filter((step) => step !== "[]"), says };
  }

  hover(view, at) {
    const found = this.describe(view.state, at);
    if (!found?.says) return null;
    return {
      pos: at,
      create: () => {
        const dom = document.createElement("p");
        dom.className = "described";
        dom.textContent = `${found.path.at(-1)}: ${found.says}`;
        return { dom };
      },
    };
  }

  // Beside the editor, for who does not hover: where the cursor is, and what that means.
  follower(place) {
    return EditorView.updateListener.of((update) => {
      if (!place || !(update.selectionSet || update.docChanged)) return;
      const found = this.describe(update.state, update.state.selection.main.head);
      const where = found?.path.join(" › ") ?? "";
      place.textContent = where && found.says ? `${where}: ${found.says}` : where;
    });
  }
}
