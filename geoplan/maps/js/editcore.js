/**
 * An edit session over units: what may be done to them, undo and redo. No page is needed here.
 *
 * @typedef {Object} Edit        one edit as it is written to a file
 * @property {"give"|"new"|"merge"|"assign"|"open"|"close"|"move"|"lock"|"unlock"|"rename"} kind
 * @property {string[]} [units]
 * @property {string[]} [from]   part of each unit before
 * @property {string|string[]} [to]  part after, or one for each unit
 * @property {string} [part]
 * @property {string} [name]
 * @property {Record<string, string>} [names]  of new parts that an assignment brings
 * @property {string} [old]      name before
 * @property {string} [site]
 * @property {string} [other]    site that a centre moves to
 * @property {string} [note]
 *
 * @typedef {{done: boolean, why?: string, left?: number}} Answer  `left`: units that stay because their part is locked
 */
import {EditSums} from "./editsums.js";

/** @import {Plan} from "./editplan.js" */

/** Ids for new parts as Python gives them: the first of new-1, new-2, ... that is free. @param {Set<string>} taken */
export function newPartId(taken) {
  let number = 1;
  while (taken.has(`new-${number}`)) number++;
  return `new-${number}`;
}

export class EditSession extends EditSums {
  /** @param {Plan} plan */
  constructor(plan) {
    super(plan);
    /** @type {Edit[]} */
    this.done = [];
    /** @type {Edit[]} */
    this.undone = [];
    /** @type {((why: string) => void)[]} */
    this.listeners = [];
  }

  // --- edits -------------------------------------------------------------------------------------------------------

  /** Ids that a new part may not have: those in use and those that an edit has used. */
  _taken() {
    const ids = new Set([...this.plan.baseIds, ...this.plan.partIds]);
    for (const edit of this.done) for (const id of [edit.to || []].flat()) ids.add(id);
    return ids;
  }

  /** Units that an edit may take: in another part, and that one not locked. @param {Iterable<number>} units @param {string} to */
  _free(units, to) {
    const rows = [...new Set(units)].sort((a, b) => a - b).filter((unit) => this.parts[this.of[unit]].id !== to);
    const free = rows.filter((unit) => !this.parts[this.of[unit]].locked);
    return {free, left: rows.length - free.length};
  }

  /** @param {Edit["kind"]} kind @param {number[]} units @param {string|string[]} to @param {Object} [more] @returns {Edit} */
  _moving(kind, units, to, more) {
    const {unitIds} = this.plan;
    return {kind, units: units.map((u) => unitIds[u]), from: units.map((u) => this.parts[this.of[u]].id), to, ...more};
  }

  /** Give units to a part. @param {Iterable<number>} units @param {string} to @param {string} [note] @returns {Answer} */
  give(units, to, note) {
    const slot = this.slot(to);
    if (slot < 0) return {done: false, why: "unknown"};
    if (this.parts[slot].locked) return {done: false, why: "locked"};
    const {free, left} = this._free(units, to);
    if (!free.length) return {done: false, why: left ? "locked" : "nothing", left};
    this._do(this._moving("give", free, to, note ? {note} : {}));
    return {done: true, left};
  }

  /** Units become a part of their own. @param {Iterable<number>} units @param {string} name @param {string} [note] @returns {Answer} */
  create(units, name, note) {
    const to = newPartId(this._taken());
    const {free, left} = this._free(units, to);
    if (!free.length) return {done: false, why: left ? "locked" : "nothing", left};
    this._do(this._moving("new", free, to, note ? {name, note} : {name}));
    return {done: true, left};
  }

  /** All units of one part go to another. @param {string} part @param {string} into @param {string} [note] @returns {Answer} */
  merge(part, into, note) {
    const [one, two] = [this.slot(part), this.slot(into)];
    if (one < 0 || two < 0) return {done: false, why: "unknown"};
    if (one === two) return {done: false, why: "nothing"};
    if (this.parts[one].locked || this.parts[two].locked) return {done: false, why: "locked"};
    const units = [...this.parts[one].members].sort((a, b) => a - b);
    this._do(this._moving("merge", units, into, note ? {part, note} : {part}));
    return {done: true};
  }

  /** Any other arrangement of the units, such as one that comes from outside. @param {string[]} parts part of each unit @param {Record<string, string>} [names] of new parts @param {boolean} [locks] whether locks hold @returns {Answer} */
  assign(parts, names, locks = true) {
    const moving = [...parts.keys()].filter((unit) => this.parts[this.of[unit]].id !== parts[unit]);
    if (!moving.length) return {done: false, why: "nothing"};
    const locked = (/** @type {string} */ id) => this.parts[this.slotOf.get(id) ?? -1]?.locked;
    if (locks && moving.some((unit) => this.parts[this.of[unit]].locked || locked(parts[unit]))) return {done: false, why: "locked"};
    const fresh = [...new Set(parts)].filter((id) => this.slotOf.get(id) === undefined);
    const called = Object.fromEntries(fresh.map((id) => [id, (names || {})[id] || id]));
    const more = fresh.length ? {names: called} : {};
    this._do(this._moving("assign", moving, moving.map((unit) => parts[unit]), more));
    return {done: true};
  }

