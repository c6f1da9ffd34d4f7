import assert from "node:assert/strict";
import {test} from "node:test";
import {makeGrid} from "../../geoplan/maps/js/grid.js";

test("the grid finds what looking at every box finds", () => {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const count = 500;
  const boxes = new Float64Array(4 * count);
  for (let i = 0; i < count; i++) {
    const [x, y] = [random(), random()];
    const size = i % 50 === 0 ? 0.6 : 0.02 * random(); // some lie over many cells
    boxes.set(i % 97 === 0 ? [Infinity, Infinity, -Infinity, -Infinity] : [x, y, x + size, y + size], 4 * i);
  }
  const grid = makeGrid({count, boxes});
  for (let k = 0; k < 200; k++) {
    const [x, y, reach] = [1.4 * random() - 0.2, 1.4 * random() - 0.2, k % 2 ? 0 : 0.05 * random()];
    const slow = [];
    for (let i = count - 1; i >= 0; i--) {
      const [west, north, east, south] = boxes.subarray(4 * i, 4 * i + 4);
      if (west <= x + reach && east >= x - reach && north <= y + reach && south >= y - reach) slow.push(i);
    }
    assert.deepEqual(grid.near(x, y, reach), slow);
  }
});

test("no features, and all in one place", () => {
  assert.deepEqual(makeGrid({count: 0, boxes: new Float64Array(0)}).near(0, 0, 1), []);
  const same = makeGrid({count: 3, boxes: Float64Array.from([5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5])});
  assert.deepEqual(same.near(5, 5, 0), [2, 1, 0]);
});
