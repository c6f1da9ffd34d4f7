/**
 * An edit session over units: which part each belongs to, what that is worth, undo and redo. No page is needed here.
 *
 * Every sum is kept in whole quanta (see `quanta`), so that an edit and its undoing cancel to the last bit and the
 * totals do not depend on the order of the edits. An edit touches its units, their neighbours, and the parts that it
 * takes from and gives to; nothing else.
 *
 * @typedef {Object} Pairs       units that share a boundary, each pair once
 * @property {ArrayLike<number>} one
 * @property {ArrayLike<number>} two
 * @property {ArrayLike<number>} metre  length of the shared boundary
 * @property {ArrayLike<number>} joins  1 where no barrier closes it
 *
 * @typedef {Object} Site
 * @property {string} id
 * @property {string} name
 * @property {number} unit       row of the unit that it stands in, -1 for none
 * @property {boolean} candidate whether it is only proposed
 * @property {boolean} open      whether it is a centre at the start
 * @property {boolean} known     whether there is a table of walks to it
 *
 * @typedef {Object} Walkers     households of a unit that have the same sites within the same circles
 * @property {ArrayLike<number>} start       first row of each unit, and the end
 * @property {ArrayLike<number>} households
 * @property {ArrayLike<number>} reachStart  first (site, step) of each row, and the end
 * @property {ArrayLike<number>} site
 * @property {ArrayLike<number>} step        index of the smallest circle that the site is in
 *
 * @typedef {Object} Plan        what is edited
 * @property {string} fingerprint
 * @property {string} name       "today", or the name of a proposal
 * @property {string} level
 * @property {string[]} unitIds
 * @property {string[]} unitNames
 * @property {ArrayLike<number>} households
 * @property {ArrayLike<number>} people
 * @property {ArrayLike<number>} base      index into baseIds
 * @property {string[]} baseIds
 * @property {ArrayLike<number>} start     index into partIds
 * @property {string[]} partIds
 * @property {string[]} partNames
 * @property {Pairs} pairs
 * @property {number} lower
 * @property {number} upper
 * @property {number[]} minutes
 * @property {Site[]} sites
 * @property {ArrayLike<number>|null} walk     mean minutes from each unit to each site, row by row
 * @property {Walkers|null} walkers
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
import {Matching} from "./editmatch.js";

const QUANTUM = 2 ** 20;

/** A number as whole quanta; Python rounds the same way. @param {number} value */
export const quanta = (value) => Math.floor(value * QUANTUM + 0.5);

/** @param {number} whole */
const plain = (whole) => whole / QUANTUM;

/** Ids for new parts as Python gives them: the first of new-1, new-2, ... that is free. @param {Set<string>} taken */
export function newPartId(taken) {
  let number = 1;
  while (taken.has(`new-${number}`)) number++;
  return `new-${number}`;
}

/** What a part sums up to. */
class Part {
  /** @param {string} id @param {string} name @param {number} circles */
  constructor(id, name, circles) {
    this.id = id;
    this.name = name;
    this.locked = false;
    /** @type {number[]} rows of its units, in no order */
    this.members = [];
    this.households = 0;
    this.people = 0;
    this.boundary = 0;
    this.any = new Float64Array(circles);
    this.own = new Float64Array(circles);
    this.walk = NaN;
    this.centres = 0;
    /** @type {Set<number>} its open centres */
    this.sites = new Set();
    /** @type {number[]} sites that its walks go to: its own centres, else all that are open */
    this.goals = [];
    this.pieces = 0;
    /** @type {number[]} units outside the main piece */
    this.detached = [];
  }
}

