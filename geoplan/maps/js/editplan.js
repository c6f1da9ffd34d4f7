/**
 * What is edited, and what a part of it sums up to.
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
 * @property {ArrayLike<number>|null} above    index into aboveNames of what each unit lies in today, -1 for none
 * @property {string[]} aboveNames
 * @property {ArrayLike<number>|null} estate   index into estateNames for units of an estate that is to stay whole, else -1
 * @property {string[]} estateNames
 * @property {ArrayLike<number>|null} walk     mean minutes from each unit to each site, row by row
 * @property {Walkers|null} walkers
 */
const QUANTUM = 2 ** 20;

/** A number as whole quanta; Python rounds the same way. @param {number} value */
export const quanta = (value) => Math.floor(value * QUANTUM + 0.5);

/** @param {number} whole */
export const plain = (whole) => whole / QUANTUM;

/** What a part sums up to. */
export class Part {
  /** @param {string} id @param {string} name @param {number} circles */
  constructor(id, name, circles) {
    this.id = id;
    this.name = name;
    this.locked = false;
    /** @type {number[]} rows of its units, in no order */
    this.members = [];
    /** Grows with every change of its units. */
    this.version = 0;
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
