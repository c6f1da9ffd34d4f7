/**
 * What the page shows as a picture of any size: for print and for PNG. Not what is on the screen but drawn anew.
 *
 * @typedef {Object} Frame
 * @property {number} width   pixels (96 to an inch)
 * @property {number} height
 * @property {number} ratio   pixels of the picture to one of these
 * @property {number[]} box   west, north, east, south in world units; all of it is in the picture
 */
import {context} from "./draw.js";
import {CanvasLayer} from "./canvas.js";

/** @import {Painter, View} from "./canvas.js" */

const WORLD_METRES = 40075016.686;
const CLOSEST = 18;

/** Where the middle of the picture is and how large a world unit. @param {Frame} frame */
export function fit({width, height, box: [west, north, east, south]}) {
  const scale = Math.min(width / Math.max(east - west, 1e-9), height / Math.max(south - north, 1e-9), 2 ** CLOSEST);
  return {scale, x: (west + east) / 2, y: (north + south) / 2};
}

/** @param {Painter[]} painters @param {Frame} frame @param {string} ground */
export function drawPicture(painters, frame, ground) {
  const {width, height, ratio} = frame;
  const {scale, x, y} = fit(frame);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const ctx = context(canvas);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.fillStyle = ground;
  ctx.fillRect(0, 0, width, height);
  const [dx, dy] = [width / 2 - x * scale, height / 2 - y * scale];
  const box = [-dx / scale, -dy / scale, (width - dx) / scale, (height - dy) / scale];
  /** @type {View} */
  const view = {ctx, zoom: Math.log2(scale), scale, dx, dy, box, width, height, margin: 0, ratio};
  for (const painter of painters) {
    ctx.save();
    painter.draw(view);
    ctx.restore();
  }
  return {canvas, metres: metresPerPixel(y, scale)};
}

/** Metres on the ground to a pixel at a height of the map. @param {number} y world units @param {number} scale */
export function metresPerPixel(y, scale) {
  const latitude = Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / 256)));
  return (WORLD_METRES * Math.cos(latitude)) / 256 / scale;
}

/** A round length of at most so many pixels. @param {number} metres to a pixel @param {number} most pixels */
export function scaleBar(metres, most) {
  const longest = metres * most;
  const power = 10 ** Math.floor(Math.log10(longest));
  const length = [5, 2, 1].map((step) => step * power).find((step) => step <= longest) || power;
  return {length, pixels: length / metres};
}

/** World box of what the screen shows. @param {L.Map} map */
export function boxOnScreen(map) {
  const {_southWest: sw, _northEast: ne} = /** @type {any} */ (map.getBounds());
  const [low, high] = [map.project(sw, 0), map.project(ne, 0)];
  return [low.x, high.y, high.x, low.y];
}

/** All painters of a map, the page's own and those of layers added to it, the lowest first. @param {L.Map} map @returns {Painter[]} */
export function paintersOf(map) {
  /** @type {Painter[]} */
  const painters = [];
  map.eachLayer((layer) => {
    if (layer instanceof CanvasLayer) painters.push(.../** @type {any} */ (layer)._painters);
  });
  return painters;
}
