/**
 * The page's data, read once: what each layer holds, by row.
 *
 * @typedef {Object} State  what the reader chose
 * @property {number} limit                    index of the walking limit that counts
 * @property {Record<string, boolean>} visible by layer
 * @property {{kind: string, index: number, level: number}|null} selected
 */
import {POLYGON, box, geometry, integers, numbers, words} from "./packed.js";

const TEXTS = ["id", "name", "reason", "address", "kind", "label", "code", "office"];
const NUMBERS = ["households", "people", "cost", "walk", "connector", "straight", "area", "buildings", "median", "slowest", "floor", "required"];
const INTEGERS = ["estimated", "step", "edge", "tier", "candidate", "counted", "walled", "open", "weight"];
const PLACES = ["facility", "estate"];
const LISTS = ["served", "served_people", "nearest"];

/** Unpack one layer's columns; what is no column stays as it is. */
export function readLayer(packed, origin) {
  const layer = Object.assign({}, packed);
  if (packed.geometry) layer.geometry = geometry(packed.geometry, origin);
  if (packed.anchors) layer.anchors = geometry(packed.anchors, origin);
  for (const name of TEXTS) if (packed[name] && packed[name].words) layer[name] = words(packed[name]);
  for (const name of NUMBERS) if (packed[name]) layer[name] = numbers(packed[name]);
  for (const name of INTEGERS) if (isPacked(packed[name])) layer[name] = integers(packed[name]);
  for (const name of PLACES) if (packed[name]) layer[name] = integers(packed[name]).map((row) => row - 1);
  for (const name of LISTS) if (packed[name]) layer[name] = packed[name].map(numbers);
  if (packed.units) layer.units = packed.units.map((column) => integers(column).map((row) => row - 1));
  if (packed.rest) layer.rest = readCounts(packed.rest);
  return layer;
}

/** Whether a value is a column of whole numbers. @param {any} value */
function isPacked(value) {
  return typeof value === "string" || value instanceof Uint8Array;
}

function readCounts(packed) {
  return {
    households: numbers(packed.households),
    people: numbers(packed.people),
    served: packed.served.map(numbers),
    served_people: packed.served_people.map(numbers),
  };
}

/** @param {any} data what geoplan/maps/content.py made */
export function readPage(data) {
  const page = Object.assign({}, data);
  const read = (packed) => readLayer(packed, data.origin);
  page.layers = {};
  for (const [name, packed] of Object.entries(data.layers)) {
    page.layers[name] = Array.isArray(packed) ? packed.map(read) : read(packed);
  }
  page.cases = (data.cases || []).map((one) => readCase(one, read));
  page.text = (key, values) => fill(data.strings[key], values || {});
  page.number = formatter(data.language);
  return page;
}

/** What another case of the coverage changes: columns of layers, and what the panel says. */
function readCase(one, read) {
  const layers = {};
  for (const [name, packed] of Object.entries(one.layers || {})) layers[name] = Array.isArray(packed) ? packed.map(read) : read(packed);
  return Object.assign({}, one, {layers});
}

/**
 * Show another case: its columns take the place of those shown, geometry and names stay.
 * @param {any} page @param {number} number
 */
export function useCase(page, number) {
  const {layers, ...said} = page.cases[number];
  Object.assign(page, said);
  for (const [name, layer] of Object.entries(layers)) {
    if (Array.isArray(layer)) layer.forEach((one, k) => Object.assign(page.layers[name][k], one));
    else Object.assign(page.layers[name], layer);
  }
}

/** Put values in place of {names}. */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (name, key) => (Object.hasOwn(values, key) ? String(values[key]) : name));
}

export function formatter(language) {
  const whole = new Intl.NumberFormat(language, {maximumFractionDigits: 0});
  const tenth = new Intl.NumberFormat(language, {minimumFractionDigits: 1, maximumFractionDigits: 1});
  return {
    whole: (value) => whole.format(value),
    tenth: (value) => tenth.format(value),
    plain: (value) => String(Math.round(value * 10) / 10),
    percent: (share) => `${tenth.format(honest(share))} %`,
  };
}

/** Percent to a tenth; only all is 100.0 and only none 0.0. */
function honest(share) {
  const tenths = Math.round(share * 1000) / 10;
  if (share < 1 && tenths === 100) return 99.9;
  if (share > 0 && tenths === 0) return 0.1;
  return tenths;
}

/** Share served of one row within the limit; NaN where nobody lives. */
export function shareOf(counts, row, limit) {
  return counts.households[row] > 0 ? counts.served[limit][row] / counts.households[row] : NaN;
}

/** Name of a building with its estate, as people say it. */
export function buildingName(page, i) {
  const {buildings, estates} = page.layers;
  const estate = estates && buildings.estate && buildings.estate[i] >= 0 ? estates.name(buildings.estate[i]) : "";
  const name = buildings.name(i);
  return estate && !name.startsWith(estate) ? `${estate} ${name}`.trim() : name;
}

/** The layer that holds a selected thing. */
export function layerOf(page, thing) {
  if (thing.kind === "unit") return page.layers.levels[thing.level];
  if (thing.kind === "cluster") return page.layers.clusters[thing.level];
  return {
    building: page.layers.buildings,
    facility: page.layers.facilities,
    estate: page.layers.estates,
    gate: page.layers.gates,
    street: page.layers.streets,
  }[thing.kind];
}

/** Where a thing's popup points: [x, y] in world units. */
export function anchorOf(page, thing) {
  const layer = layerOf(page, thing);
  if (layer.anchors) return [layer.anchors.x[thing.index], layer.anchors.y[thing.index]];
  const g = layer.geometry;
  if (g.kinds[thing.index] !== POLYGON) {
    const first = g.starts[g.parts[thing.index]];
    const end = g.starts[g.parts[thing.index + 1]];
    const middle = first + Math.floor((end - first - 1) / 2);
    return [g.x[middle], g.y[middle]];
  }
  const [west, north, east, south] = box(g, thing.index);
  return [(west + east) / 2, (north + south) / 2];
}
