/** How each layer is drawn, and what of it lies under the pointer. The order of `makePainters` is the drawing order. */
import {inView, trace, traceAll} from "./draw.js";
import {groupsInView, makeFiller} from "./fills.js";
import {makeGrid} from "./grid.js";
import {shareOf, layerOf, anchorOf} from "./model.js";
import {POLYGON, contains, distance} from "./packed.js";
import {colour, stepColour, shareColour} from "./style.js";

/** @import {Painter, View} from "./canvas.js" */
/** @import {Geometry} from "./packed.js" */
/** @import {State} from "./model.js" */

const GATE_ZOOM = 15.5; // below it gates would be a rash over the map
const ESTATE_ZOOM = 14.25;
const OUTLINE_ZOOM = 16;
const SIDES = {1: 0, 2: 4, 3: 3, 4: 5, 5: 6}; // corners of a centre's mark, by tier
const TOUCH = 1.6; // a mark is easier to hit than it is large

/** @param {any} page @param {State} state @returns {Painter[]} */
export function makePainters(page, state) {
  const {layers} = page;
  const makers = [
    [layers.levels.length, land],
    [layers.green, green],
    [layers.isochrones, circles],
    [layers.streets, streets],
    [layers.barriers, barriers],
    [layers.estates, estates],
    [layers.buildings, buildings],
    [layers.levels.length, units],
    [layers.clusters, clusters],
    [layers.gates, gates],
    [layers.facilities, facilities],
    [true, selection],
  ];
  return makers.filter(([there]) => there).map(([, make]) => make(page, state));
}

/** The ground of the main level, tinted by share where asked for; units are hit where nothing smaller lies. */
function land(page, state) {
  const level = page.layers.levels[0];
  return {
    draw(view) {
      for (let i = 0; i < level.geometry.count; i++) {
        if (!inView(level.geometry, i, view.box)) continue;
        const share = shareOf(level, i, state.limit);
        view.ctx.beginPath();
        trace(view, level.geometry, i);
        const tinted = state.visible.tint && !isNaN(share);
        if (state.visible.basemap && !tinted) continue;
        view.ctx.globalAlpha = state.visible.basemap ? 0.5 : 1;
        view.ctx.fillStyle = tinted ? shareColour(share) : colour.land;
        view.ctx.fill();
      }
    },
    hit(x, y) {
      for (let number = 0; number < page.layers.levels.length; number++) {
        const found = state.visible[`level${number}`] && firstInside("unit", page.layers.levels[number].geometry, x, y);
        if (found) return Object.assign(found, {level: number});
      }
      return null;
    },
  };
}

/** Parks, woods and fields, under all lines: a tint, since the ground below may say something by its colour. */
export function green(page, state) {
  const layer = page.layers.green;
  return {
    draw(view) {
      if (!state.visible.green) return;
      traceAll(view, layer.geometry);
      view.ctx.globalAlpha = 0.38;
      view.ctx.fillStyle = colour.green;
      view.ctx.fill();
    },
  };
}

function circles(page, state) {
  const layer = page.layers.isochrones;
  return {
    draw(view) {
      const {ctx} = view;
      for (let i = 0; i < layer.geometry.count; i++) {
        if (!state.visible[`circle${layer.step[i]}`] || !inView(layer.geometry, i, view.box)) continue;
        const chosen = layer.step[i] === state.limit;
        ctx.beginPath();
        trace(view, layer.geometry, i);
        ctx.globalAlpha = 0.07;
        ctx.fillStyle = colour.circle;
        ctx.fill();
        ctx.globalAlpha = chosen ? 0.7 : 0.4;
        ctx.strokeStyle = colour.circle;
        ctx.lineWidth = chosen ? 1.3 : 0.8;
        ctx.setLineDash(chosen ? [] : [4, 3]);
        ctx.stroke();
      }
    },
  };
}

export function streets(page, state) {
  const layer = page.layers.streets;
  const inks = [colour.street, colour.collector, colour.arterial];
  return {
    draw(view) {
      if (!state.visible.streets) return;
      const grown = Math.max(0.5, Math.min(4, Math.pow(1.55, view.zoom - 15)));
      view.ctx.lineCap = "round";
      view.ctx.lineJoin = "round";
      inks.forEach((ink, weight) => {
        traceAll(view, layer.geometry, (i) => layer.weight[i] === weight);
        view.ctx.strokeStyle = ink;
        view.ctx.lineWidth = grown * (1 + 0.75 * weight);
        view.ctx.stroke();
      });
    },
  };
}

