/** Entry: the page of one coverage. */
import {makeLabels} from "./labels.js";
import {anchorOf, layerOf, readPage} from "./model.js";
import {makePainters} from "./painters.js";
import {makePanel} from "./panel.js";
import {content} from "./popup.js";
import {show, views} from "./show.js";

/** @import {Kind} from "./show.js" */

const LAYERS = ["buildings", "clusters", "facilities", "candidates", "tint", "estates", "gates", "barriers", "streets", "flagged", "labels"];
const OFF_AT_FIRST = ["tint", "flagged"];

/** @type {Kind} */
const coverage = {
  read: readPage,
  start: (page) => ({limit: page.minutes.length - 1, visible: firstLayers(page), selected: null}),
  painters: (page, state) => [...makePainters(page, state), makeLabels(page, state)],
  panel: makePanel,
  content,
  geometryOf: (page, thing) => layerOf(page, thing).geometry,
  anchorOf,
  stays: (thing) => thing.kind !== "cluster",
  atPointer: (thing) => thing.kind === "unit" || thing.kind === "estate",
};

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
