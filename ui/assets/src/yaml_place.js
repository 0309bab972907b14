// Where in a rules file a place is: the keys that lead there, and whether a key or a value is being written. It reads the
// text up to that place alone and takes what is half written as it comes, in block style and in { flow: style }.
//
// {path: ["rules", "[]", "when", "kind"], key: "kind", value: true, typed: "inci", from: 123}
const KEY = /^("[^"]*"|'[^']*'|[^\s#:{}[\],"'|>&*!%@`-][^:#{}[\],]*|-?[^\s:#{}[\],]+)\s*:(?=\s|$)/;

export function placeAt(text, at) {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  const frames = [], flow = [];
  let block = -1; // inside a | or > text: its key's column
  for (let from = 0; from < start; from = text.indexOf("\n", from) + 1) {
    const line = text.slice(from, text.indexOf("\n", from));
    block = takeLine(line, frames, flow, block);
  }
  const line = text.slice(start, at);
  const indent = line.search(/\S|$/);
  if (block >= 0 && (indent > block || !line.trim())) return { ...found(frames, flow, true), text: true, typed: "", from: at };
  return unfinished(line, start, frames, flow);
}

// A whole line; returns the column of the key of the text that it begins, or goes on with, else -1.
function takeLine(line, frames, flow, block) {
  const indent = line.search(/\S/);
  if (block >= 0 && (indent < 0 || indent > block)) return block;
  if (indent < 0) return -1;
  if (flow.length) { takeFlow(line, flow); return -1; }
  let rest = line.slice(indent), column = indent;
  if (rest[0] === "#") return -1;
  [rest, column] = takeDashes(rest, column, frames);
  const key = KEY.exec(rest);
  if (!key) { if (/^[{[]/.test(rest)) takeFlow(rest, flow); return -1; }
  pushKey(frames, column, key[1]);
  const value = rest.slice(key[0].length).trim();
  if (/^[|>][-+0-9]*\s*(#.*)?$/.test(value)) return column;
  if (/^[{[]/.test(value)) takeFlow(value, flow);
  return -1;
}

function takeDashes(rest, column, frames) {
  for (let dash; (dash = /^-(\s+|$)/.exec(rest));) {
    while (frames.length && (frames.at(-1).column > column || (frames.at(-1).column === column && frames.at(-1).key === "[]"))) frames.pop();
    frames.push({ column, key: "[]" });
    rest = rest.slice(dash[0].length);
    column += dash[0].length;
  }
  return [rest, column];
}

function pushKey(frames, column, key) {
  while (frames.length && frames.at(-1).column >= column) frames.pop();
  frames.push({ column, key: bare(key) });
}

const bare = (key) => key.trim().replace(/^(["'])(.*)\1$/, "$2");

// Flow collections, letter by letter. Each open one knows the key it is at.
function takeFlow(text, flow) {
  for (let i = 0, word = ""; i < text.length; i++) {
    const letter = text[i], top = flow.at(-1);
    if (letter === '"' || letter === "'") {
      const end = closing(text, i);
      word += text.slice(i, end + 1);
      i = end;
    } else if (letter === "#" && /\s/.test(text[i - 1] ?? " ")) break;
    else if (letter === "{" || letter === "[") { flow.push({ map: letter === "{", key: "" }); word = ""; }
    else if (letter === "}" || letter === "]") { flow.pop(); word = ""; }
    else if (letter === "," && top) { top.key = ""; word = ""; }
    else if (letter === ":" && top?.map && /\s|$/.test(text[i + 1] ?? " ")) { top.key = bare(word); word = ""; }
    else word += letter;
  }
}

function closing(text, at) {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\" && text[at] === '"') i++;
    else if (text[i] === text[at]) return i;
  }
  return text.length;
}

// The line that is being written, up to the cursor.
function unfinished(line, start, frames, flow) {
  const from = (typed) => start + line.length - typed.length;
  if (flow.length) return inFlow(line, flow, frames, from);
  const indent = line.search(/\S|$/);
  let rest = line.slice(indent), column = indent;
  if (/(^|\s)#/.test(rest) && !/["']/.test(rest)) return null;
  [rest, column] = takeDashes(rest, column, frames);
  const key = KEY.exec(rest);
  if (key) {
    pushKey(frames, column, key[1]);
    const typed = rest.slice(key[0].length).trimStart();
    if (/^[{[]/.test(typed)) return inFlow(typed, flow, frames, from);
    return { ...found(frames, flow, true), typed, from: from(typed) };
  }
  if (/^[{[]/.test(rest)) return inFlow(rest, flow, frames, from);
  while (frames.length && frames.at(-1).column >= column) {
    if (frames.at(-1).key === "[]" && frames.at(-1).column < column) break;
    frames.pop();
  }
  // after a dash a list's value may stand as well as the first key of an entry
  return { ...found(frames, flow, false), typed: rest, from: from(rest), item: column > indent };
}

function inFlow(text, flow, frames, from) {
  takeFlow(text, flow);
  const top = flow.at(-1);
  if (!top) return null;
  const typed = /[^{}[\],:\s][^{}[\],]*$|$/.exec(top.map && top.key ? text.replace(/^.*:(?=\s)/s, "") : text)[0];
  return { ...found(frames, flow, !top.map || Boolean(top.key)), flow: true, typed, from: from(typed) };
}

function found(frames, flow, value) {
  const path = frames.map((frame) => frame.key);
  for (const one of flow) path.push(...(one.map ? (one.key ? [one.key] : []) : ["[]"]));
  const key = [...path].reverse().find((step) => step !== "[]") ?? "";
  return { path, key, value };
}
