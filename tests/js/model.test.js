import assert from "node:assert/strict";
import {test} from "node:test";
import {fill, formatter, shareOf} from "../../geoplan/maps/js/model.js";
import {find, fold} from "../../geoplan/maps/js/search.js";
import {stepColour} from "../../geoplan/maps/js/style.js";

test("templates are filled and what is not given stays", () => {
  assert.equal(fill("{a} of {b}, {c}", {a: 1, b: "{a}"}), "1 of {a}, {c}");
  assert.equal(fill("{toString}", {}), "{toString}");
});

test("only all is 100 % and only none 0 %", () => {
  const {percent} = formatter("en");
  assert.deepEqual([1, 0.9999, 0.5, 0.0001, 0].map(percent), ["100.0 %", "99.9 %", "50.0 %", "0.1 %", "0.0 %"]);
});

test("nobody has no share", () => {
  const counts = {households: [0, 4], served: [[0, 1]]};
  assert.ok(Number.isNaN(shareOf(counts, 0, 0)));
  assert.equal(shareOf(counts, 1, 0), 0.25);
});

test("the whole name comes first, then its beginning, then communities before estates", () => {
  const entries = [
    {rank: 1, key: fold("Xingfu East")},
    {rank: 0, key: fold("Old Xingfu")},
    {rank: 1, key: fold("ＸＩＮＧＦＵ")},
    {rank: 0, key: fold("Elsewhere")},
  ];
  assert.deepEqual(find(entries, " xingfu ").map((entry) => entry.key), ["xingfu", "xingfu east", "old xingfu"]);
  assert.deepEqual(find(entries, "  "), []);
});

test("served is blue and not served orange at every limit", () => {
  const blue = (hex) => parseInt(hex.slice(5, 7), 16) > parseInt(hex.slice(1, 3), 16);
  for (const count of [1, 2, 3]) {
    for (let limit = 0; limit < count; limit++) {
      for (let step = 0; step <= count; step++) assert.equal(blue(stepColour(step, limit, count)), step <= limit, `${step} ${limit} ${count}`);
    }
  }
});
