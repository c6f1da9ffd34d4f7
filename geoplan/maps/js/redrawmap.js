/** How today's communities and the proposals are drawn, and what lies under the pointer. */
import {hatch, inView, trace, traceAll} from "./draw.js";
import {place} from "./labels.js";
import {contains} from "./packed.js";
import {streets, barriers, green} from "./painters.js";
import {anchorOf, chain} from "./redraw.js";
import {colour} from "./style.js";

/** @import {Painter} from "./canvas.js" */
/** @import {RedrawState} from "./redraw.js" */

const UNIT_ZOOM = 14.25;
const NAME_ZOOM = 15.25;
export const ink = {moved: "#b33c00", enclave: "#7b3fa0", today: "#1f4e79", fresh: "#0b4a8f"};

/** @param {any} page @param {RedrawState} state @returns {Painter[]} */
export function makePainters(page, state) {
  const makers = [
    [true, land],
    [page.layers.green, green],
    [page.layers.streets, streets],
    [page.layers.barriers, barriers],
    [true, units],
    [true, enclaves],
    [true, moved],
    [true, boundaries],
    [true, selection],
    [true, names],
  ];
  return makers.filter(([there]) => there).map(([, make]) => make(page, state));
}

const shown = (page, state) => page.alternatives[state.chosen];

function land(page, state) {
  const g = page.units.geometry;
  return {
    draw(view) {
      const {parts} = shown(page, state);
      parts.units.forEach((rows, part) => {
        view.ctx.beginPath();
        for (const i of rows) if (inView(g, i, view.box)) trace(view, g, i);
        if (state.visible.basemap && !state.visible.fill) return;
        view.ctx.globalAlpha = state.visible.basemap ? 0.5 : 1;
        view.ctx.fillStyle = state.visible.fill ? parts.colour[part] : colour.land;
        view.ctx.fill();
      });
    },
    hit(x, y) {
      for (let i = 0; i < g.count; i++) if (contains(g, i, x, y)) return {kind: "unit", index: i, level: 0};
      return null;
    },
  };
}

function units(page, state) {
  return {
    draw(view) {
      if (!state.visible.units || view.zoom < UNIT_ZOOM) return;
      traceAll(view, page.units.geometry);
      view.ctx.globalAlpha = Math.min(0.8, 0.25 + (view.zoom - UNIT_ZOOM) / 2);
      view.ctx.strokeStyle = colour.estate;
      view.ctx.lineWidth = 0.7;
      view.ctx.stroke();
    },
  };
}

function fillHatched(view, g, rows, line, slope) {
  view.ctx.beginPath();
  for (const i of rows) if (inView(g, i, view.box)) trace(view, g, i);
  view.ctx.fillStyle = hatch(view.ctx, line, slope);
  view.ctx.fill();
}

function enclaves(page, state) {
  return {
    draw(view) {
      const rows = shown(page, state).enclaves;
      if (!state.visible.enclaves || !rows.size) return;
      fillHatched(view, page.units.geometry, rows, ink.enclave, -1);
      traceAll(view, page.units.geometry, (i) => rows.has(i));
      view.ctx.strokeStyle = ink.enclave;
      view.ctx.lineWidth = 1.2;
      view.ctx.stroke();
    },
  };
}

function moved(page, state) {
  return {
    draw(view) {
      const {changes, groups} = shown(page, state);
      if (!state.visible.moved || !changes.unit.length) return;
      view.ctx.globalAlpha = 0.6;
      fillHatched(view, page.units.geometry, changes.unit, ink.moved, 1);
      view.ctx.globalAlpha = 1;
      strokeLines(view, page.edges, groups, ink.moved, 1.5, []);
    },
  };
}

function strokeLines(view, {xs, ys}, lines, line, width, dash) {
  const {ctx, scale, dx, dy} = view;
  ctx.beginPath();
  for (const vertices of lines) {
    vertices.forEach((v, k) => (k ? ctx.lineTo(xs[v] * scale + dx, ys[v] * scale + dy) : ctx.moveTo(xs[v] * scale + dx, ys[v] * scale + dy)));
  }
  ctx.lineJoin = "round";
  ctx.lineCap = dash.length ? "butt" : "round";
  ctx.setLineDash(dash);
  ctx.strokeStyle = line;
  ctx.lineWidth = width;
  ctx.stroke();
  ctx.setLineDash([]);
}

function boundaries(page, state) {
  return {
    draw(view) {
      const {lines, left} = shown(page, state);
      strokeLines(view, page.edges, lines, "rgba(255,255,255,0.85)", 5, []);
      strokeLines(view, page.edges, lines, colour.unit, 2.2, []);
      if (state.chosen && state.visible.before) strokeLines(view, page.edges, left, ink.today, 1.8, [5, 4]);
    },
  };
}

function selection(page, state) {
  return {
    draw(view) {
      const thing = state.selected;
      if (!thing) return;
      if (!thing.rim) {
        const inside = new Set(thing.all || [thing.index]);
        thing.rim = chain(page.edges, (a, b) => inside.has(a) !== (b >= 0 && inside.has(b)));
      }
      strokeLines(view, page.edges, thing.rim, "rgba(255,255,255,0.9)", 7, []);
      strokeLines(view, page.edges, thing.rim, colour.selected, 3, []);
    },
  };
}

/** Names of communities with their households; names of estates when near. */
function names(page, state) {
  const widths = new Map();
  const tries = [[0, 0], [0, -24], [0, 24], [0, -44], [0, 44]];
  return {
    draw(view) {
      if (!state.visible.labels) return;
      const {parts} = shown(page, state);
      const taken = [];
      const order = [...parts.units.keys()].sort((a, b) => parts.households[b] - parts.households[a] || a - b);
      for (const i of order) {
        const sub = isNaN(parts.households[i]) ? "" : page.number.whole(parts.households[i]);
        const text = parts.outside[i] ? ink.moved : parts.new[i] ? ink.fresh : colour.text;
        const at = {x: parts.anchors.x[i], y: parts.anchors.y[i]};
        place(view, {text: parts.name(i) || page.text("no_name"), sub, size: 13, weight: 650, ink: text, tries, ...at}, taken, widths);
      }
      if (view.zoom >= NAME_ZOOM) unitNames(page, state, view, taken, widths);
    },
  };
}

function unitNames(page, state, view, taken, widths) {
  const {geometry: g, name} = page.units;
  const {changeOf} = shown(page, state);
  for (let i = 0; i < g.count; i++) {
    if (!name(i) || !inView(g, i, view.box)) continue;
    const [x, y] = anchorOf(page, {kind: "unit", index: i});
    place(view, {text: name(i), sub: "", size: 11, weight: 400, x, y, ink: changeOf.has(i) ? ink.moved : "#6b6459"}, taken, widths);
  }
}
