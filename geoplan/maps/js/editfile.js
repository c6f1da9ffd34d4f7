/**
 * Edits as files: JSON with the page's totals for geoplan, CSV for people; and the plan as Python packed it.
 *
 * @typedef {Object} Document
 * @property {string} format
 * @property {number} version
 * @property {{fingerprint: string, name: string, town: string, level: string}} plan
 * @property {Edit[]} edits
 * @property {{preliminary: string[], total: any, parts: any[]}} totals
 */
import {bytesOf, integers, words} from "./packed.js";

/** @import {Edit, EditSession} from "./editcore.js" */
/** @import {Plan} from "./editplan.js" */

export const FORMAT = "geoplan-edits";
export const VERSION = 1;

/** Numbers that lost no bit. @param {any} packed whole numbers, or 64-bit floats as base64 or bytes */
function exact(packed) {
  if (packed.ints !== undefined) return integers(packed.ints);
  const bytes = typeof packed.floats === "string" ? bytesOf(packed.floats) : packed.floats.slice();
  return new Float64Array(bytes.buffer);
}

/** Where each group of rows begins, and the end. */
function starts(counts) {
  const out = new Int32Array(counts.length + 1);
  counts.forEach((count, k) => (out[k + 1] = out[k] + count));
  return out;
}

/**
 * One of the plans that Python packed.
 * @param {any} packed @param {number} which @param {string[]} unitIds @param {string[]} unitNames
 * @returns {Plan}
 */
export function readPlan(packed, which, unitIds, unitNames) {
  const start = packed.starts[which];
  const {pairs, sites, walkers} = packed;
  const siteName = sites ? words(sites.name) : () => "";
  const siteUnit = sites ? integers(sites.unit) : [];
  const candidate = sites ? integers(sites.candidate) : [];
  const walk = packed.walk ? Float64Array.from(integers(packed.walk), (hundredths) => hundredths / 100) : null;
  return {
    fingerprint: start.fingerprint,
    name: start.name,
    level: packed.level,
    unitIds,
    unitNames,
    households: exact(packed.households),
    people: exact(packed.people),
    base: integers(packed.base),
    baseIds: packed.baseIds,
    start: integers(start.of),
    partIds: start.partIds,
    partNames: start.partNames,
    pairs: {one: integers(pairs.one), two: integers(pairs.two), metre: exact(pairs.metre), joins: integers(pairs.joins)},
    lower: start.lower,
    upper: start.upper === null ? Infinity : start.upper,
    minutes: packed.minutes || [],
    sites: (sites ? sites.id : []).map((id, k) => ({
      id,
      name: siteName(k),
      unit: siteUnit[k],
      candidate: candidate[k] > 0,
      open: start.open[k] > 0,
      known: true,
    })),
    above: packed.above ? integers(packed.above) : null,
    aboveNames: packed.aboveNames || [],
    estate: packed.estate ? integers(packed.estate) : null,
    estateNames: packed.estateNames || [],
    walk,
    walkers: walkers
      ? {
          start: starts(integers(walkers.count)),
          households: exact(walkers.households),
          reachStart: starts(integers(walkers.reach)),
          site: integers(walkers.site),
          step: integers(walkers.step),
        }
      : null,
  };
}

/** The session as one document. @param {EditSession} session @param {string} town @returns {Document} */
export function toDocument(session, town) {
  const {plan} = session;
  const clean = (/** @type {any} */ row) => {
    const kept = Object.entries(row).filter(([, value]) => value !== null && !Number.isNaN(value));
    return Object.fromEntries(kept);
  };
  return {
    format: FORMAT,
    version: VERSION,
    plan: {fingerprint: plan.fingerprint, name: plan.name, town, level: plan.level},
    edits: session.done.map((edit) => ({...edit})),
    totals: {
      preliminary: session.preliminary(),
      total: clean(session.totals()),
      parts: session.slots().map((slot) => clean(session.figures(slot))),
    },
  };
}

/** @param {Document} doc */
export const toJson = (doc) => `${JSON.stringify(doc, null, 1)}\n`;

export const COLUMNS = ["edit", "kind", "unit", "name", "from", "to", "note", "plan"];