export class EditSession {
  /** @param {Plan} plan */
  constructor(plan) {
    this.plan = plan;
    const n = plan.unitIds.length;
    const circles = plan.minutes.length;
    this.unitAt = new Map(plan.unitIds.map((id, row) => [id, row]));
    this.weight = Float64Array.from(plan.households, quanta);
    this.heads = Float64Array.from(plan.people, quanta);
    /** Part (slot) of each unit. */
    this.of = Int32Array.from(plan.start);
    this.place = new Int32Array(n);
    this.seen = new Int32Array(n);
    this.round = 0;
    this.parts = plan.partIds.map((id, k) => new Part(id, plan.partNames[k], circles));
    this.slotOf = new Map(plan.partIds.map((id, k) => [id, k]));
    this.siteAt = new Map(plan.sites.map((site, k) => [site.id, k]));
    this.open = plan.sites.map((site) => site.open);
    /** @type {Edit[]} */
    this.done = [];
    /** @type {Edit[]} */
    this.undone = [];
    /** @type {((why: string) => void)[]} */
    this.listeners = [];
    /** Units and neighbours looked at since the start; tests count it. */
    this.touched = 0;
    this.total = {households: 0, people: 0, boundary: 0};
    // Neighbours of each unit: rows first[i] to first[i + 1] of the three columns.
    const both = 2 * plan.pairs.one.length;
    this.first = new Int32Array(n + 1);
    this.beside = new Int32Array(both);
    this.length = new Float64Array(both);
    this.joined = new Uint8Array(both);
    /** @type {number[][]} units whose shares change with a site */
    this.unitsOfSite = plan.sites.map(() => []);
    /** @type {number[][]} sites that stand in a unit */
    this.sitesIn = [];
    this.walkersHeld = Float64Array.from(plan.walkers ? plan.walkers.households : [], quanta);
    this.anyOf = new Float64Array(n * circles);
    this.kept = new Matching(this.parts.length, plan.baseIds.length);
    // A part keeps its own community's name where as many households would stay under another.
    this.bonus = this.parts.length + plan.baseIds.length + 1;
    this._linkNeighbours(n);
    this._linkSites();
    this._sumUp(n);
  }

  // --- the start ---------------------------------------------------------------------------------------------------

  /** @param {number} n */
  _linkNeighbours(n) {
    const {one, two, metre, joins} = this.plan.pairs;
    const {first, beside, length, joined} = this;
    for (let k = 0; k < one.length; k++) {
      first[one[k] + 1]++;
      first[two[k] + 1]++;
    }
    for (let i = 0; i < n; i++) first[i + 1] += first[i];
    const at = Int32Array.from(first);
    for (let k = 0; k < one.length; k++) {
      for (const [a, b] of [[one[k], two[k]], [two[k], one[k]]]) {
        beside[at[a]] = b;
        length[at[a]] = quanta(metre[k]);
        joined[at[a]++] = joins[k];
      }
    }
  }

  /** Which units have walkers with a site in reach: those whose shares change with it. */
  _linkSites() {
    const {walkers, sites} = this.plan;
    sites.forEach((site, k) => {
      if (site.unit >= 0) (this.sitesIn[site.unit] = this.sitesIn[site.unit] || []).push(k);
    });
    if (!walkers) return;
    for (let unit = 0; unit + 1 < walkers.start.length; unit++) {
      const mine = new Set();
      for (let at = walkers.reachStart[walkers.start[unit]]; at < walkers.reachStart[walkers.start[unit + 1]]; at++) {
        mine.add(walkers.site[at]);
      }
      for (const site of mine) this.unitsOfSite[site].push(unit);
    }
  }

  /** @param {number} n */
  _sumUp(n) {
    for (let i = 0; i < n; i++) {
      const part = this.parts[this.of[i]];
      this.place[i] = part.members.length;
      part.members.push(i);
      this._reckonAny(i);
      this._count(i, this.of[i], 1);
      this.total.households += this.weight[i];
      this.total.people += this.heads[i];
      for (let at = this.first[i]; at < this.first[i + 1]; at++) {
        if (this.of[this.beside[at]] === this.of[i]) continue;
        part.boundary += this.length[at];
        this.total.boundary += this.length[at] / 2;
      }
    }
    this.parts.forEach((_, slot) => this._ownBonus(slot));
    this.kept.rematch(this.parts.keys());
    for (const part of this.parts) {
      this._findPieces(part);
      this._reckonOwn(part);
    }
  }

