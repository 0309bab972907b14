// What may stand at a place of a rules file, by the JSON Schema that Liaison's own check is made from.
export class Schema {
  constructor(root) { this.root = root; }

  // Every schema that may describe what stands at the end of the path.
  at(path) {
    let here = this.expanded([this.root]);
    for (const step of path) here = this.expanded(here.flatMap((one) => this.below(one, step)));
    return here;
  }

  below(one, step) {
    if (step === "[]") return one.items ? [one.items] : [];
    if (one.properties && Object.hasOwn(one.properties, step)) return [one.properties[step]];
    const pattern = Object.entries(one.patternProperties ?? {}).find(([like]) => new RegExp(like).test(step));
    if (pattern) return [pattern[1]];
    return typeof one.additionalProperties === "object" ? [one.additionalProperties] : [];
  }

  expanded(some, deep = 0) {
    return deep > 12 ? [] : some.flatMap((one) => {
      const inner = [...(one.anyOf ?? []), ...(one.allOf ?? []), ...(one.$ref ? [this.named(one.$ref)] : [])];
      return [one, ...this.expanded(inner, deep + 1)];
    });
  }

  named(reference) {
    return reference.split("/").slice(1).reduce((here, step) => here[step], this.root);
  }

  keys(path) {
    const known = new Map();
    for (const one of this.at(path)) {
      for (const [key, inner] of Object.entries(one.properties ?? {})) {
        if (!known.has(key)) known.set(key, { key, required: one.required?.includes(key) ?? false, says: this.described(inner), shape: this.shape(inner) });
      }
    }
    return [...known.values()];
  }

  values(path) {
    const found = new Set();
    for (const one of this.at(path)) {
      for (const value of one.enum ?? []) found.add(value);
      if (one.const !== undefined) found.add(one.const);
      const types = [one.type].flat();
      if (types.includes("boolean") && !types.includes("number")) found.add(true).add(false);
      for (const value of one.examples ?? []) found.add(value);
    }
    return [...found];
  }

  describe(path) { return this.at(path).find((one) => one.description)?.description ?? ""; }

  described(inner) { return this.expanded([inner]).find((one) => one.description)?.description ?? ""; }

  // Whether a value of it goes into the same line, or what begins on the next.
  shape(inner) {
    const all = this.expanded([inner]);
    if (all.some((one) => one.enum || one.const !== undefined || ["string", "number", "integer", "boolean"].some((type) => [one.type].flat().includes(type)))) return "value";
    if (all.some((one) => one.type === "array")) return "list";
    return all.some((one) => one.type === "object") ? "map" : "value";
  }
}
