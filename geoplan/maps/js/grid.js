/**
 * A grid over the boxes of features: what lies near a point, without looking at all of them.
 *
 * @typedef {Object} Grid
 * @property {(x: number, y: number, reach: number) => number[]} near  rows whose box is within reach, the last first
 */
/** @import {Geometry} from "./packed.js" */

const PER_CELL = 4; // features, on average
const MOST_CELLS = 64; // a feature over more cells is looked at every time

/** @param {Geometry} g @returns {Grid} */
export function makeGrid(g) {
  const [west, north, east, south] = extent(g);
  const side = Math.max(1, Math.ceil(Math.sqrt(g.count / PER_CELL)));
  const wide = (east - west) / side || 1;
  const high = (south - north) / side || 1;
  const column = (x) => Math.max(0, Math.min(side - 1, Math.floor((x - west) / wide)));
  const row = (y) => Math.max(0, Math.min(side - 1, Math.floor((y - north) / high)));
  /** @type {number[]} */
  const large = [];

  /** Call `put` for every cell of every feature. @param {(cell: number, i: number) => void} put @param {boolean} first */
  function scatter(put, first) {
    for (let i = 0; i < g.count; i++) {
      if (!(g.boxes[4 * i] <= g.boxes[4 * i + 2])) continue; // empty
      const [c0, r0, c1, r1] = [column(g.boxes[4 * i]), row(g.boxes[4 * i + 1]), column(g.boxes[4 * i + 2]), row(g.boxes[4 * i + 3])];
      if ((c1 - c0 + 1) * (r1 - r0 + 1) > MOST_CELLS) {
        if (first) large.push(i);
        continue;
      }
      for (let r = r0; r <= r1; r++) for (let c = c0; c <= c1; c++) put(r * side + c, i);
    }
  }

  const starts = new Int32Array(side * side + 1);
  scatter((cell) => starts[cell + 1]++, true);
  for (let cell = 0; cell < side * side; cell++) starts[cell + 1] += starts[cell];
  const members = new Int32Array(starts[side * side]);
  const filled = starts.slice();
  scatter((cell, i) => (members[filled[cell]++] = i), false);

  return {
    near(x, y, reach) {
      const found = new Set(large);
      for (let r = row(y - reach); r <= row(y + reach); r++) {
        for (let c = column(x - reach); c <= column(x + reach); c++) {
          for (let k = starts[r * side + c]; k < starts[r * side + c + 1]; k++) found.add(members[k]);
        }
      }
      const touches = (i) =>
        g.boxes[4 * i] <= x + reach && g.boxes[4 * i + 2] >= x - reach && g.boxes[4 * i + 1] <= y + reach && g.boxes[4 * i + 3] >= y - reach;
      return [...found].filter(touches).sort((a, b) => b - a);
    },
  };
}

/** Box of all features. @param {Geometry} g */
export function extent(g) {
  let [west, north, east, south] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < g.count; i++) {
    west = Math.min(west, g.boxes[4 * i]);
    north = Math.min(north, g.boxes[4 * i + 1]);
    east = Math.max(east, g.boxes[4 * i + 2]);
    south = Math.max(south, g.boxes[4 * i + 3]);
  }
  return west <= east ? [west, north, east, south] : [0, 0, 0, 0];
}
