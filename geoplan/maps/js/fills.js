/**
 * Many features at once: as smooth paths while they are few, into an array of pixels where they crowd the screen.
 *
 * @typedef {Object} Paint
 * @property {string|null} fill     "#rrggbb"
 * @property {string|null} line
 * @property {number} width         of the line in pixels
 * @property {number} radius        of a point in pixels
 * @property {number} hatch         0 none, else which of three patterns lies over the fill
 */
import {context, hatching, inView, trace} from "./draw.js";
import {POLYGON} from "./packed.js";
import {fillFeature, pixelOf} from "./raster.js";

/** @import {View} from "./canvas.js" */
/** @import {Geometry} from "./packed.js" */

const BATCH = 1500; // features to a path: fewer calls, yet no path too long for the rasteriser
const CROWD = 2500; // features in view; more go into pixels

/** @returns {(view: View, g: Geometry, groups: number[][], paints: Paint[]) => void} draws each group with its paint */
export function makeFiller() {
  /** @type {HTMLCanvasElement|null} */
  let picture = null;
  /** @type {ImageData|null} */
  let image = null;
  let pixels = new Uint32Array(0);

  /** An empty picture as large as the view. @param {HTMLCanvasElement} canvas @param {View} view */
  function clear(canvas, view) {
    const [width, height] = [Math.round(view.width * view.ratio), Math.round(view.height * view.ratio)];
    if (!image || image.width !== width || image.height !== height) {
      canvas.width = width;
      canvas.height = height;
      image = context(canvas).createImageData(width, height);
      pixels = new Uint32Array(image.data.buffer);
    } else {
      pixels.fill(0);
    }
    return image;
  }

  function crowd(view, g, groups, paints) {
    picture = picture || document.createElement("canvas");
    const drawn = clear(picture, view);
    const {ratio} = view;
    const to = {pixels, width: drawn.width, height: drawn.height, scale: view.scale * ratio, dx: view.dx * ratio, dy: view.dy * ratio};
    groups.forEach((rows, k) => {
      const colour = paints[k].fill || paints[k].line;
      if (!colour) return;
      const ink = pixelOf(colour);
      for (const i of rows) if (g.kinds[i] !== 1) fillFeature(to, g, i, ink, paints[k].hatch);
    });
    context(picture).putImageData(drawn, 0, 0);
    view.ctx.drawImage(picture, 0, 0, view.width, view.height);
  }

  return (view, g, groups, paints) => {
    const count = groups.reduce((sum, rows) => sum + rows.length, 0);
    if (count > CROWD) crowd(view, g, groups, paints);
    groups.forEach((rows, k) => {
      if (count <= CROWD) drawPaths(view, g, rows.filter((i) => g.kinds[i] !== 1), paints[k]);
      drawPoints(view, g, rows.filter((i) => g.kinds[i] === 1), paints[k]);
    });
  };
}

/** @param {View} view @param {Geometry} g @param {number[]} rows @param {Paint} paint */
function drawPaths(view, g, rows, paint) {
  const {ctx} = view;
  ctx.lineJoin = "round";
  for (let from = 0; from < rows.length; from += BATCH) {
    ctx.beginPath();
    let closed = false;
    for (const i of rows.slice(from, from + BATCH)) {
      trace(view, g, i);
      closed = closed || g.kinds[i] === POLYGON;
    }
    if (closed && paint.fill) {
      ctx.fillStyle = paint.fill;
      ctx.fill();
      if (paint.hatch) {
        ctx.fillStyle = hatching(ctx, paint.hatch);
        ctx.fill();
      }
    }
    const line = paint.line || (closed ? null : paint.fill);
    if (!line) continue;
    ctx.strokeStyle = line;
    ctx.lineWidth = paint.width;
    ctx.stroke();
  }
}

/** Points as copies of one small picture. @param {View} view @param {Geometry} g @param {number[]} rows @param {Paint} paint */
function drawPoints(view, g, rows, paint) {
  if (!rows.length || !(paint.fill || paint.line)) return;
  const {ctx, ratio} = view;
  const half = Math.ceil(paint.radius + paint.width + 1);
  const sprite = document.createElement("canvas");
  sprite.width = sprite.height = 2 * half * ratio;
  const pen = context(sprite);
  pen.scale(ratio, ratio);
  pen.arc(half, half, paint.radius, 0, 2 * Math.PI);
  if (paint.fill) {
    pen.fillStyle = paint.fill;
    pen.fill();
    if (paint.hatch) {
      pen.fillStyle = hatching(pen, paint.hatch);
      pen.fill();
    }
  }
  if (paint.line) {
    pen.strokeStyle = paint.line;
    pen.lineWidth = paint.width;
    pen.stroke();
  }
  for (const i of rows) {
    for (let v = g.starts[g.parts[i]]; v < g.starts[g.parts[i + 1]]; v++) {
      ctx.drawImage(sprite, g.x[v] * view.scale + view.dx - half, g.y[v] * view.scale + view.dy - half, 2 * half, 2 * half);
    }
  }
}

/** Rows in view by class. @param {View} view @param {Geometry} g @param {Uint8Array|number[]} of @param {number} count */
export function groupsInView(view, g, of, count) {
  /** @type {number[][]} */
  const groups = Array.from({length: count}, () => []);
  for (let i = 0; i < g.count; i++) if (inView(g, i, view.box)) groups[of[i]].push(i);
  return groups;
}
