/** Features on a 2D context: which are in view, and their outlines as paths. */
import {POLYGON} from "./packed.js";

/** @import {Geometry} from "./packed.js" */
/** @import {View} from "./canvas.js" */

/** Whether a feature of a geometry is in view. @param {Geometry} g @param {number} i @param {number[]} box */
export function inView(g, i, box) {
  const at = 4 * i;
  return g.boxes[at] <= box[2] && g.boxes[at + 2] >= box[0] && g.boxes[at + 1] <= box[3] && g.boxes[at + 3] >= box[1];
}

/**
 * Add a feature to the current path; a polygon is closed, and one smaller than a pixel becomes a square.
 * @param {View} view @param {Geometry} g @param {number} i
 */
export function trace(view, g, i) {
  const {ctx, scale, dx, dy} = view;
  const closed = g.kinds[i] === POLYGON;
  const at = 4 * i;
  if (closed && Math.max(g.boxes[at + 2] - g.boxes[at], g.boxes[at + 3] - g.boxes[at + 1]) * scale < 2) {
    ctx.rect(g.boxes[at] * scale + dx - 0.5, g.boxes[at + 1] * scale + dy - 0.5, 2, 2);
    return;
  }
  for (let p = g.parts[i]; p < g.parts[i + 1]; p++) {
    const first = g.starts[p];
    const end = g.starts[p + 1];
    ctx.moveTo(g.x[first] * scale + dx, g.y[first] * scale + dy);
    for (let v = first + 1; v < end; v++) ctx.lineTo(g.x[v] * scale + dx, g.y[v] * scale + dy);
    if (closed) ctx.closePath();
  }
}

/**
 * Trace all features in view that `wanted` lets through.
 * @param {View} view @param {Geometry} g @param {((i: number) => boolean)=} wanted
 */
export function traceAll(view, g, wanted) {
  view.ctx.beginPath();
  for (let i = 0; i < g.count; i++) {
    if (inView(g, i, view.box) && (!wanted || wanted(i))) trace(view, g, i);
  }
}

/** The drawing context of a canvas. @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
export function context(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * Slanted lines in one ink, to be filled with.
 * @param {CanvasRenderingContext2D} ctx @param {string} line @param {number} slope 1 down, -1 up, 0 both
 */
export function hatch(ctx, line, slope) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 16;
  const pen = context(tile);
  pen.strokeStyle = line;
  pen.lineWidth = 2.6;
  for (const shift of [-16, 0, 16]) {
    if (slope >= 0) {
      pen.moveTo(shift, 0);
      pen.lineTo(shift + 16, 16);
    }
    if (slope <= 0) {
      pen.moveTo(shift, 16);
      pen.lineTo(shift + 16, 0);
    }
  }
  pen.stroke();
  const pattern = /** @type {CanvasPattern} */ (ctx.createPattern(tile, "repeat"));
  pattern.setTransform(new DOMMatrix().scale(0.5));
  return pattern;
}

/** One of three patterns that tell classes apart without colour. @param {CanvasRenderingContext2D} ctx @param {number} which 1 to 3 */
export function hatching(ctx, which) {
  return hatch(ctx, "rgba(30,25,15,0.45)", [1, -1, 0][(which - 1) % 3]);
}
