/** Names on the map: the weightier first, and none over another. */
import {shareOf} from "./model.js";
import {colour, FONT} from "./style.js";

/** @import {Painter, View} from "./canvas.js" */
/** @import {State} from "./model.js" */

const LONGEST = 18; // characters; a map label is no place for more
const GAP = 3;
const CENTRE_ZOOM = 14.75;
const ESTATE_ZOOM = 15.5;
const STREET_ZOOM = 16;
const BADGE_SHARE = 0.01;
const FOREMOST = 5;
const MARK = 10; // half the width of a centre's mark

/** @param {any} page @param {State} state @returns {Painter} */
export function makeLabels(page, state) {
  const widths = new Map();
  const streets = page.layers.streets ? longestOfEachName(page.layers.streets) : [];
  let touchable = []; // discs as drawn, in map units: they give way to each other, so they may lie beside their anchors
  return {
    draw(view) {
      const taken = [];
      touchable = [];
      const put = (label) => {
        const box = place(view, label, taken, widths);
        if (box && label.badge) touchable.push({thing: label.thing, box: toMap(view, box)});
      };
      reserveCentres(page, state, view, taken);
      // The largest groups not served stand where they are; then names; then the smaller groups.
      const discs = state.visible.clusters ? badges(page, state, view) : [];
      discs.slice(0, FOREMOST).forEach(put);
      if (state.visible.labels) unitLabels(page, state).forEach(put);
      discs.slice(FOREMOST).forEach(put);
      if (!state.visible.labels) return;
      if (view.zoom >= CENTRE_ZOOM) centreLabels(page, state).forEach(put);
      if (view.zoom >= STREET_ZOOM && streets.length && state.visible.streets) streetLabels(page, streets, view, taken, widths);
      if (view.zoom >= ESTATE_ZOOM && page.layers.estates && state.visible.estates) estateLabels(page).forEach(put);
    },
    hit(x, y) {
      const under = ({box}) => x >= box[0] && y >= box[1] && x <= box[2] && y <= box[3];
      const disc = state.visible.clusters && touchable.find(under);
      return disc ? disc.thing : null;
    },
  };
}

/** A box of the picture in map units. @param {View} view @param {number[]} box */
function toMap({scale, dx, dy}, [west, north, east, south]) {
  return [(west - dx) / scale, (north - dy) / scale, (east - dx) / scale, (south - dy) / scale];
}

function unitLabels(page, state) {
  const labels = [];
  const tries = [[0, 0], [0, -26], [0, 26], [0, -48], [0, 48]];
  page.layers.levels.forEach((level, number) => {
    if (!state.visible[`level${number}`]) return;
    const order = [...Array(level.geometry.count).keys()];
    order.sort((a, b) => (level.households[b] || 0) - (level.households[a] || 0) || a - b);
    for (const i of order) {
      const share = shareOf(level, i, state.limit);
      const sub = number === 0 && !isNaN(share) ? page.number.percent(share) : "";
      const size = number === 0 ? 14 : 12;
      labels.push({text: level.name(i), sub, size, weight: 600, x: level.anchors.x[i], y: level.anchors.y[i], ink: colour.text, tries});
    }
  });
  return labels;
}

/** No name may lie over the mark of a centre. */
function reserveCentres(page, state, view, taken) {
  const {geometry: g, counted, candidate} = page.layers.facilities;
  for (let i = 0; i < g.count; i++) {
    if (!(candidate[i] ? state.visible.candidates : state.visible.facilities && counted[i])) continue;
    const x = g.x[g.starts[g.parts[i]]] * view.scale + view.dx;
    const y = g.y[g.starts[g.parts[i]]] * view.scale + view.dy;
    taken.push([x - MARK, y - MARK, x + MARK, y + MARK]);
  }
}

/**
 * Households of the unserved groups, in discs: at first those with a hundredth of all that are not served, and
 * smaller ones the nearer the reader looks.
 */
function badges(page, state, view) {
  const layer = page.layers.clusters[state.limit];
  const all = layer.households.reduce((sum, households) => sum + households, 0);
  const least = (all * BADGE_SHARE) / Math.pow(3, view.zoom - state.firstZoom);
  const order = [...Array(layer.geometry.count).keys()].filter((i) => layer.households[i] >= least);
  order.sort((a, b) => layer.households[b] - layer.households[a] || a - b);
  return order.map((i) => ({
    text: page.number.whole(layer.households[i]),
    sub: "",
    size: 12,
    weight: 700,
    x: layer.anchors.x[i],
    y: layer.anchors.y[i],
    ink: "#ffffff",
    badge: true,
    thing: {kind: "cluster", index: i, level: state.limit},
    tries: [[0, 0], [0, -22], [0, 22], [26, 0], [-26, 0]],
  }));
}

function centreLabels(page, state) {
  const layer = page.layers.facilities;
  const labels = [];
  for (let i = 0; i < layer.geometry.count; i++) {
    const seen = layer.candidate[i] ? state.visible.candidates : state.visible.facilities && layer.counted[i];
    if (!seen) continue;
    const v = layer.geometry.starts[layer.geometry.parts[i]];
    const at = {x: layer.geometry.x[v], y: layer.geometry.y[v]};
    labels.push({text: layer.name(i), sub: "", size: 12, weight: 600, ...at, tries: [[0, 23], [0, -23]], ink: colour.centre});
  }
  return labels;
}

function estateLabels(page) {
  const {geometry: g, name} = page.layers.estates;
  return [...Array(g.count).keys()].map((i) => ({
    text: name(i),
    sub: "",
    size: 11,
    weight: 400,
    x: (g.boxes[4 * i] + g.boxes[4 * i + 2]) / 2,
    y: (g.boxes[4 * i + 1] + g.boxes[4 * i + 3]) / 2,
    ink: "#6b6459",
  }));
}

