/** Points as density: how many lie around each place, whatever the zoom. */
import {context} from "./draw.js";

/** @import {Painter} from "./canvas.js" */
/** @import {Geometry} from "./packed.js" */

const CELL = 6; // pixels
const REACH_M = 250; // metres that a point counts around itself
const LEAST = 3; // cells
const MOST = 14;
/** From few to many; read by every kind of colour vision, and in grey. */
export const RAMP = [[255, 237, 160], [254, 178, 76], [240, 96, 60], [189, 0, 38], [90, 0, 50]];

/** Weights by distance in cells, out to `reach`. @param {number} reach */
export function kernel(reach) {
  const size = 2 * reach + 1;
  const out = new Float64Array(size * size);
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const near = 1 - (x * x + y * y) / (reach * reach + 1);
      out[(y + reach) * size + x + reach] = near > 0 ? near * near : 0;
    }
  }
  return out;
}

/** Sum of the kernels of points given in cells. @param {number[][]} points @param {number} wide @param {number} high @param {number} reach */
export function densityOf(points, wide, high, reach) {
  const sums = new Float64Array(wide * high);
  const weights = kernel(reach);
  const size = 2 * reach + 1;
  for (const [px, py] of points) {
    const [x, y] = [Math.floor(px), Math.floor(py)];
    for (let row = Math.max(0, y - reach); row <= Math.min(high - 1, y + reach); row++) {
      for (let column = Math.max(0, x - reach); column <= Math.min(wide - 1, x + reach); column++) {
        sums[row * wide + column] += weights[(row - y + reach) * size + column - x + reach];
      }
    }
  }
  return sums;
}

/** Colour at a share of the highest density. @param {number} share 0 to 1 */
export function rampColour(share) {
  const at = Math.min(0.9999, Math.max(0, share)) * (RAMP.length - 1);
  const [low, high] = [RAMP[Math.floor(at)], RAMP[Math.floor(at) + 1]];
  return low.map((value, k) => Math.round(value + (high[k] - value) * (at % 1)));
}

/** @param {{geometry: Geometry}} layer @param {() => boolean} shown @returns {Painter} */
export function makeDensity({geometry: g}, shown) {
  const picture = document.createElement("canvas");
  return {
    draw(view) {
      if (!shown() || !g.x.length) return;
      const [wide, high] = [Math.ceil(view.width / CELL), Math.ceil(view.height / CELL)];
      const latitude = Math.atan(Math.sinh(Math.PI * (1 - (view.box[1] + view.box[3]) / 256)));
      const metres = (40075016.686 * Math.cos(latitude)) / 256 / view.scale;
      const reach = Math.max(LEAST, Math.min(MOST, Math.round(REACH_M / metres / CELL)));
      const points = [];
      for (let v = 0; v < g.x.length; v++) {
        const [x, y] = [(g.x[v] * view.scale + view.dx) / CELL, (g.y[v] * view.scale + view.dy) / CELL];
        if (x > -reach && y > -reach && x < wide + reach && y < high + reach) points.push([x, y]);
      }
      const sums = densityOf(points, wide, high, reach);
      const highest = sums.reduce((most, sum) => Math.max(most, sum), 1e-9);
      const image = context(picture).createImageData(wide, high);
      sums.forEach((sum, i) => {
        const share = sum / highest;
        if (share < 0.04) return;
        image.data.set([...rampColour(share), Math.round(255 * Math.min(0.8, 0.25 + share))], 4 * i);
      });
      picture.width = wide;
      picture.height = high;
      context(picture).putImageData(image, 0, 0);
      view.ctx.imageSmoothingEnabled = true;
      view.ctx.drawImage(picture, 0, 0, wide * CELL, high * CELL);
    },
  };
}
