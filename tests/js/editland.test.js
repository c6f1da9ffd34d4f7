/** Outlines of communities, worked by hand on a grid of 3 by 3 vertices and on one with a hole. */
import assert from "node:assert/strict";
import {test} from "node:test";

import {Lands, outline} from "../../geoplan/maps/js/editland.js";

/** Edges of a grid of squares; vertex (x, y) has the number y * (wide + 1) + x. */
function gridEdges(wide, high) {
  const edges = {from: [], to: [], a: [], b: [], xs: [], ys: []};
  for (let y = 0; y <= high; y++) for (let x = 0; x <= wide; x++) edges.xs.push(x) && edges.ys.push(y);
  const unit = (x, y) => (x >= 0 && y >= 0 && x < wide && y < high ? y * wide + x : -1);
  const add = (from, to, one, two) => {
    edges.from.push(from);
    edges.to.push(to);
    edges.a.push(one >= 0 ? one : two);
    edges.b.push(one >= 0 ? two : -1);
  };
  const v = (x, y) => y * (wide + 1) + x;
  for (let y = 0; y <= high; y++) for (let x = 0; x < wide; x++) add(v(x, y), v(x + 1, y), unit(x, y - 1), unit(x, y));
  for (let y = 0; y < high; y++) for (let x = 0; x <= wide; x++) add(v(x, y), v(x, y + 1), unit(x - 1, y), unit(x, y));
  return edges;
}

/** Land in an odd number of rings. */
function area({edges}, rings) {
  const inside = (x, y, ring) => {
    let odd = false;
    ring.forEach((vertex, k) => {
      const next = ring[(k + 1) % ring.length];
      const [x1, y1, x2, y2] = [edges.xs[vertex], edges.ys[vertex], edges.xs[next], edges.ys[next]];
      if (y1 > y !== y2 > y && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)) odd = !odd;
    });
    return odd;
  };
  const found = [];
  const wide = Math.max(...edges.xs);
  for (let y = 0; y < Math.max(...edges.ys); y++) {
    for (let x = 0; x < wide; x++) if (rings.filter((ring) => inside(x + 0.5, y + 0.5, ring)).length % 2) found.push(y * wide + x);
  }
  return found;
}

test("a square of four units has one ring of its eight outer vertices", () => {
  const lands = new Lands(gridEdges(2, 2), 4);
  const rings = outline(lands, [0, 1, 2, 3], [0, 0, 0, 0]);
  assert.equal(rings.length, 1);
  assert.deepEqual([...rings[0]].sort((a, b) => a - b), [0, 1, 2, 3, 5, 6, 7, 8]);
});

test("a hole and units that meet at a corner are drawn rightly", () => {
  const lands = new Lands(gridEdges(3, 3), 9);
  const around = [0, 0, 0, 0, 1, 0, 0, 0, 0];
  const members = [0, 1, 2, 3, 5, 6, 7, 8];
  assert.deepEqual(area(lands, outline(lands, members, around)), members);
  const corners = [0, 1, 0, 1, 0, 1, 0, 1, 0];
  assert.deepEqual(area(lands, outline(lands, [0, 2, 4, 6, 8], corners)), [0, 2, 4, 6, 8]);
  assert.deepEqual(area(lands, outline(lands, [1, 3, 5, 7], corners)), [1, 3, 5, 7]);
});

test("whatever the units, the outline holds them and no others", () => {
  const lands = new Lands(gridEdges(5, 4), 20);
  let state = 3;
  for (let round = 0; round < 200; round++) {
    const of = Array.from({length: 20}, () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 30);
    for (let part = 0; part < 4; part++) {
      const members = of.flatMap((value, unit) => (value === part ? [unit] : []));
      assert.deepEqual(area(lands, outline(lands, members, of)), members);
    }
  }
});