/** Draw a label at the first of its places that is free; nowhere if none is. @returns {number[]|null} its box */
export function place(view, label, taken, widths) {
  const {ctx} = view;
  const x = label.x * view.scale + view.dx;
  const y = label.y * view.scale + view.dy;
  if (!label.text || x < 0 || y < 0 || x > view.width || y > view.height) return null;
  const text = clip(label.text);
  const font = `${label.weight} ${label.size}px ${FONT}`;
  const wide = Math.max(width(ctx, text, font, widths), label.sub ? width(ctx, label.sub, font, widths) : 0);
  const high = label.size * (label.sub ? 2.3 : 1.2);
  const pad = label.badge ? 6 : GAP;
  for (const [right, down] of label.tries || [[0, 0]]) {
    const at = [x + right, y + down];
    const box = [at[0] - wide / 2 - pad, at[1] - high / 2 - pad, at[0] + wide / 2 + pad, at[1] + high / 2 + pad];
    if (claim(box, taken)) {
      drawLabel(ctx, label, text, at, box);
      return box;
    }
  }
  return null;
}

/** @param {CanvasRenderingContext2D} ctx @param {any} label @param {string} text @param {number[]} at @param {number[]} box */
function drawLabel(ctx, label, text, [x, y], box) {
  ctx.font = `${label.weight} ${label.size}px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  if (label.badge) pill(ctx, box);
  write(ctx, text, x, y - (label.sub ? label.size * 0.6 : 0), label);
  if (!label.sub) return;
  ctx.font = `400 ${label.size - 1}px ${FONT}`;
  write(ctx, label.sub, x, y + label.size * 0.65, label);
}

function claim(box, taken) {
  const hits = (other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1];
  if (taken.some(hits)) return false;
  taken.push(box);
  return true;
}

/** @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} x @param {number} y @param {{ink: string, badge?: boolean}} label */
function write(ctx, text, x, y, {ink, badge}) {
  if (!badge) {
    ctx.lineJoin = "round";
    ctx.lineWidth = 3.5;
    ctx.strokeStyle = colour.halo;
    ctx.strokeText(text, x, y);
  }
  ctx.fillStyle = ink;
  ctx.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} ctx @param {number[]} box */
function pill(ctx, [west, north, east, south]) {
  const radius = (south - north) / 2;
  ctx.beginPath();
  ctx.arc(Math.min(west + radius, (west + east) / 2), north + radius, radius, Math.PI / 2, 1.5 * Math.PI);
  ctx.arc(Math.max(east - radius, (west + east) / 2), north + radius, radius, 1.5 * Math.PI, Math.PI / 2);
  ctx.closePath();
  ctx.fillStyle = colour.cluster;
  ctx.strokeStyle = "#ffffff";
  ctx.lineWidth = 1.5;
  ctx.fill();
  ctx.stroke();
}

/** First characters of a text, whole ones. */
export function clip(text) {
  if (text.length <= LONGEST) return text;
  return `${Array.from(text.slice(0, 2 * LONGEST)).slice(0, LONGEST - 1).join("")}…`;
}

function width(ctx, text, font, widths) {
  const key = `${font}\n${text}`;
  if (!widths.has(key)) {
    ctx.font = font;
    widths.set(key, ctx.measureText(text).width);
  }
  return widths.get(key);
}

/** For each street name its longest straight piece, as the two vertices' numbers. */
function longestOfEachName(layer) {
  const {geometry: g, name} = layer;
  const pieces = [];
  for (let i = 0; i < g.count; i++) {
    if (!name(i)) continue;
    for (let p = g.parts[i]; p < g.parts[i + 1]; p++) {
      /** @type {any} */
      let best = null;
      for (let v = g.starts[p]; v < g.starts[p + 1] - 1; v++) {
        const length = Math.hypot(g.x[v + 1] - g.x[v], g.y[v + 1] - g.y[v]);
        if (!best || length > best.length) best = {v, length, text: name(i)};
      }
      if (best) pieces.push(best);
    }
  }
  return pieces.sort((a, b) => b.length - a.length || a.v - b.v);
}

/** Street names along their streets, each name once a screen. */
function streetLabels(page, pieces, view, taken, widths) {
  const {ctx} = view;
  const {x, y} = page.layers.streets.geometry;
  const font = `400 11px ${FONT}`;
  const done = new Set();
  for (const {v, length, text} of pieces) {
    if (done.has(text)) continue;
    const label = clip(text);
    const wide = width(ctx, label, font, widths);
    if (length * view.scale < wide + 10) continue;
    const midX = ((x[v] + x[v + 1]) / 2) * view.scale + view.dx;
    const midY = ((y[v] + y[v + 1]) / 2) * view.scale + view.dy;
    if (midX < 0 || midY < 0 || midX > view.width || midY > view.height) continue;
    let turn = Math.atan2(y[v + 1] - y[v], x[v + 1] - x[v]);
    if (Math.abs(turn) > Math.PI / 2) turn += turn > 0 ? -Math.PI : Math.PI;
    const halfX = (Math.abs(Math.cos(turn)) * wide) / 2 + 7;
    const halfY = (Math.abs(Math.sin(turn)) * wide) / 2 + 7;
    if (!claim([midX - halfX, midY - halfY, midX + halfX, midY + halfY], taken)) continue;
    done.add(text);
    ctx.save();
    ctx.translate(midX, midY);
    ctx.rotate(turn);
    ctx.font = font;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    write(ctx, label, 0, 0, {ink: "#7a705e"});
    ctx.restore();
  }
}
