/**
 * What a planner is warned of while editing. Nothing is forbidden: a warning says what would not hold.
 *
 * @typedef {Object} Warning
 * @property {"small"|"large"|"pieces"|"centre"|"above"|"estate"} kind
 * @property {string} about    name of the community or estate
 * @property {string} key      the same as long as it is the same fault, whatever its numbers
 * @property {number} count    households, pieces, units or communities
 * @property {string[]} others units of the level above that the community reaches into
 * @property {number[]} units  where to look
 */

/** @import {EditSums} from "./editsums.js" */

/** All there is to warn of: communities by id, then estates. @param {EditSums} session @returns {Warning[]} */
export function warningsOf(session) {
  return [...session.slots().flatMap((slot) => ofPart(session, slot)), ...splitEstates(session)];
}

/** @param {EditSums} session @param {number} slot @returns {Warning[]} */
function ofPart(session, slot) {
  const {members, detached, id} = session.parts[slot];
  const {households, range, pieces, centres, name} = session.figures(slot);
  /** @type {Warning[]} */
  const found = [];
  const add = (/** @type {Warning["kind"]} */ kind, /** @type {number} */ count, /** @type {number[]} */ units, /** @type {string[]} */ others = []) =>
    found.push({kind, about: name || id, key: `${kind} ${id}`, count, others, units});
  if (range < 0) add("small", households, members);
  if (range > 0) add("large", households, members);
  if (pieces > 1) add("pieces", pieces, detached);
  if (session.plan.sites.length && !centres) add("centre", 0, members);
  const {units, others} = across(session, members);
  if (units.length) add("above", units.length, units, others);
  return found;
}

/**
 * Units of a part that lie elsewhere on the level above than most of its households do.
 * @param {EditSums} session @param {number[]} members
 */
function across({plan, weight}, members) {
  const {above, aboveNames} = plan;
  if (!above) return {units: [], others: []};
  /** @type {Map<number, number[]>} */
  const groups = new Map();
  for (const unit of members) {
    if (above[unit] < 0) continue;
    const group = groups.get(above[unit]);
    if (group) group.push(unit);
    else groups.set(above[unit], [unit]);
  }
  if (groups.size < 2) return {units: [], others: []};
  const held = (/** @type {number[]} */ units) => units.reduce((sum, unit) => sum + weight[unit], 0);
  const [, ...rest] = [...groups].sort((a, b) => held(b[1]) - held(a[1]) || b[1].length - a[1].length || a[0] - b[0]);
  rest.sort((a, b) => a[0] - b[0]);
  return {units: rest.flatMap(([, units]) => units), others: rest.map(([code]) => aboveNames[code])};
}

/** Estates whose units lie in several communities. @param {EditSums} session @returns {Warning[]} */
function splitEstates({plan, of}) {
  const {estate, estateNames} = plan;
  if (!estate) return [];
  const units = estateNames.map(() => /** @type {number[]} */ ([]));
  for (let unit = 0; unit < estate.length; unit++) if (estate[unit] >= 0) units[estate[unit]].push(unit);
  return units.flatMap((rows, code) => {
    const parts = new Set(rows.map((unit) => of[unit])).size;
    const about = estateNames[code];
    return parts > 1 ? [{kind: /** @type {const} */ ("estate"), about, key: `estate ${code}`, count: parts, others: [], units: rows}] : [];
  });
}
