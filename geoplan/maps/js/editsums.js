/**
 * The sums of units in parts, kept up to date while units move and centres open and close.
 *
 * Every sum is kept in whole quanta (see `quanta`), so that an edit and its undoing cancel to the last bit and the
 * totals do not depend on the order of the edits. An edit touches its units, their neighbours, and the parts that it
 * takes from and gives to; nothing else.
 */
import {Matching} from "./editmatch.js";
import {Part, plain, quanta} from "./editplan.js";

/** @import {Plan} from "./editplan.js" */

export class EditSums {
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
    from.version++;
    to.version++;
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

  // --- parts ------------------------------------------------------------------------------------------------------

  /** Row of a part that there is, -1 else. @param {string} id */
  slot(id) {
    const slot = this.slotOf.get(id);
    return slot !== undefined && this.parts[slot].members.length ? slot : -1;
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