  /** @param {number} slot */
  _ownBonus(slot) {
    const base = this.plan.baseIds.indexOf(this.parts[slot].id);
    if (base >= 0) this.kept.add(slot, base, 1);
  }

  /** Add a unit's sums to a part or take them away. @param {number} unit @param {number} slot @param {1|-1} sign */
  _count(unit, slot, sign) {
    const part = this.parts[slot];
    const circles = this.plan.minutes.length;
    part.households += sign * this.weight[unit];
    part.people += sign * this.heads[unit];
    for (let c = 0; c < circles; c++) part.any[c] += sign * this.anyOf[unit * circles + c];
    this.kept.add(slot, this.plan.base[unit], sign * this.weight[unit] * this.bonus);
  }

  // --- what an edit does -------------------------------------------------------------------------------------------

  /** Put units into parts and mend every sum. @param {ArrayLike<number>} units @param {ArrayLike<number>} slots */
  _move(units, slots) {
    const touched = new Set();
    const anew = this._losingCentres(units, slots);
    for (let k = 0; k < units.length; k++) {
      const unit = units[k];
      const old = this.of[unit];
      if (old === slots[k]) continue;
      touched.add(old);
      touched.add(slots[k]);
      if (!anew.has(old)) this._countOwn(unit, this.parts[old], -1);
      if (!anew.has(slots[k])) this._countOwn(unit, this.parts[slots[k]], 1);
      this._moveOne(unit, old, slots[k]);
    }
    this.kept.rematch(touched);
    for (const slot of touched) this._findPieces(this.parts[slot]);
    for (const slot of anew) this._reckonOwn(this.parts[slot]);
  }

  /** Parts whose centres change with the units, or that begin: their walks are reckoned anew. @param {ArrayLike<number>} units @param {ArrayLike<number>} slots */
  _losingCentres(units, slots) {
    const anew = new Set();
    for (let k = 0; k < units.length; k++) {
      if (!this.parts[slots[k]].members.length) anew.add(slots[k]);
      if (!(this.sitesIn[units[k]] || []).some((site) => this.open[site])) continue;
      anew.add(slots[k]);
      anew.add(this.of[units[k]]);
    }
    return anew;
  }

  /** @param {number} unit @param {number} old @param {number} slot */
  _moveOne(unit, old, slot) {
    const from = this.parts[old];
    const to = this.parts[slot];
    const last = /** @type {number} */ (from.members.pop());
    if (last !== unit) {
      from.members[this.place[unit]] = last;
      this.place[last] = this.place[unit];
    }
    this.place[unit] = to.members.length;
    to.members.push(unit);
    this._count(unit, old, -1);
    this._count(unit, slot, 1);
    this.of[unit] = slot;
    for (let at = this.first[unit]; at < this.first[unit + 1]; at++) {
      const other = this.of[this.beside[at]];
      const metres = this.length[at];
      this.touched++;
      if (other === old) {
        from.boundary += metres;
        to.boundary += metres;
        this.total.boundary += metres;
      } else if (other === slot) {
        from.boundary -= metres;
        to.boundary -= metres;
        this.total.boundary -= metres;
      } else {
        from.boundary -= metres;
        to.boundary += metres;
      }
    }
  }

  /** Connected pieces; the main one has most households, then most units, then the smallest id. @param {Part} part */
  _findPieces(part) {
    const round = ++this.round;
    const slot = part.members.length ? this.of[part.members[0]] : -1;
    /** @type {{units: number[], held: number, least: number}[]} */
    const pieces = [];
    for (const start of part.members) {
      if (this.seen[start] === round) continue;
      const piece = {units: [start], held: 0, least: start};
      this.seen[start] = round;
      for (let k = 0; k < piece.units.length; k++) {
        const unit = piece.units[k];
        piece.held += this.weight[unit];
        piece.least = Math.min(piece.least, unit);
        this.touched++;
        for (let at = this.first[unit]; at < this.first[unit + 1]; at++) {
          const other = this.beside[at];
          if (!this.joined[at] || this.of[other] !== slot || this.seen[other] === round) continue;
          this.seen[other] = round;
          piece.units.push(other);
        }
      }
      pieces.push(piece);
    }
    pieces.sort((a, b) => b.held - a.held || b.units.length - a.units.length || a.least - b.least);
    part.pieces = pieces.length;
    part.detached = pieces.slice(1).flatMap((piece) => piece.units);
  }

