/**
 * What the editor of a page remembers beside the session: the units chosen, colours, where names stand, what the
 * browser keeps. Nothing here touches the page.
 */
import {EditSession} from "./editcore.js";
import {Lands} from "./editland.js";
import {parsed} from "./editcsv.js";
import {readPlan, replay, toDocument} from "./editfile.js";
import {warningsOf} from "./editwarn.js";
import {fill} from "./model.js";
import {box, geometry} from "./packed.js";
import {PASTELS} from "./redraw.js";

/** @import {Answer, Edit} from "./editcore.js" */
/** @import {Document} from "./editfile.js" */
/** @import {Site} from "./editplan.js" */
/** @import {Warning} from "./editwarn.js" */

const KEY = "geoplan-edits:";
const SAVE_MS = 400;
const CROSSED = 10; // edits of locked communities that are named

export class Editor {
  /** @param {any} page @param {number} which plan to edit, 0 is today's */
  constructor(page, which) {
    this.page = page;
    this.which = which;
    const {units, edit} = page;
    const rows = Array.from({length: units.geometry.count}, (_, i) => i);
    this.unitIds = rows.map((i) => units.id(i));
    this.unitNames = rows.map((i) => units.name(i));
    this.plan = readPlan(edit, which, this.unitIds, this.unitNames);
    this.middle = rows.map((i) => {
      const [west, north, east, south] = box(units.geometry, i);
      return [(west + east) / 2, (north + south) / 2];
    });
    /** @type {"click"|"brush"|"box"} */
    this.tool = "click";
    /** @type {Set<number>} */
    this.chosen = new Set();
    this.target = "";
    /** What was done last, in words. */
    this.said = "";
    /** @type {string[]} names in it */
    this.saidNames = [];
    /** Whether another tab has saved edits of this plan. */
    this.elsewhere = false;
    /** @type {((why: string) => void)[]} */
    this.listeners = [];
    /** @type {Document|null} edits that loading others has put aside */
    this.aside = null;
    this.keeps = true;
    /** Ends the editing; set by who began it. */
    this.stop = () => {};
    this.timer = 0;
    /** @type {string[]} colour of each slot */
    this.colours = [];
    /** @type {Map<number, {version: number, place: number[]}>} where the name of each slot stands */
    this.anchors = new Map();
    this.lands = new Lands(page.edges, this.unitIds.length);
    /** @type {number[][]} where each site stands; its unit's middle where its place is not known */
    this.places = sitePlaces(edit, page.origin, this.plan.sites, this.middle);
    this.session = new EditSession(this.plan);
    /** @type {Warning[]} what there is to warn of now */
    this.warnings = warningsOf(this.session);
    /** What there was to warn of before any edit. */
    this.warned = new Set(this.warnings.map(({key}) => key));
    /** @type {Warning[]} what the last edit brought */
    this.news = [];
    this._begin(this.session);
    this._restore();
  }

  /** @param {EditSession} session */
  _begin(session) {
    this.session = session;
    this.colours = [];
    const drawn = this.page.alternatives[this.which];
    session.parts.forEach((_, slot) => (this.colours[slot] = drawn && drawn.parts.colour[slot]));
    this.anchors.clear();
    this.lands.kept.clear();
    session.listeners.push((why) => this._changed(why));
  }

  /** A sentence of the editor. @param {string} key @param {Record<string, any>} [values] */
  text(key, values) {
    return fill(this.page.edit.strings[key], values || {});
  }

  get planName() {
    const alternative = this.page.alternatives[this.which];
    return alternative ? alternative.name : this.plan.name;
  }

  /** @param {string} id */
  nameOf(id) {
    const slot = this.session.slotOf.get(id);
    if (slot !== undefined) return this.session.parts[slot].name || id;
    const base = this.plan.baseIds.indexOf(id);
    return base >= 0 ? this.page.edit.baseNames[base] : id;
  }

  /** A community's name as lists and map show it. @param {number} slot */
  labelOf(slot) {
    const {id, name, locked} = this.session.parts[slot];
    return locked ? `${name || id} (${this.text("locked")})` : name || id;
  }

  /** @param {string} why */
  tell(why) {
    for (const listener of this.listeners) listener(why);
  }

