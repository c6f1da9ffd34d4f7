/**
 * Fills features into an array of pixels. A browser's paths take about 20 microseconds a feature, whatever its size;
 * this takes one or two, without smoothed edges, which nobody sees where thousands of features crowd the screen.
 *
 * @typedef {Object} Target
 * @property {Uint32Array} pixels
 * @property {number} width
 * @property {number} height
 * @property {number} scale  pixels a world unit
 * @property {number} dx
 * @property {number} dy
 */
import {POLYGON} from "./packed.js";

/** @import {Geometry} from "./packed.js" */

const LEAST = 2; // pixels; a smaller feature is drawn this large
const STRIPE = 8; // pixels from one stripe of a hatching to the next
let crossings = new Float64Array(256);

/** "#rrggbb" as a pixel of ImageData. @param {string} colour */
export function pixelOf(colour) {
  const value = parseInt(colour.slice(1), 16);
  return (0xff000000 | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/** A pixel with half of each colour. @param {number} ink */
export function darker(ink) {
  return (0xff000000 | ((ink >>> 1) & 0x7f7f7f)) >>> 0;
}

/**
 * @param {Target} to @param {Geometry} g @param {number} i @param {number} ink @param {number} hatch 0 none, 1 down, 2 up, 3 both
 */
export function fillFeature(to, g, i, ink, hatch) {
  const at = 4 * i;
  const left = g.boxes[at] * to.scale + to.dx;
  const top = g.boxes[at + 1] * to.scale + to.dy;
  const right = g.boxes[at + 2] * to.scale + to.dx;
  const bottom = g.boxes[at + 3] * to.scale + to.dy;
  if (!(right - left >= LEAST || bottom - top >= LEAST)) {
    rectangle(to, (left + right) / 2, (top + bottom) / 2, ink);
    return;
  }
  if (g.kinds[i] === POLYGON) fillPolygon(to, g, i, ink, hatch, top, bottom);
  else drawLines(to, g, i, ink);
}

function rectangle({pixels, width, height}, x, y, ink) {
  const x0 = Math.round(x - LEAST / 2);
  const y0 = Math.round(y - LEAST / 2);
  for (let row = Math.max(0, y0); row < Math.min(height, y0 + LEAST); row++) {
    for (let column = Math.max(0, x0); column < Math.min(width, x0 + LEAST); column++) pixels[row * width + column] = ink;
  }
}

/** Every row of pixels from crossing to crossing of the rings with the middle of the row. */
function fillPolygon(to, g, i, ink, hatch, top, bottom) {
  const {pixels, width, height, scale, dx, dy} = to;
  const first = Math.max(0, Math.ceil(top - 0.5));
  const last = Math.min(height - 1, Math.ceil(bottom - 0.5) - 1);
  const dark = hatch ? darker(ink) : ink;
  for (let row = first; row <= last; row++) {
    const y = row + 0.5;
    let count = 0;
    for (let p = g.parts[i]; p < g.parts[i + 1]; p++) {
      const end = g.starts[p + 1];
      let w = end - 1;
      let yw = g.y[w] * scale + dy;
      for (let v = g.starts[p]; v < end; w = v++) {
        const yv = g.y[v] * scale + dy;
        if (yv > y !== yw > y) {
          if (count === crossings.length) crossings = grown(crossings);
          const x = (g.x[v] + ((g.x[w] - g.x[v]) * (y - yv)) / (yw - yv)) * scale + dx;
          let k = count++;
          for (; k > 0 && crossings[k - 1] > x; k--) crossings[k] = crossings[k - 1];
          crossings[k] = x;
        }
        yw = yv;
      }
    }
    for (let k = 0; k + 1 < count; k += 2) {
      const from = Math.max(0, Math.ceil(crossings[k] - 0.5));
      const to_ = Math.min(width, Math.ceil(crossings[k + 1] - 0.5));
      if (!hatch) for (let at = row * width + from; at < row * width + to_; at++) pixels[at] = ink;
      else for (let x = from; x < to_; x++) pixels[row * width + x] = striped(x, row, hatch) ? dark : ink;
    }
  }
}

/** Whether a stripe of a hatching goes through a pixel: two in every eight. */
function striped(x, y, hatch) {
  const down = ((x - y) & (STRIPE - 1)) < 2;
  const up = ((x + y) & (STRIPE - 1)) < 2;
  return (hatch !== 2 && down) || (hatch !== 1 && up);
}

function grown(array) {
  const larger = new Float64Array(2 * array.length);
  larger.set(array);
  return larger;
}

/** One pixel a step along every segment. */
function drawLines({pixels, width, height, scale, dx, dy}, g, i, ink) {
  for (let p = g.parts[i]; p < g.parts[i + 1]; p++) {
    for (let v = g.starts[p]; v < g.starts[p + 1] - 1; v++) {
      const [x, y] = [g.x[v] * scale + dx, g.y[v] * scale + dy];
      const [right, down] = [g.x[v + 1] * scale + dx - x, g.y[v + 1] * scale + dy - y];
      const steps = Math.max(1, Math.min(4 * (width + height), Math.ceil(Math.max(Math.abs(right), Math.abs(down)))));
      for (let k = 0; k <= steps; k++) {
        const column = Math.floor(x + (right * k) / steps);
        const row = Math.floor(y + (down * k) / steps);
        if (column >= 0 && row >= 0 && column < width && row < height) pixels[row * width + column] = ink;
      }
    }
  }
}