  /** Households of a unit within each circle of any open centre. @param {number} unit */
  _reckonAny(unit) {
    const {walkers, minutes} = this.plan;
    if (!walkers) return;
    const circles = minutes.length;
    for (let c = 0; c < circles; c++) this.anyOf[unit * circles + c] = 0;
    this._addServed(unit, this.anyOf, unit * circles, 1, (site) => this.open[site]);
  }

  /** @param {number} unit @param {Float64Array} sums @param {number} offset @param {1|-1} sign @param {(site: number) => boolean} counts */
  _addServed(unit, sums, offset, sign, counts) {
    const {walkers, minutes} = this.plan;
    if (!walkers) return;
    for (let row = walkers.start[unit]; row < walkers.start[unit + 1]; row++) {
      let nearest = minutes.length;
      for (let at = walkers.reachStart[row]; at < walkers.reachStart[row + 1]; at++) {
        if (walkers.step[at] < nearest && counts(walkers.site[at])) nearest = walkers.step[at];
      }
      for (let c = nearest; c < minutes.length; c++) sums[offset + c] += sign * this.walkersHeld[row];
    }
  }

  /** Centres of a part, who reaches them, and the mean walk to the nearest of them. @param {Part} part */
  _reckonOwn(part) {
    const {walk, sites} = this.plan;
    const mine = part.members.flatMap((unit) => (this.sitesIn[unit] || []).filter((site) => this.open[site]));
    part.centres = mine.length;
    part.sites = new Set(mine);
    const every = mine.length ? mine : [...sites.keys()].filter((k) => this.open[k]);
    part.goals = walk ? every.filter((k) => sites[k].known) : [];
    part.own.fill(0);
    part.walk = part.goals.length ? 0 : NaN;
    for (const unit of part.members) this._countOwn(unit, part, 1);
  }

  /** Add a unit's walks to the centres of a part, or take them away. @param {number} unit @param {Part} part @param {1|-1} sign */
  _countOwn(unit, part, sign) {
    const {walk, sites, households} = this.plan;
    this.touched++;
    if (part.sites.size) this._addServed(unit, part.own, 0, sign, (site) => part.sites.has(site));
    if (!walk || !part.goals.length) return;
    let nearest = Infinity;
    for (const site of part.goals) nearest = Math.min(nearest, walk[unit * sites.length + site]);
    part.walk += sign * quanta(households[unit] * nearest);
  }

  /** @param {number[]} changed sites that were opened or closed */
  _centresChanged(changed) {
    const circles = this.plan.minutes.length;
    const units = new Set(changed.flatMap((site) => this.unitsOfSite[site]));
    for (const unit of units) {
      const part = this.parts[this.of[unit]];
      for (let c = 0; c < circles; c++) part.any[c] -= this.anyOf[unit * circles + c];
      this._reckonAny(unit);
      for (let c = 0; c < circles; c++) part.any[c] += this.anyOf[unit * circles + c];
      this.touched++;
    }
    // A part without a centre of its own walks to the nearest of all.
    const parts = new Set([...this.parts.keys()].filter((slot) => !this.parts[slot].centres));
    for (const site of changed) if (this.plan.sites[site].unit >= 0) parts.add(this.of[this.plan.sites[site].unit]);
    for (const slot of parts) this._reckonOwn(this.parts[slot]);
  }

  // --- edits -------------------------------------------------------------------------------------------------------