  _changed(why) {
    if (why !== "note") this._warn();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.save(), SAVE_MS);
    this.tell(why === "note" ? "note" : "edits");
  }

  _warn() {
    const before = new Set(this.warnings.map(({key}) => key));
    this.warnings = warningsOf(this.session);
    this.news = this.warnings.filter(({key}) => !before.has(key));
  }

  /** A warning in words. @param {Warning} warning */
  warning({kind, about, count, others}) {
    const {whole} = this.page.number;
    const limit = kind === "small" ? this.plan.lower : this.plan.upper;
    return this.text(`warn_${kind}`, {name: about, count: whole(count), households: whole(count), limit: whole(limit), others: others.join(this.text("comma"))});
  }

  // --- choosing ----------------------------------------------------------------------------------------------------

  /** @param {Iterable<number>} units @param {boolean} [also] keep those chosen before */
  choose(units, also) {
    if (!also) this.chosen = new Set();
    for (const unit of units) this.chosen.add(unit);
    this._suggest();
    this.tell("chosen");
  }

  /** @param {number} unit */
  toggle(unit) {
    if (!this.chosen.delete(unit)) this.chosen.add(unit);
    this._suggest();
    this.tell("chosen");
  }

  /** The community that shares most boundary with the units chosen becomes the target. */
  _suggest() {
    const [best] = this.beside();
    if (best) this.target = best;
  }

  /** Communities beside the units chosen, the one with most shared boundary first. @returns {string[]} */
  beside() {
    const {session} = this;
    const shared = new Map();
    const within = new Set([...this.chosen].map((unit) => session.of[unit]));
    for (const unit of this.chosen) {
      for (let at = session.first[unit]; at < session.first[unit + 1]; at++) {
        const slot = session.of[session.beside[at]];
        if (within.size === 1 && within.has(slot)) continue;
        if (!this.chosen.has(session.beside[at])) shared.set(slot, (shared.get(slot) || 0) + session.length[at]);
      }
    }
    return [...shared].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([slot]) => session.parts[slot].id);
  }

  /** Households of the units chosen. */
  households() {
    let sum = 0;
    for (const unit of this.chosen) sum += this.plan.households[unit];
    return sum;
  }

  // --- editing -----------------------------------------------------------------------------------------------------

  /** Say what came of an edit; units that were given are no longer chosen. @param {Answer} answer @param {boolean} [units] */
  answer(answer, units) {
    const left = answer.left ? this.text("left_locked", {count: answer.left}) : "";
    if (!answer.done) {
      this.news = [];
      this.said = this.text(`why_${answer.why}`);
    } else this.said = [this.describe(/** @type {Edit} */ (this.session.done.at(-1))), left].filter(Boolean).join("; ");
    if (answer.done && units) this.chosen = new Set();
    this.tell(answer.done && units ? "chosen" : "said");
  }

  /** An edit in words. @param {Edit} edit */
  describe(edit) {
    const site = (id) => this.plan.sites[this.session.siteAt.get(id) ?? -1]?.name || id;
    const values = {
      to: typeof edit.to === "string" ? this.nameOf(edit.to) : "",
      part: edit.part ? this.nameOf(edit.part) : "",
      site: edit.site ? site(edit.site) : "",
      other: edit.other ? site(edit.other) : "",
      old: edit.old || "",
      name: edit.name || "",
    };
    this.saidNames = Object.values(values);
    return this.text(`did_${edit.kind}`, {...values, count: this.page.number.whole((edit.units || []).length)});
  }

  undo() {
    const edit = this.session.undo();
    this.said = edit ? this.text("undone", {what: this.describe(edit)}) : this.text("why_nothing");
    this.tell("said");
  }

  redo() {
    const edit = this.session.redo();
    this.said = edit ? this.text("redone", {what: this.describe(edit)}) : this.text("why_nothing");
    this.tell("said");
  }

  /** Lock every community, or none. @param {boolean} locked */
  lockAll(locked) {
    for (const slot of this.session.slots()) this.session.setLocked(this.session.parts[slot].id, locked);
    this.said = this.text(locked ? "lock_all" : "unlock_all");
    this.tell("said");
  }

  // --- how it looks ------------------------------------------------------------------------------------------------

  /** Colour of a part; a new one gets what its neighbours use least. @param {number} slot */
  colour(slot) {
    if (this.colours[slot]) return this.colours[slot];
    const {session} = this;
    const used = new Map(PASTELS.map((colour) => [colour, 0]));
    for (const unit of session.parts[slot].members) {
      for (let at = session.first[unit]; at < session.first[unit + 1]; at++) {
        const other = this.colours[session.of[session.beside[at]]];
        if (other) used.set(other, (used.get(other) || 0) + 1);
      }
    }
    const [[best]] = [...used].sort((a, b) => a[1] - b[1]);
    return (this.colours[slot] = best);
  }

  /** Where a part's name stands: in the middle of the unit that is nearest to the middle of its households. @param {number} slot */
  anchor(slot) {
    const known = this.anchors.get(slot);
    const {members, version} = this.session.parts[slot];
    if (known && known.version === version) return known.place;
    let [x, y, sum] = [0, 0, 0];
    for (const unit of members) {
      const weight = this.plan.households[unit] + 1;
      x += this.middle[unit][0] * weight;
      y += this.middle[unit][1] * weight;
      sum += weight;
    }
    let [best, nearest] = [this.middle[members[0]], Infinity];
    for (const unit of members) {
      const far = Math.hypot(this.middle[unit][0] - x / sum, this.middle[unit][1] - y / sum);
      if (far < nearest) [best, nearest] = [this.middle[unit], far];
    }
    this.anchors.set(slot, {version, place: best});
    return best;
  }

  // --- what is kept ------------------------------------------------------------------------------------------------

  /** @returns {Document} */
  document() {
    return toDocument(this.session, this.page.edit.town);
  }

  /** Keep the edits in this browser; where it does not let us, say so. */
  save() {
    clearTimeout(this.timer);
    const before = this.keeps;
    try {
      const key = KEY + this.plan.fingerprint;
      if (this.session.done.length) localStorage.setItem(key, JSON.stringify(this.document()));
      else localStorage.removeItem(key);
      this.keeps = true;
    } catch {
      this.keeps = false;
    }
    if (before !== this.keeps) this.tell("kept");
  }

  /** Another tab has changed what the browser keeps. @param {string|null} key */
  heard(key) {
    if (key !== KEY + this.plan.fingerprint) return;
    this.elsewhere = true;
    this.news = [];
    this.said = this.text("other_tab");
    this.tell("kept");
    this.tell("said");
  }

  _restore() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(KEY + this.plan.fingerprint) || "null");
    } catch {
      this.keeps = false;
    }
    if (!kept) return;
    const session = new EditSession(this.plan);
    if (replay(session, kept)) return;
    this._begin(session);
    this.warnings = warningsOf(session);
    this.said = this.text("restored", {count: session.done.length});
  }

  /** Put the edits of a file in the place of those there are. @param {string} text @returns {boolean} */
  load(text) {
    const session = new EditSession(this.plan);
    /** @type {number[]} */
    const crossed = [];
    const fault = replay(session, parsed(text), (edit) => crossed.push(edit));
    if (fault) {
      const key = fault.why === "format" && fault.edit === 0 ? "bad_format" : fault.why === "plan" ? "bad_plan" : "bad_edit";
      this.news = [];
      this.said = this.text(key, {edit: fault.edit});
      this.tell("said");
      return false;
    }
    this.aside = this.session.done.length ? this.document() : null;
    this._begin(session);
    this.chosen = new Set();
    this.said = this.text("loaded", {count: session.done.length});
    if (crossed.length) this.said += `; ${this.text("loaded_locked", {edits: crossed.slice(0, CROSSED).join(this.text("comma"))})}`;
    this._changed("load");
    this.tell("chosen");
    return true;
  }
}

/** World x and y of each site. @param {any} edit @param {any} origin @param {Site[]} sites @param {number[][]} middle */
function sitePlaces(edit, origin, sites, middle) {
  const places = edit.sites && edit.sites.place ? geometry(edit.sites.place, origin) : null;
  return sites.map((site, k) => {
    if (!places || !places.kinds[k]) return middle[site.unit];
    const vertex = places.starts[places.parts[k]];
    return [places.x[vertex], places.y[vertex]];
  });
}
