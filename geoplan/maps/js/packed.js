/**
 * Reads what geoplan/maps/packed.py writes: columns, and geometries in Web Mercator units of zoom 0 (0 to 256).
 *
 * @typedef {Object} Geometry
 * @property {number} count       features
 * @property {Int32Array} kinds   a feature: 0 empty, 1 point, 2 line, 3 polygon
 * @property {Int32Array} parts   a feature: its first part; one more entry than features
 * @property {Int32Array} starts  a part: its first vertex; one more entry than parts
 * @property {Float64Array} x
 * @property {Float64Array} y
 * @property {Float64Array} boxes a feature: west, north, east, south
 */
import {toGcj02} from "./datum.js";
import {inflate} from "./inflate.js";

const DEGREE = 1e6;
const WORLD = 256;
export const POLYGON = 3;

/** Bytes of base64. @param {string} text */
export function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

/** Zigzag varints. @param {string|Uint8Array} packed base64, or the bytes themselves @returns {Int32Array} */
export function integers(packed) {
  const bytes = typeof packed === "string" ? bytesOf(packed) : packed;
  let count = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] < 128) count++;
  }
  const values = new Int32Array(count);
  for (let i = 0, at = 0; at < count; at++) {
    let value = 0;
    let shift = 0;
    let byte;
    do {
      byte = bytes[i++];
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte > 127);
    values[at] = (value >>> 1) ^ -(value & 1);
  }
  return values;
}

/**
 * What geoplan/maps/container.py wrote: JSON whose `{"$": [from, to]}` stand for bytes.
 * @param {string} text base64 of the length of the whole (4 bytes, the lowest first) and the deflated rest
 */
export function readContainer(text) {
  const bytes = bytesOf(text.trim());
  const whole = inflate(bytes.subarray(4), new DataView(bytes.buffer).getUint32(0, true));
  const head = new DataView(whole.buffer).getUint32(0, true);
  const data = whole.subarray(4 + head);
  return JSON.parse(new TextDecoder().decode(whole.subarray(4, 4 + head)), (_, value) =>
    value && Array.isArray(value.$) ? data.subarray(value.$[0], value.$[1]) : value,
  );
}

/** The data that a page's element holds, plain or compressed. @param {HTMLElement} source */
export function readSource(source) {
  const text = source.textContent || "";
  return source.getAttribute("type") === "application/json" ? JSON.parse(text) : readContainer(text);
}

/** A column of numbers; NaN where there is none. @param {{scale: number, values: any}} packed scale 0: plain numbers */
export function numbers(packed) {
  if (packed.scale === 0) return Float64Array.from(packed.values, (value) => (value === null ? NaN : value));
  const whole = integers(packed.values);
  const out = new Float64Array(whole.length);
  for (let i = 0; i < out.length; i++) out[i] = whole[i] === 0 ? NaN : (whole[i] > 0 ? whole[i] - 1 : whole[i]) / packed.scale;
  return out;
}

/** A column of texts. @param {{words: string[], at: any}} packed @returns {(row: number) => string} */
export function words(packed) {
  const at = integers(packed.at);
  return (i) => packed.words[at[i]];
}

function worldX(longitude) {
  return WORLD * (longitude / 360 + 0.5);
}

function worldY(latitude) {
  const bounded = Math.max(-85.05, Math.min(85.05, latitude));
  const sine = Math.sin((bounded * Math.PI) / 180);
  return WORLD * (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI));
}

/**
 * @param {any} packed
 * @param {any[]} origin micro-degrees, and "gcj02" where the display is shifted to that datum
 * @returns {Geometry}
 */
export function geometry(packed, origin) {
  const kinds = integers(packed.kinds);
  const parts = running(integers(packed.parts));
  const starts = running(integers(packed.sizes));
  const steps = integers(packed.steps);
  const x = new Float64Array(steps.length / 2);
  const y = new Float64Array(steps.length / 2);
  let [longitude, latitude] = origin;
  const shifted = origin[2] === "gcj02";
  for (let i = 0; i < x.length; i++) {
    longitude += steps[2 * i];
    latitude += steps[2 * i + 1];
    const [east, north] = shifted ? toGcj02(longitude / DEGREE, latitude / DEGREE) : [longitude / DEGREE, latitude / DEGREE];
    x[i] = worldX(east);
    y[i] = worldY(north);
  }
  const read = {count: packed.count, kinds, parts, starts, x, y, boxes: new Float64Array(4 * packed.count)};
  for (let i = 0; i < read.count; i++) measure(read, i);
  return read;
}

/** Running totals, 0 first. */
function running(counts) {
  const out = new Int32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) out[i + 1] = out[i] + counts[i];
  return out;
}

function measure(g, i) {
  let west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
  for (let v = g.starts[g.parts[i]]; v < g.starts[g.parts[i + 1]]; v++) {
    west = Math.min(west, g.x[v]);
    east = Math.max(east, g.x[v]);
    north = Math.min(north, g.y[v]);
    south = Math.max(south, g.y[v]);
  }
  g.boxes.set([west, north, east, south], 4 * i);
}

/** Box of one feature: [west, north, east, south] in world units. */
export function box(g, i) {
  return Array.from(g.boxes.subarray(4 * i, 4 * i + 4));
}

/** Whether a point lies in a polygon, holes left out. */
export function contains(g, i, x, y) {
  if (g.kinds[i] !== POLYGON) return false;
  const at = 4 * i;
  if (x < g.boxes[at] || x > g.boxes[at + 2] || y < g.boxes[at + 1] || y > g.boxes[at + 3]) return false;
  let inside = false;
  for (let p = g.parts[i]; p < g.parts[i + 1]; p++) {
    for (let v = g.starts[p], w = g.starts[p + 1] - 1; v < g.starts[p + 1]; w = v++) {
      const crosses = g.y[v] > y !== g.y[w] > y;
      if (crosses && x < ((g.x[w] - g.x[v]) * (y - g.y[v])) / (g.y[w] - g.y[v]) + g.x[v]) inside = !inside;
    }
  }
  return inside;
}

/** Distance of a point to the nearest vertex of a feature. @param {Geometry} g @param {number} i @param {number} x @param {number} y */
export function distance(g, i, x, y) {
  let least = Infinity;
  for (let v = g.starts[g.parts[i]]; v < g.starts[g.parts[i + 1]]; v++) {
    least = Math.min(least, Math.hypot(g.x[v] - x, g.y[v] - y));
  }
  return least;
}

/** Distance of a point to the line, or the rim, of a feature. @param {Geometry} g @param {number} i @param {number} x @param {number} y */
export function lineDistance(g, i, x, y) {
  let least = Infinity;
  for (let p = g.parts[i]; p < g.parts[i + 1]; p++) {
    const end = g.starts[p + 1];
    for (let v = g.starts[p]; v < end; v++) {
      const w = v + 1 < end ? v + 1 : g.kinds[i] === POLYGON ? g.starts[p] : v;
      const [dx, dy] = [g.x[w] - g.x[v], g.y[w] - g.y[v]];
      const square = dx * dx + dy * dy;
      const t = square ? Math.max(0, Math.min(1, ((x - g.x[v]) * dx + (y - g.y[v]) * dy) / square)) : 0;
      least = Math.min(least, Math.hypot(g.x[v] + t * dx - x, g.y[v] + t * dy - y));
    }
  }
  return least;
}
