/** Warnings of the editor, worked by hand. */
import assert from "node:assert/strict";
import {test} from "node:test";

import {EditSession} from "../../geoplan/maps/js/editcore.js";
import {warningsOf} from "../../geoplan/maps/js/editwarn.js";
import {drawn} from "./drawn.js";

const told = (session) => warningsOf(session).map(({kind, about, count, others, units}) => [kind, about, count, others, units]);

// A and B lie in one subdistrict, C in another; a range that everything keeps.
const town = (more) => new EditSession(drawn(["AABBCC"], {lower: 0, upper: 100, above: [0, 0, 0, 0, 1, 1], aboveNames: ["East Street", "West Street"], ...more}));

test("a unit that goes across a boundary of the level above is told, one that stays within is not", () => {
  const session = town();
  assert.deepEqual(told(session), []);
  session.give([1], "B");
  assert.deepEqual(told(session), []);
  session.give([3], "C");
  assert.deepEqual(told(session), [["above", "Part C", 1, ["East Street"], [3]]]);
  session.give([2], "C");
  // East and West hold two units and 20 households each in C: the first by order is where C counts.
  assert.deepEqual(told(session), [["above", "Part C", 2, ["West Street"], [4, 5]]]);
  session.undo();
  session.undo();
  assert.deepEqual(told(session), []);
});

test("a community counts where most of its households live, units without a level above count nowhere", () => {
  const session = town({households: [10, 10, 10, 10, 90, 10], above: [-1, 0, 0, 0, 1, 1]});
  session.merge("C", "B");
  assert.deepEqual(told(session), [["large", "Part B", 120, [], [2, 3, 4, 5]], ["above", "Part B", 2, ["East Street"], [2, 3]]]);
  session.give([0, 1], "B");
  assert.deepEqual(told(session).at(-1), ["above", "Part B", 3, ["East Street"], [2, 3, 1]]);
});

test("an estate in two communities is told, once, and no more when it is whole again", () => {
  const session = town({estate: [-1, 0, 0, 1, 1, 1], estateNames: ["Garden", "=Court"]});
  // B begins with one unit of Garden and one of Court
  assert.deepEqual(told(session), [["estate", "Garden", 2, [], [1, 2]], ["estate", "=Court", 2, [], [3, 4, 5]]]);
  session.give([2], "A");
  assert.deepEqual(told(session).map(([kind, about]) => [kind, about]), [["estate", "=Court"]]);
  session.create([4], "Mid");
  assert.deepEqual(told(session).at(-1), ["estate", "=Court", 3, [], [3, 4, 5]]);
});

test("the key of a fault stays while its numbers change", () => {
  const session = new EditSession(drawn(["AAAB"]));
  const keys = () => warningsOf(session).map(({key}) => key);
  assert.deepEqual(keys(), ["small B"]);
  session.give([0], "B");
  assert.deepEqual(keys(), ["small A", "small B", "pieces B"]);
  assert.deepEqual(warningsOf(session).map(({count, units}) => [count, units]), [[20, [2, 1]], [20, [3, 0]], [2, [3]]]);
});
