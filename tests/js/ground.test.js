import assert from "node:assert/strict";
import {test} from "node:test";
import {toGcj02} from "../../geoplan/maps/js/datum.js";
import {densityOf, kernel, rampColour} from "../../geoplan/maps/js/density.js";
import {metresBetween, squareMetres, wayLength} from "../../geoplan/maps/js/measure.js";

const near = (a, b, within) => assert.ok(Math.abs(a - b) <= within, `${a} is not ${b}`);

test("GCJ-02 as geoplan.read.datums gives it", () => {
  // gcj02_from_wgs84 of four towns
  const known = [
    [117.0, 35.0, 117.0056628262313, 34.99932120535786],
    [102.7, 24.9, 102.70141223026972, 24.89699178379909],
    [110.2, 18.6, 110.2042202156744, 18.598301584681277],
    [87.6, 43.8, 87.60283897227161, 43.80121203029208],
  ];
  for (const [lon, lat, east, north] of known) {
    const [x, y] = toGcj02(lon, lat);
    near(x, east, 1e-12);
    near(y, north, 1e-12);
  }
});

test("a degree of a meridian is 111.195 km on the sphere", () => {
  const [a, b] = [{lat: 34, lng: 117}, {lat: 35, lng: 117}];
  near(metresBetween(a, b), 111195, 1);
  near(wayLength([a, b, a]), 2 * 111195, 2);
  assert.equal(wayLength([a]), 0);
});

test("a square of a hundredth of a degree", () => {
  const [s, w, step] = [34, 117, 0.01];
  const ring = [[s, w], [s, w + step], [s + step, w + step], [s + step, w]].map(([lat, lng]) => ({lat, lng}));
  const side = 1111.95;
  near(squareMetres(ring), side * side * Math.cos((34.005 * Math.PI) / 180), 60);
  near(squareMetres([...ring].reverse()), squareMetres(ring), 1e-3);
});

test("density is the sum of one hill a point", () => {
  const hill = kernel(2);
  assert.equal(hill[12], 1); // its top
  assert.equal(hill.filter((value) => value > 0).length, 13); // x² + y² at most 4
  const sums = densityOf([[3, 3], [3.9, 3.2], [0, 6]], 7, 7, 2);
  assert.equal(sums[3 * 7 + 3], 2);
  assert.equal(sums[6 * 7], 1);
  assert.equal(sums[6 * 7 + 6], 0);
});

test("the ramp darkens from few to many", () => {
  const light = [0, 0.25, 0.5, 0.75, 1].map((share) => rampColour(share).reduce((sum, value) => sum + value));
  assert.deepEqual(light, [...light].sort((a, b) => b - a));
});
