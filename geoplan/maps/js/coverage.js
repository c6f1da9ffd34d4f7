/** Entry: the page of one coverage. */
import {makeLabels} from "./labels.js";
import {anchorOf, buildingName, layerOf, readPage, shareOf} from "./model.js";
import {box} from "./packed.js";
import {makePainters} from "./painters.js";
import {makePanel} from "./panel.js";
import {content} from "./popup.js";
import {show, views} from "./show.js";

/** @import {Kind} from "./show.js" */
/** @import {Sheet} from "./table.js" */

const LAYERS = ["buildings", "hatching", "clusters", "facilities", "candidates", "tint", "estates", "gates", "barriers", "streets", "green", "flagged", "labels"];
const OFF_AT_FIRST = ["tint", "flagged", "hatching"];

/** @type {Kind} */
const coverage = {
  read: readPage,
  start: (page) => ({limit: page.minutes.length - 1, visible: firstLayers(page), selected: null}),
  painters: (page, state) => [...makePainters(page, state), makeLabels(page, state)],
  panel: makePanel,
  content,
  sheets,
  geometryOf: (page, thing) => layerOf(page, thing).geometry,
  anchorOf,
  stays: (thing) => thing.kind !== "cluster",
  atPointer: (thing) => thing.kind === "unit" || thing.kind === "estate",
};

/** What the table beside the map can show. @param {any} page @param {any} state @returns {Sheet[]} */
function sheets(page, state) {
  const {layers, text} = page;
  const share = (counts, i) => 100 * shareOf(counts, i, state.limit);
  const counted = (layer) => [
    {title: text("unit"), value: (i) => layer.name(i)},
    {title: text("unit_unserved"), value: (i) => layer.households[i] - layer.served[state.limit][i]},
    {title: `${text("unit_share")} %`, value: (i) => share(layer, i), show: (i) => (isNaN(share(layer, i)) ? "–" : page.number.percent(share(layer, i) / 100).replace(/\s*%/, ""))},
    {title: text("households"), value: (i) => layer.households[i]},
    {title: text("people"), value: (i) => layer.people[i]},
  ];
  const sheet = (title, layer, kind, level, cells) => ({
    title,
    count: layer.geometry.count,
    cells,
    thing: (index) => ({kind, index, level}),
    box: (i) => box(layer.geometry, i),
  });
  const all = layers.levels.map((level, k) => sheet(level.label, level, "unit", k, () => counted(level)));
  if (layers.estates) all.push(sheet(text("layer_estates"), layers.estates, "estate", 0, () => counted(layers.estates)));
  const {facilities, buildings} = layers;
  all.push(sheet(text("layer_facilities"), facilities, "facility", 0, () => [
    {title: text("unit"), value: (i) => facilities.name(i)},
    {title: text("nearest_short"), value: (i) => facilities.nearest[state.limit][i]},
    {title: text("floor_area"), value: (i) => facilities.area[i]},
    {title: text("tier"), value: (i) => (facilities.tier[i] ? facilities.tiers[facilities.tier[i] - 1] : "")},
  ]));
  all.push(sheet(text("buildings"), buildings, "building", 0, () => [
    {title: text("unit"), value: (i) => buildingName(page, i) || buildings.id(i)},
    page.mode === "distance"
      ? {title: text("walk_m"), value: (i) => buildings.cost[i], show: (i) => (isNaN(buildings.cost[i]) ? "–" : page.number.whole(buildings.cost[i]))}
      : {title: text("walk_min"), value: (i) => buildings.walk[i], show: (i) => (isNaN(buildings.walk[i]) ? "–" : page.number.tenth(buildings.walk[i]))},
    {title: text("households"), value: (i) => buildings.households[i]},
    {title: text("people"), value: (i) => buildings.people[i]},
  ]));
  return all;
}

/** Which layers show at first. @param {any} page */
function firstLayers(page) {
  /** @type {Record<string, boolean>} */
  const visible = {};
  for (const key of LAYERS) visible[key] = !OFF_AT_FIRST.includes(key);
  page.minutes.forEach((_, k) => (visible[`circle${k}`] = k === page.minutes.length - 1));
  page.layers.levels.forEach((_, k) => (visible[`level${k}`] = k === 0));
  return visible;
}

/**
 * Called by the folium map's own script.
 * @param {L.Map} map
 * @param {HTMLScriptElement} source holds the page's data
 */
export function showCoverage(map, source) {
  return show(map, source, coverage);
}

export {views};