  /** Open a candidate site or a closed centre. @param {string} site @param {string} [note] @returns {Answer} */
  openCentre(site, note) {
    return this._centre({kind: "open", site, ...(note ? {note} : {})});
  }

  /** Take a centre away. @param {string} site @param {string} [note] @returns {Answer} */
  closeCentre(site, note) {
    return this._centre({kind: "close", site, ...(note ? {note} : {})});
  }

  /** Move a centre to another site. @param {string} site @param {string} other @param {string} [note] @returns {Answer} */
  moveCentre(site, other, note) {
    return this._centre({kind: "move", site, other, ...(note ? {note} : {})});
  }

  /** @param {Edit} edit @returns {Answer} */
  _centre(edit) {
    const site = this.siteAt.get(edit.site || "");
    const other = edit.kind === "move" ? this.siteAt.get(edit.other || "") : -1;
    if (site === undefined || other === undefined) return {done: false, why: "unknown"};
    if (this.open[site] === (edit.kind === "open") || (other >= 0 && this.open[other])) return {done: false, why: "nothing"};
    this._do(edit);
    return {done: true};
  }

  /** @param {string} part @param {boolean} locked @returns {Answer} */
  setLocked(part, locked) {
    const slot = this.slot(part);
    if (slot < 0) return {done: false, why: "unknown"};
    if (this.parts[slot].locked === locked) return {done: false, why: "nothing"};
    this._do({kind: locked ? "lock" : "unlock", part});
    return {done: true};
  }

  /** @param {string} part @param {string} name @returns {Answer} */
  rename(part, name) {
    const slot = this.slot(part);
    if (slot < 0) return {done: false, why: "unknown"};
    const old = this.parts[slot].name;
    if (!name.trim() || old === name.trim()) return {done: false, why: "nothing"};
    this._do({kind: "rename", part, old, name: name.trim()});
    return {done: true};
  }

  /** A remark on an edit; it stays with the edit when that is undone and done again. @param {number} index @param {string} text */
  setNote(index, text) {
    const edit = this.done[index];
    if (!edit) return;
    if (text) edit.note = text;
    else delete edit.note;
    this._tell("note");
  }

  get canUndo() {
    return this.done.length > 0;
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  /** @returns {Edit|null} the edit undone */
  undo() {
    const edit = this.done.pop();
    if (!edit) return null;
    this._apply(edit, true);
    this.undone.push(edit);
    this._tell("undo");
    return edit;
  }

  /** @returns {Edit|null} the edit done again */
  redo() {
    const edit = this.undone.pop();
    if (!edit) return null;
    this._apply(edit, false);
    this.done.push(edit);
    this._tell("redo");
    return edit;
  }

  /** Do an edit that was done before, such as one from a file; it must fit. @param {Edit} edit */
  repeat(edit) {
    this._do({...edit});
  }

  /** @param {Edit} edit */
  _do(edit) {
    this._apply(edit, false);
    this.done.push(edit);
    this.undone.length = 0;
    this._tell("edit");
  }

  /** @param {string} why */
  _tell(why) {
    for (const listener of this.listeners) listener(why);
  }

  /** @param {Edit} edit @param {boolean} back whether it is undone */
  _apply(edit, back) {
    if (edit.units) {
      const units = edit.units.map((id) => /** @type {number} */ (this.unitAt.get(id)));
      const to = back ? edit.from || [] : edit.to || "";
      const ids = typeof to === "string" ? units.map(() => to) : to;
      if (!back) for (const id of new Set(ids)) this._slotFor(id, edit.kind === "new" ? edit.name : (edit.names || {})[id]);
      this._move(units, ids.map((id) => /** @type {number} */ (this.slotOf.get(id))));
    } else if (edit.site !== undefined) {
      const site = /** @type {number} */ (this.siteAt.get(edit.site));
      const other = edit.kind === "move" ? /** @type {number} */ (this.siteAt.get(edit.other || "")) : -1;
      this.open[site] = (edit.kind === "open") !== back;
      if (other >= 0) this.open[other] = !back;
      this._centresChanged(other >= 0 ? [site, other] : [site]);
    } else {
      const part = this.parts[/** @type {number} */ (this.slotOf.get(edit.part || ""))];
      if (edit.kind === "rename") part.name = (back ? edit.old : edit.name) || "";
      else part.locked = (edit.kind === "lock") !== back;
    }
  }
}
