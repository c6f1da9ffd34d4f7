import assert from "node:assert/strict";
import {test} from "node:test";
import {contains} from "../../geoplan/maps/js/packed.js";
import {darker, fillFeature, pixelOf} from "../../geoplan/maps/js/raster.js";

const INK = pixelOf("#0072b2");

/** Features given as rings of pixels. */
function world(features, kind = 3) {
  const rings = features.flat();
  const at = (counts) => Int32Array.from(counts.reduce((sums, n) => [...sums, sums[sums.length - 1] + n], [0]));
  const points = rings.flat();
  const g = {
    count: features.length,
    kinds: new Int32Array(features.length).fill(kind),
    parts: at(features.map((f) => f.length)),
    starts: at(rings.map((r) => r.length)),
    x: Float64Array.from(points, ([x]) => x),
    y: Float64Array.from(points, ([, y]) => y),
    boxes: new Float64Array(4 * features.length),
  };
  features.forEach((f, i) => {
    const [xs, ys] = [0, 1].map((k) => f.flat().map((p) => p[k]));
    g.boxes.set([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], 4 * i);
  });
  return g;
}

function draw(g, i, size = 40, hatch = 0, shift = 0) {
  const pixels = new Uint32Array(size * size);
  fillFeature({pixels, width: size, height: size, scale: 1, dx: shift, dy: shift}, g, i, INK, hatch);
  return pixels;
}

test("a colour as the bytes of ImageData", () => {
  assert.deepEqual([...new Uint8Array(Uint32Array.of(pixelOf("#0b4a8f")).buffer)], [0x0b, 0x4a, 0x8f, 0xff]);
  assert.deepEqual([...new Uint8Array(Uint32Array.of(darker(pixelOf("#ff8001"))).buffer)], [0x7f, 0x40, 0x00, 0xff]);
});

test("a pixel is filled where its middle is inside, holes and corners that reach in left out", () => {
  let state = 7;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let run = 0; run < 60; run++) {
    const ring = (cx, cy, least, most, turn) => Array.from({length: 9}, (_, k) => {
      const [angle, far] = [(turn * 2 * Math.PI * k) / 9, least + (most - least) * random()];
      return [cx + far * Math.cos(angle), cy + far * Math.sin(angle)];
    });
    const [cx, cy] = [5 + 30 * random(), 5 + 30 * random()]; // some lie over the edge
    const g = world([[ring(cx, cy, 8, 14, 1), ring(cx, cy, 1, 6, -1)]]);
    const pixels = draw(g, 0);
    for (let y = 0; y < 40; y++) {
      for (let x = 0; x < 40; x++) assert.equal(pixels[y * 40 + x] === INK, contains(g, 0, x + 0.5, y + 0.5), `${run} ${x} ${y}`);
    }
  }
});

test("what is smaller than a pixel is still seen, and what is outside is not", () => {
  const tiny = world([[[[10.2, 10.2], [10.3, 10.2], [10.3, 10.3]]]]);
  assert.equal(draw(tiny, 0).filter((p) => p === INK).length, 4);
  assert.equal(draw(tiny, 0, 40, 0, 100).filter((p) => p).length, 0);
  assert.equal(draw(tiny, 0, 40, 0, -100).filter((p) => p).length, 0);
});

test("neighbours neither overlap nor leave a gap", () => {
  const corner = [20.3, 19.6];
  const g = world([[[[3, 3], [37, 5], corner]], [[[37, 5], [33, 36], corner]], [[[33, 36], [2, 31], corner]], [[[2, 31], [3, 3], corner]]]);
  const whole = world([[[[3, 3], [37, 5], [33, 36], [2, 31]]]]);
  const sum = new Uint8Array(1600);
  for (let i = 0; i < 4; i++) draw(g, i).forEach((p, at) => (sum[at] += p === INK));
  assert.deepEqual([...sum], [...draw(whole, 0)].map((p) => (p === INK ? 1 : 0)));
});

test("hatching is two pixels in eight, and darker", () => {
  const square = world([[[[0, 0], [40, 0], [40, 40], [0, 40]]]]);
  const share = (hatch) => draw(square, 0, 40, hatch).filter((p) => p === darker(INK)).length / 1600;
  assert.deepEqual([0, 1, 2].map(share), [0, 0.25, 0.25]);
  assert.ok(share(3) > 0.4 && share(3) < 0.5);
});

test("a line has no gap", () => {
  const g = world([[[[2, 3], [35, 20], [35, 38]]]], 2);
  const pixels = draw(g, 0);
  for (let x = 2; x < 35; x++) assert.ok([...Array(40).keys()].some((y) => pixels[y * 40 + x] === INK), `${x}`);
  for (let y = 20; y < 38; y++) assert.equal(pixels[y * 40 + 35], INK);
});