const BARRIER = {
  river: [[colour.water, 5, []]],
  railway: [[colour.rail, 3, []], ["#ffffff", 1.6, [7, 7]]],
  expressway: [[colour.motorway, 4, []], ["#fff6e4", 1.6, []]],
  wall: [[colour.wall, 1.6, []]],
  other: [[colour.wall, 1.6, [5, 3]]],
};

function barrierStyle(kind) {
  return Object.prototype.hasOwnProperty.call(BARRIER, kind) ? BARRIER[kind] : BARRIER.other;
}

/** Stroke the current path as a barrier of that kind. */
export function strokeBarrier(ctx, kind, grown) {
  for (const [ink, width, dash] of barrierStyle(kind)) {
    ctx.strokeStyle = ink;
    ctx.lineWidth = width * grown;
    ctx.setLineDash(dash);
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

export function barriers(page, state) {
  const layer = page.layers.barriers;
  return {
    draw(view) {
      if (!state.visible.barriers) return;
      const grown = Math.max(0.6, Math.min(2.2, Math.pow(1.3, view.zoom - 14)));
      view.ctx.lineJoin = "round";
      for (let i = 0; i < layer.geometry.count; i++) {
        if (!inView(layer.geometry, i, view.box)) continue;
        view.ctx.beginPath();
        trace(view, layer.geometry, i);
        if (layer.geometry.kinds[i] === POLYGON) {
          view.ctx.fillStyle = barrierStyle(layer.kind(i))[0][0];
          view.ctx.fill();
        } else {
          strokeBarrier(view.ctx, layer.kind(i), grown);
        }
      }
    },
  };
}

function estates(page, state) {
  const layer = page.layers.estates;
  return {
    draw(view) {
      if (!state.visible.estates || view.zoom < ESTATE_ZOOM) return;
      const {ctx} = view;
      ctx.globalAlpha = Math.min(1, 0.3 + (view.zoom - ESTATE_ZOOM) / 1.5);
      traceAll(view, layer.geometry, (i) => !layer.walled[i]);
      ctx.strokeStyle = colour.estate;
      ctx.lineWidth = 0.8;
      ctx.setLineDash([3, 3]);
      ctx.stroke();
      ctx.setLineDash([]);
      traceAll(view, layer.geometry, (i) => layer.walled[i] === 1);
      ctx.strokeStyle = colour.wall;
      ctx.lineWidth = 1.3;
      ctx.stroke();
    },
    hit(x, y) {
      if (!state.visible.estates) return null;
      return firstInside("estate", layer.geometry, x, y);
    },
  };
}

function buildings(page, state) {
  const layer = page.layers.buildings;
  const count = page.minutes.length;
  const fillAll = makeFiller();
  const grid = makeGrid(layer.geometry);
  let lived = layer.step;
  let of = null; // the case's column that `lived` was made from
  return {
    draw(view) {
      if (of !== layer.step) {
        of = layer.step;
        lived = layer.step.map((step, i) => (layer.households[i] > 0 ? step : count + 2));
      }
      if (state.visible.buildings) drawBuildings(view, layer.geometry, lived, state, count, fillAll);
      if (!state.visible.flagged) return;
      traceAll(view, layer.geometry, (i) => layer.edge[i] === 1);
      view.ctx.strokeStyle = colour.flagged;
      view.ctx.lineWidth = 1.4;
      view.ctx.stroke();
    },
    hit(x, y, tolerance) {
      if (!state.visible.buildings) return null;
      return topmost("building", layer.geometry, grid.near(x, y, tolerance), x, y, tolerance);
    },
  };
}

/** @param {View} view @param {Geometry} g @param {number[]} steps @param {State} state @param {number} count @param {ReturnType<typeof makeFiller>} fillAll */
function drawBuildings(view, g, steps, {limit, visible}, count, fillAll) {
  const groups = groupsInView(view, g, steps, count + 3);
  const line = view.zoom >= OUTLINE_ZOOM ? "rgba(255,255,255,0.75)" : null;
  // Those not served last: where buildings crowd together they must be seen.
  const order = [count + 2, ...Array(count + 2).keys()];
  const paints = order.map((step) => ({
    fill: step === count + 2 ? colour.empty : stepColour(step, limit, count),
    line,
    width: 0.8,
    radius: 3,
    hatch: visible.hatching ? hatchOf(step, limit, count) : 0,
  }));
  fillAll(view, g, order.map((step) => groups[step]), paints);
}

/** Which hatching tells a class apart without colour: none is served. @param {number} step @param {number} limit @param {number} count */
export function hatchOf(step, limit, count) {
  if (step <= limit || step === count + 2) return 0;
  return step > count ? 3 : 1;
}

function dots(view, g, i, radius) {
  for (let v = g.starts[g.parts[i]]; v < g.starts[g.parts[i + 1]]; v++) {
    const x = g.x[v] * view.scale + view.dx;
    const y = g.y[v] * view.scale + view.dy;
    view.ctx.moveTo(x + radius, y);
    view.ctx.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

/** Outlines of all levels shown, the main one solid, the others finer or bolder than it. */
function units(page, state) {
  const {levels} = page.layers;
  return {
    draw(view) {
      const {ctx} = view;
      ctx.lineJoin = "round";
      levels.forEach((level, number) => {
        if (!state.visible[`level${number}`]) return;
        traceAll(view, level.geometry);
        ctx.setLineDash([]);
        ctx.strokeStyle = "rgba(255,255,255,0.8)";
        ctx.lineWidth = number === 0 ? 5 : 3;
        ctx.stroke();
        ctx.strokeStyle = number === 0 ? colour.unit : colour.unitTop;
        ctx.lineWidth = number === 0 ? 2 : 1.2;
        ctx.setLineDash(number === 0 ? [12, 3, 2, 3] : [2, 3]);
        ctx.stroke();
      });
    },
  };
}

function clusters(page, state) {
  const layer = () => page.layers.clusters[state.limit];
  return {
    draw(view) {
      if (!state.visible.clusters) return;
      const {ctx} = view;
      traceAll(view, layer().geometry);
      ctx.globalAlpha = 0.05;
      ctx.fillStyle = colour.cluster;
      ctx.fill();
      ctx.globalAlpha = 1;
      ctx.strokeStyle = colour.cluster;
      ctx.lineWidth = 1.6;
      ctx.setLineDash([5, 4]);
      ctx.lineJoin = "round";
      ctx.stroke();
    },
    hit(x, y, tolerance) {
      if (!state.visible.clusters) return null;
      const found = nearestPoint("cluster", layer().anchors, x, y, 1.3 * tolerance);
      return found && Object.assign(found, {level: state.limit});
    },
  };
}

function gates(page, state) {
  const layer = page.layers.gates;
  const shown = (zoom) => state.visible.gates && zoom >= GATE_ZOOM;
  let zoom = 0;
  return {
    draw(view) {
      zoom = view.zoom;
      if (!shown(zoom)) return;
      const {ctx} = view;
      const radius = view.zoom >= 17 ? 4.5 : 3;
      for (const open of [0, 1]) {
        ctx.beginPath();
        for (let i = 0; i < layer.geometry.count; i++) {
          if (layer.open[i] === open && inView(layer.geometry, i, view.box)) dots(view, layer.geometry, i, radius);
        }
        ctx.fillStyle = open ? "#ffffff" : colour.noWay;
        ctx.strokeStyle = colour.noWay;
        ctx.lineWidth = 1.5;
        ctx.fill();
        ctx.stroke();
      }
    },
    hit(x, y, tolerance) {
      return shown(zoom) ? nearestPoint("gate", layer.geometry, x, y, 0.6 * tolerance) : null;
    },
  };
}

function facilities(page, state) {
  const layer = page.layers.facilities;
  const seen = (i) => (layer.candidate[i] ? state.visible.candidates : state.visible.facilities);
  return {
    draw(view) {
      const order = [...Array(layer.geometry.count).keys()].sort((a, b) => rank(layer, a) - rank(layer, b) || a - b);
      for (const i of order) {
        if (!seen(i) || !inView(layer.geometry, i, view.box)) continue;
        const [x, y] = anchorOf(page, {kind: "facility", index: i});
        mark(view.ctx, x * view.scale + view.dx, y * view.scale + view.dy, look(layer, i, view.zoom));
      }
    },
    hit(x, y, tolerance) {
      return nearestPoint("facility", layer.geometry, x, y, TOUCH * tolerance, seen);
    },
  };
}

function rank(layer, i) {
  return layer.counted[i] ? 2 : layer.candidate[i] ? 1 : 0;
}

/** Size, corners and colours of a centre's mark. */
export function look(layer, i, zoom) {
  const large = zoom >= 14 ? 1 : 0.8;
  if (layer.candidate[i]) return {radius: 7 * large, sides: 0, fill: "#ffffff", ink: colour.centre, sign: "+"};
  const sides = SIDES[((layer.tier[i] - 1) % 5) + 1] || 0;
  if (!layer.counted[i]) return {radius: 5.5 * large, sides, fill: colour.centreOut, ink: "#ffffff", sign: ""};
  return {radius: 8 * large, sides, fill: colour.centre, ink: "#ffffff", sign: "•"};
}

/** A centre's mark: a disc or a polygon with a rim, a dot or a plus within. */
export function mark(ctx, x, y, {radius, sides, fill, ink, sign}) {
  ctx.beginPath();
  if (sides) {
    const reach = radius * (sides === 3 ? 1.35 : sides === 4 ? 1.25 : 1.12);
    for (let k = 0; k < sides; k++) {
      const turn = (2 * Math.PI * k) / sides - Math.PI / 2;
      ctx.lineTo(x + reach * Math.cos(turn), y + reach * Math.sin(turn) + (sides === 3 ? radius * 0.2 : 0));
    }
    ctx.closePath();
  } else {
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
  }
  ctx.lineJoin = "round";
  ctx.fillStyle = fill;
  ctx.strokeStyle = ink;
  ctx.lineWidth = 2;
  ctx.setLineDash(sign === "+" ? [3, 2] : []);
  ctx.fill();
  ctx.stroke();
  ctx.setLineDash([]);
  if (sign === "•") {
    ctx.beginPath();
    ctx.arc(x, y, radius * 0.3, 0, 2 * Math.PI);
    ctx.fillStyle = "#ffffff";
    ctx.fill();
  } else if (sign === "+") {
    ctx.beginPath();
    ctx.moveTo(x - radius * 0.45, y);
    ctx.lineTo(x + radius * 0.45, y);
    ctx.moveTo(x, y - radius * 0.45);
    ctx.lineTo(x, y + radius * 0.45);
    ctx.stroke();
  }
}

/** What is selected: a rim around it, and for a building the straight line to its centre. */
function selection(page, state) {
  return {
    draw(view) {
      if (!state.selected) return;
      const {ctx} = view;
      const g = layerOf(page, state.selected).geometry;
      const indices = state.selected.all || [state.selected.index];
      ctx.beginPath();
      for (const i of indices) {
        if (g.kinds[i] === 1) dots(view, g, i, 13);
        else trace(view, g, i);
      }
      ctx.lineJoin = "round";
      ctx.lineCap = "round";
      ctx.strokeStyle = "rgba(255,255,255,0.9)";
      ctx.lineWidth = 6;
      ctx.stroke();
      ctx.strokeStyle = colour.selected;
      ctx.lineWidth = 3;
      ctx.stroke();
      if (state.selected.kind === "building") lineToCentre(view, page, state.selected);
    },
  };
}

function lineToCentre(view, page, thing) {
  const facility = page.layers.buildings.facility[thing.index];
  if (facility < 0) return;
  const {ctx, scale, dx, dy} = view;
  const [x, y] = anchorOf(page, thing);
  const [toX, toY] = anchorOf(page, {kind: "facility", index: facility});
  ctx.beginPath();
  ctx.moveTo(x * scale + dx, y * scale + dy);
  ctx.lineTo(toX * scale + dx, toY * scale + dy);
  ctx.setLineDash([2, 6]);
  ctx.lineWidth = 2.5;
  ctx.stroke();
}

function firstInside(kind, g, x, y) {
  for (let i = 0; i < g.count; i++) if (contains(g, i, x, y)) return {kind, index: i, level: 0};
  return null;
}

/** The first of some features that holds a place; else the point nearest to it, within a tolerance. */
function topmost(kind, g, near, x, y, tolerance) {
  const inside = near.filter((i) => contains(g, i, x, y)).pop();
  if (inside !== undefined) return {kind, index: inside, level: 0};
  const away = (i) => (g.kinds[i] === 1 ? distance(g, i, x, y) : Infinity);
  const best = near.reduce((one, two) => (one < 0 || away(two) <= away(one) ? two : one), -1);
  return best >= 0 && away(best) <= tolerance ? {kind, index: best, level: 0} : null;
}

/** The point feature nearest to a place, within a tolerance. */
function nearestPoint(kind, g, x, y, tolerance, wanted) {
  /** @type {any} */
  let best = null;
  let least = tolerance;
  for (let i = 0; i < g.count; i++) {
    if (g.kinds[i] !== 1 || (wanted && !wanted(i))) continue;
    const away = distance(g, i, x, y);
    if (away <= least) {
      least = away;
      best = {kind, index: i, level: 0};
    }
  }
  return best;
}
