/** Tables of edits read back: as the page wrote them, or as a spreadsheet saved them. */
import {COLUMNS, FORMAT, VERSION, unguard} from "./editfile.js";

const NEEDED = ["edit", "kind", "unit", "from", "to", "plan"];
const MOVING = ["give", "new", "merge", "assign"];
const CENTRES = ["open", "close", "move"];

/** Text of a file: UTF-8, or what Chinese spreadsheets save. @param {ArrayBuffer} bytes */
export function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", {fatal: true}).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

/**
 * What a file of edits holds, JSON or CSV; null for anything else. Whether the edits fit is for `replay` to say.
 * @param {string} text @returns {any}
 */
export function parsed(text) {
  const plain = text.replace(/^\ufeff/, "");
  if (!/^\s*[{[]/.test(plain)) return fromCsv(plain);
  try {
    return JSON.parse(plain);
  } catch {
    return null;
  }
}

/** Cells of each line; a quoted cell may hold the delimiter, quotes and line breaks. @param {string} text @param {string} delimiter */
export function cellsOf(text, delimiter) {
  const lines = [];
  let line = [];
  let cell = "";
  let quoted = false;
  const endLine = () => {
    lines.push([...line, cell]);
    [line, cell] = [[], ""];
  };
  for (let k = 0; k < text.length; k++) {
    const sign = text[k];
    if (quoted && sign === '"' && text[k + 1] === '"') cell += text[++k];
    else if (quoted && sign === '"') quoted = false;
    else if (quoted) cell += sign;
    else if (sign === '"' && !cell) quoted = true;
    else if (sign === delimiter) {
      line.push(cell);
      cell = "";
    } else if (sign === "\n") endLine();
    else if (sign !== "\r") cell += sign;
  }
  if (cell || line.length) endLine();
  return lines;
}

/** @param {string} text @returns {any} */
function fromCsv(text) {
  const head = text.split("\n", 1)[0];
  const count = (/** @type {string} */ sign) => head.split(sign).length;
  const delimiter = [",", ";", "\t"].reduce((best, sign) => (count(sign) > count(best) ? sign : best));
  const [names, ...lines] = cellsOf(text, delimiter);
  const at = new Map((names || []).map((name, k) => [name.trim().toLowerCase(), k]));
  if (NEEDED.some((name) => !at.has(name))) return null;
  const rows = lines
    .map((line) => Object.fromEntries(COLUMNS.map((name) => [name, (line[at.get(name) ?? -1] || "").trim()])))
    .filter((row) => Object.values(row).some(Boolean));
  const plans = new Set(rows.map((row) => row.plan));
  /** @type {Map<number, any[]>} */
  const groups = new Map();
  for (const row of rows) {
    if (row.kind === "total" || row.kind === "preliminary") continue;
    if (!/^[0-9]+$/.test(row.edit)) return null;
    const number = Number(row.edit);
    groups.set(number, [...(groups.get(number) || []), row]);
  }
  const edits = [...groups].sort((a, b) => a[0] - b[0]).map(([, group]) => editOf(group));
  return {format: FORMAT, version: VERSION, plan: {fingerprint: plans.size === 1 ? [...plans][0] : ""}, edits};
}

/** One edit of its lines; null where they are of several kinds. @param {any[]} rows */
function editOf(rows) {
  const real = rows.filter((row) => row.kind !== "name");
  if (!real.length || real.some((row) => row.kind !== real[0].kind)) return null;
  const [{kind, from, to, name, note}] = real;
  const names = Object.fromEntries(rows.filter((row) => row.kind === "name").map((row) => [unguard(row.to), unguard(row.name)]));
  const more = note ? {note: unguard(note)} : {};
  const column = (/** @type {string} */ key) => real.map((row) => unguard(row[key]));
  if (MOVING.includes(kind)) {
    const moved = {kind, units: column("unit"), from: column("from"), ...more};
    if (kind === "assign") return {...moved, to: column("to"), names};
    const target = unguard(to);
    if (column("to").some((id) => id !== target)) return null;
    if (kind === "new") return {...moved, to: target, name: names[target] || target};
    return kind === "merge" ? {...moved, to: target, part: unguard(from)} : {...moved, to: target};
  }
  if (CENTRES.includes(kind)) return {kind, site: unguard(from), ...(kind === "move" ? {other: unguard(to)} : {}), ...more};
  return {kind, part: unguard(from), ...(kind === "rename" ? {old: unguard(to), name: unguard(name)} : {}), ...more};
}
