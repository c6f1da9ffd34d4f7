import assert from "node:assert/strict";
import {test} from "node:test";
import {contains, distance, geometry, integers, numbers, words} from "../../geoplan/maps/js/packed.js";

/** Zigzag varints written the slow and plain way. */
function pack(values) {
  const bytes = [];
  for (const value of values) {
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  }
  return btoa(String.fromCharCode(...bytes));
}

test("whole numbers come back, the largest too", () => {
  const values = [0, -1, 1, 63, -64, 64, 8191, -8192, 2 ** 29, -(2 ** 29)];
  assert.deepEqual([...integers(pack(values))], values);
  assert.equal(integers("AAECyAE=").join(), "0,-1,1,100");
  assert.equal(integers("").length, 0);
});

test("a missing number is NaN and scale counts decimals", () => {
  assert.deepEqual([...numbers({scale: 10, values: pack([0, 1, 16])})], [NaN, 0, 1.5]);
});

test("words are looked up by row", () => {
  const read = words({words: ["a", "b"], at: pack([1, 0])});
  assert.deepEqual([read(0), read(1)], ["b", "a"]);
});

/** A square of four micro-degree hundreds with a hole, then a point. */
function squareWithHole() {
  const outer = [[0, 0], [400, 0], [400, 400], [0, 400]];
  const hole = [[100, 100], [100, 300], [300, 300], [300, 100]];
  const all = [...outer, ...hole, [1000, 0]];
  const steps = all.flatMap(([x, y], i) => (i ? [x - all[i - 1][0], y - all[i - 1][1]] : [x, y]));
  return geometry({count: 2, kinds: pack([3, 1]), parts: pack([2, 1]), sizes: pack([4, 4, 1]), steps: pack(steps)}, [0, 0]);
}

const PER_MICRO_DEGREE = 256 / 360 / 1e6; // near the equator, where x and y agree

test("a hole is not inside", () => {
  const g = squareWithHole();
  const at = (x, y) => contains(g, 0, 128 + x * PER_MICRO_DEGREE, 128 - y * PER_MICRO_DEGREE);
  assert.equal(at(50, 50), true);
  assert.equal(at(200, 200), false);
  assert.equal(at(-50, 50), false);
  assert.equal(contains(g, 1, 128, 128), false); // a point has no inside
});

test("boxes and distances", () => {
  const g = squareWithHole();
  assert.ok(Math.abs(g.boxes[2] - g.boxes[0] - 400 * PER_MICRO_DEGREE) < 1e-12);
  const away = distance(g, 1, 128 + 997 * PER_MICRO_DEGREE, 128 + 4 * PER_MICRO_DEGREE);
  assert.ok(Math.abs(away / PER_MICRO_DEGREE - 5) < 1e-6);
});
