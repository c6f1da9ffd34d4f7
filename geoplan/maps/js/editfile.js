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

export const COLUMNS = ["edit", "kind", "unit", "name", "from", "to", "note", "plan", "plan_name"];

/** Text that no spreadsheet takes for a formula, a number or a date; Python takes the apostrophe off again. */
const RISKY = /^(?:[\s'=+\-@\d＝＋－＠]|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[^\p{L}\p{N}]?\d|(?:true|false)$)/iu;
export const guard = (text) => (RISKY.test(text) ? `'${text}` : text);
export const unguard = (text) => (text.startsWith("'") ? text.slice(1) : text);

const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Lines of a CSV: a line a unit, then a line a total. @param {EditSession} session @param {Document} doc */
export function toCsv(session, doc) {
  const {plan} = session;
  const lines = [COLUMNS];
  const last = [doc.plan.fingerprint, guard(doc.plan.name)];
  const add = (edit, kind, unit, name, from, to, note) => {
    lines.push([edit, kind, ...[unit, name, from, to, note].map((text) => guard(text || "")), ...last]);
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
  const value = (given) => (Array.isArray(given) ? given.join(" ") : typeof given === "string" ? guard(given) : String(given));
  const total = (part, row) => {
    for (const key of TOTALS) if (row[key] !== undefined) lines.push(["", "total", guard(part), key, "", value(row[key]), "", ...last]);
  };
  total("", doc.totals.total);
  for (const row of doc.totals.parts) total(row.id, row);
  lines.push(["", "preliminary", "", doc.totals.preliminary.join(" "), "", "", "", ...last]);
  return `\ufeff${lines.map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

const TOTALS = ["name", "range", "parts", "units", "households", "people", "outside", "centres", "served_any", "served_own", "boundary_m", "moved", "pieces", "detached", "walk_min"];

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
 * @param {(edit: number) => void} [crossed] told of edits that move units of a community that an earlier one has locked
 * @returns {{why: string, edit: number}|null} what does not fit
 */
export function replay(session, doc, crossed) {
  if (!doc || doc.format !== FORMAT || doc.version !== VERSION || !Array.isArray(doc.edits)) return {why: "format", edit: 0};
  if (!doc.plan || doc.plan.fingerprint !== session.plan.fingerprint) return {why: "plan", edit: 0};
  for (let k = 0; k < doc.edits.length; k++) {
    const edit = onlyKnown(doc.edits[k]);
    const why = edit ? fault(session, edit) : "format";
    if (why) return {why, edit: k + 1};
    if (crossed && crosses(session, edit)) crossed(k + 1);
    session.repeat(edit);
  }
  return null;
}

const MOVING = ["give", "new", "merge", "assign"];
const CENTRES = ["open", "close", "move"];
const NAMING = ["lock", "unlock", "rename"];

/** What each kind of edit holds, so that nothing else of a file gets into the session. */
const FIELDS = {
  ...Object.fromEntries(MOVING.map((kind) => [kind, ["units", "from", "to"]])),
  ...Object.fromEntries(CENTRES.map((kind) => [kind, ["site"]])),
  ...Object.fromEntries(NAMING.map((kind) => [kind, ["part"]])),
};
const MORE = {new: ["name"], merge: ["part"], assign: ["names"], move: ["other"], rename: ["old", "name"]};

/** An edit with the fields of its kind; null for what is none. @param {any} edit @returns {any} */
function onlyKnown(edit) {
  if (!edit || typeof edit !== "object" || !Object.hasOwn(FIELDS, edit.kind)) return null;
  const fields = ["kind", ...FIELDS[edit.kind], ...(MORE[edit.kind] || []), "note"];
  return Object.fromEntries(fields.filter((name) => edit[name] !== undefined).map((name) => [name, edit[name]]));
}

const isText = (/** @type {any} */ value) => typeof value === "string";
const areTexts = (/** @type {any} */ values) => Array.isArray(values) && values.every(isText);

/** @param {EditSession} session @param {any} edit */
function fault(session, edit) {
  for (const name of ["name", "old", "note", "part", "other"]) if (edit[name] !== undefined && !isText(edit[name])) return "format";
  if (MOVING.includes(edit.kind)) return shapeFault(edit) || placeFault(session, edit);
  if (CENTRES.includes(edit.kind)) return siteFault(session, edit);
  if (session.slot(edit.part) < 0) return "part";
  return edit.kind === "rename" && !(edit.name || "").trim() ? "format" : "";
}

/** @param {any} edit that moves units */
function shapeFault({kind, units, from, to, names}) {
  if (!areTexts(units) || !areTexts(from) || units.length !== from.length || !units.length) return "format";
  if (kind === "assign" ? !areTexts(to) || to.length !== units.length : !isText(to) || !to) return "format";
  if (names !== undefined && (!names || typeof names !== "object" || !Object.values(names).every(isText))) return "format";
  return new Set(units).size < units.length ? "twice" : "";
}

/** @param {EditSession} session @param {any} edit that moves units */
function placeFault(session, {kind, units, from, to, names}) {
  if (units.some((id) => !session.unitAt.has(id))) return "unit";
  if (units.some((id, k) => session.parts[session.of[/** @type {number} */ (session.unitAt.get(id))]].id !== from[k])) return "from";
  const there = (/** @type {string} */ id) => session.slot(id) >= 0;
  if (kind === "new") return there(to) ? "exists" : "";
  return [to].flat().every((id) => there(id) || (kind === "assign" && names && Object.hasOwn(names, id))) ? "" : "part";
}

/** @param {EditSession} session @param {any} edit of a centre */
function siteFault(session, {kind, site, other}) {
  const row = session.siteAt.get(site);
  const to = kind === "move" ? session.siteAt.get(other) : -1;
  if (row === undefined || to === undefined) return "site";
  return session.open[row] === (kind === "open") || (to >= 0 && session.open[to]) ? "site" : "";
}

/** Whether an edit takes units from a locked community or gives it some. @param {EditSession} session @param {any} edit */
function crosses(session, {units, from, to}) {
  const locked = (/** @type {string} */ id) => session.slot(id) >= 0 && session.parts[session.slot(id)].locked;
  return Boolean(units) && [...from, ...[to].flat()].some(locked);
}