/** Text that no spreadsheet takes for a formula, a number or a date; Python takes the apostrophe off again. */
export const guard = (text) => (/^[\s'=+\-@\d＝＋－＠]/.test(text) ? `'${text}` : text);
export const unguard = (text) => (text.startsWith("'") ? text.slice(1) : text);

const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Lines of a CSV: a line a unit, then a line a total. @param {EditSession} session @param {Document} doc */
export function toCsv(session, doc) {
  const {plan} = session;
  const lines = [COLUMNS];
  const add = (edit, kind, unit, name, from, to, note) => {
    lines.push([edit, kind, ...[unit, name, from, to, note].map((text) => guard(text || "")), doc.plan.fingerprint]);
  };
  doc.edits.forEach((edit, k) => {
    const number = String(k + 1);
    if (edit.units) {
      edit.units.forEach((unit, row) => {
        const to = typeof edit.to === "string" ? edit.to : (edit.to || [])[row];
        const name = plan.unitNames[session.unitAt.get(unit) ?? -1];
        add(number, edit.kind, unit, name, (edit.from || [])[row], to, row ? "" : edit.note);
      });
      for (const [id, name] of namesOf(edit)) add(number, "name", "", name, "", id, "");
    } else if (edit.site !== undefined) add(number, edit.kind, "", "", edit.site, edit.other, edit.note);
    else add(number, edit.kind, "", edit.kind === "rename" ? edit.name : "", edit.part, edit.old, edit.note);
  });
  const value = (number) => (Array.isArray(number) ? number.join(" ") : String(number));
  const total = (part, row) => {
    for (const key of TOTALS) if (row[key] !== undefined) lines.push(["", "total", guard(part), key, "", value(row[key]), "", doc.plan.fingerprint]);
  };
  total("", doc.totals.total);
  for (const row of doc.totals.parts) total(row.id, row);
  lines.push(["", "preliminary", "", doc.totals.preliminary.join(" "), "", "", "", doc.plan.fingerprint]);
  return `\ufeff${lines.map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

const TOTALS = ["parts", "units", "households", "people", "outside", "centres", "served_any", "served_own", "boundary_m", "moved", "pieces", "detached", "walk_min"];

/** Names that an edit gives to new parts. @param {Edit} edit @returns {[string, string][]} */
function namesOf(edit) {
  if (edit.kind === "new") return [[String(edit.to), edit.name || ""]];
  return Object.entries(edit.names || {});
}

/** A name that every file system takes. @param {string} text @param {string} ending */
export function fileName(text, ending) {
  // eslint-disable-next-line no-control-regex
  const bad = /[\\/:*?"<>|\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/g;
  const clean = Array.from(text.replace(bad, " ").replace(/\s+/g, " ").trim()).slice(0, 80).join("").replace(/^\.+|[. ]+$/g, "");
  return `${clean || "geoplan"}${ending}`;
}

/**
 * Read a document back and do its edits in a new session; the first that does not fit stops it.
 * @param {EditSession} session fresh
 * @param {any} doc
 * @returns {{why: string, edit: number}|null} what does not fit
 */
export function replay(session, doc) {
  if (!doc || doc.format !== FORMAT || doc.version !== VERSION || !Array.isArray(doc.edits)) return {why: "format", edit: 0};
  if (!doc.plan || doc.plan.fingerprint !== session.plan.fingerprint) return {why: "plan", edit: 0};
  for (let k = 0; k < doc.edits.length; k++) {
    const why = fault(session, doc.edits[k]);
    if (why) return {why, edit: k + 1};
    session.repeat(doc.edits[k]);
  }
  return null;
}

/** @param {EditSession} session @param {any} edit */
function fault(session, edit) {
  const partOf = (id) => session.parts[session.of[/** @type {number} */ (session.unitAt.get(id))]].id;
  if (!edit || typeof edit !== "object") return "format";
  if (["give", "new", "merge", "assign"].includes(edit.kind)) {
    const {units, from, to} = edit;
    if (!Array.isArray(units) || !Array.isArray(from) || units.length !== from.length || !units.length) return "format";
    if (edit.kind === "assign" ? !Array.isArray(to) || to.length !== units.length : typeof to !== "string") return "format";
    if (units.some((id) => !session.unitAt.has(id))) return "unit";
    if (units.some((id, k) => partOf(id) !== from[k])) return "from";
    return "";
  }
  if (["open", "close", "move"].includes(edit.kind)) {
    const known = session.siteAt.has(edit.site) && (edit.kind !== "move" || session.siteAt.has(edit.other));
    return known ? "" : "site";
  }
  if (["lock", "unlock", "rename"].includes(edit.kind)) return session.slot(edit.part) >= 0 ? "" : "part";
  return "format";
}