  /** Row of a part that there is, -1 else. @param {string} id */
  slot(id) {
    const slot = this.slotOf.get(id);
    return slot !== undefined && this.parts[slot].members.length ? slot : -1;
  }

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

  /** Slot of a part, made where there is none. @param {string} id @param {string} [name] */
  _slotFor(id, name) {
    let slot = this.slotOf.get(id);
    if (slot === undefined) {
      slot = this.parts.length;
      this.parts.push(new Part(id, name || id, this.plan.minutes.length));
      this.slotOf.set(id, slot);
      if (this.parts.length > this.kept.size) this.kept.grow();
      this._ownBonus(slot);
      this.kept.rematch([slot]);
    } else if (name && !this.parts[slot].members.length) this.parts[slot].name = name;
    return slot;
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

  // --- what is shown -----------------------------------------------------------------------------------------------

  /** Slots of the parts that there are, by id. */
  slots() {
    const slots = [...this.parts.keys()].filter((slot) => this.parts[slot].members.length);
    return slots.sort((a, b) => (this.parts[a].id < this.parts[b].id ? -1 : 1));
  }

  /** Today's community that a part stands for, -1 for none. @param {number} slot */
  standsFor(slot) {
    const base = this.kept.columnOf[slot];
    return base < this.plan.baseIds.length && this.kept.get(slot, base) > 1 ? base : -1;
  }

  /** Whether a unit is in another community than today. @param {number} unit */
  hasMoved(unit) {
    return this.standsFor(this.of[unit]) !== this.plan.base[unit];
  }

  /** Figures that cannot be exact: a centre was opened to which no walks are known. */
  preliminary() {
    const {sites, walkers, walk} = this.plan;
    if (!sites.some((site, k) => this.open[k] && !site.known)) return [];
    return [...(walkers ? ["served_any", "served_own"] : []), ...(walk ? ["walk_min"] : [])];
  }

  /** Households of a part that were in another community. @param {number} slot */
  _cameIn(slot) {
    const base = this.kept.columnOf[slot];
    const own = this.kept.get(slot, base);
    return this.parts[slot].households - Math.floor(own / this.bonus);
  }

  /** What is known of a part. @param {number} slot */
  figures(slot) {
    const {lower, upper, walkers} = this.plan;
    const part = this.parts[slot];
    const households = plain(part.households);
    return {
      id: part.id,
      name: part.name,
      locked: part.locked,
      units: part.members.length,
      households,
      people: plain(part.people),
      range: households < lower ? -1 : households > upper ? 1 : 0,
      served_any: walkers ? Array.from(part.any, plain) : null,
      served_own: walkers ? Array.from(part.own, plain) : null,
      boundary_m: plain(part.boundary),
      moved: plain(this._cameIn(slot)),
      pieces: part.pieces,
      centres: part.centres,
      walk_min: part.households > 0 ? part.walk / part.households : NaN,
    };
  }

  /** What is known of all parts together. */
  totals() {
    const {walkers, minutes, lower, upper} = this.plan;
    const slots = this.slots();
    const any = new Float64Array(minutes.length);
    const own = new Float64Array(minutes.length);
    let [moved, detached, outside, walk] = [0, 0, 0, 0];
    for (const slot of slots) {
      const part = this.parts[slot];
      for (let c = 0; c < minutes.length; c++) {
        any[c] += part.any[c];
        own[c] += part.own[c];
      }
      moved += this._cameIn(slot);
      detached += part.pieces - 1;
      const households = plain(part.households);
      if (households < lower || households > upper) outside++;
      if (part.households > 0) walk += part.walk;
    }
    return {
      parts: slots.length,
      units: this.plan.unitIds.length,
      households: plain(this.total.households),
      people: plain(this.total.people),
      outside,
      served_any: walkers ? Array.from(any, plain) : null,
      served_own: walkers ? Array.from(own, plain) : null,
      boundary_m: plain(this.total.boundary),
      moved: plain(moved),
      detached,
      walk_min: this.total.households > 0 ? walk / this.total.households : NaN,
    };
  }
}
