import assert from "node:assert/strict";
import {test} from "node:test";
import {BANDS, classify, quantiles, spread} from "../../geoplan/maps/js/theme.js";

const WORDS = {other: "other", none: "none"};
const show = String;
const counted = (theme) => theme.classes.map(({label, rows}) => [label, rows]);

test("an upper end belongs to its band, and what is missing is said", () => {
  const columns = [{name: "walk", numbers: Float64Array.of(0, 5, 5.1, 10, 99, NaN)}];
  const theme = classify({kind: "bands", column: 0, breaks: [5, 10]}, columns, 6, WORDS, show);
  assert.deepEqual([...theme.of], [0, 0, 1, 1, 2, 3]);
  assert.deepEqual(counted(theme), [["≤ 5", 2], ["5 – 10", 2], ["> 10", 1], ["none", 1]]);
});

test("quantiles hold about as many rows each and never repeat", () => {
  assert.deepEqual(quantiles(Float64Array.of(4, 1, 3, 2, NaN), 2), [2]);
  assert.deepEqual(quantiles(Float64Array.of(1, 1, 1, 1, 2), 5), [1]);
  assert.deepEqual(quantiles(Float64Array.of(3, 3), 4), []);
  assert.deepEqual(quantiles(new Float64Array(0), 4), []);
});

test("classes: the commonest eight, ties by name, the rest together", () => {
  const values = [..."aabbccddeeffgghhi", "", "__proto__"];
  const theme = classify({kind: "classes", column: 0}, [{name: "kind", text: (i) => values[i]}], values.length, WORDS, show);
  assert.deepEqual(counted(theme).map(([label]) => label), [..."abcdefgh", "other"]);
  assert.equal(theme.classes[8].rows, 3);
  const own = classify({kind: "classes", column: 0, colours: [["__proto__", "#111111"], ["", "#222222"]]}, [{name: "kind", text: (i) => values[i]}], values.length, WORDS, show);
  assert.deepEqual(counted(own), [["__proto__", 1], ["none", 1], ["other", 17]]);
});

test("a palette is spread from end to end", () => {
  assert.deepEqual([spread(BANDS, 2), spread(BANDS, 7)], [[BANDS[0], BANDS[6]], BANDS]);
});
