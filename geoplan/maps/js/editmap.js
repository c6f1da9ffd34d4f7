/** How a plan looks while it is edited, and how units are chosen on the map. */
import {hatch, inView, trace, traceAll} from "./draw.js";
import {place} from "./labels.js";
import {barriers, green, mark, streets} from "./painters.js";
import {ink} from "./redrawmap.js";
import {colour} from "./style.js";

/** @import {Painter, View} from "./canvas.js" */
/** @import {Editor} from "./editstate.js" */

const UNIT_ZOOM = 13;
const NAME_ZOOM = 15.25;
const TOUCH_PIXELS = 9;
const BRUSH_STEP = 6; // pixels between two looks along the brush's way
const MOST_STEPS = 200;
const NEAR = 3; // places of a name that are near enough to tell whose it is
const MARK = 7; // radius of a site's mark, pixels
const CHOSEN = "#e0007a";

/** Painters that draw while there is an editor. @param {any} page @param {any} state @returns {Painter[]} */
export function editPainters(page, state) {
  const while_ = (draw) => ({draw: (view) => state.editor && draw(view, state.editor)});
  const {layers} = page;
  const ground = [layers.green && green(page, state), layers.streets && streets(page, state), layers.barriers && barriers(page, state)];
  return [
    while_(land),
    ...ground.filter(Boolean).map((painter) => while_((view) => painter.draw(view))),
    while_(units),
    while_(moved),
    while_(detached),
    while_(boundaries),
    while_(chosen),
    while_(centres),
    while_(names),
  ];
}

/** @param {View} view @param {Editor} editor */
function land(view, editor) {
  const {session, lands} = editor;
  const {ctx, scale, dx, dy} = view;
  const [x, y] = lands.origin;
  ctx.translate(x * scale + dx, y * scale + dy);
  ctx.scale(scale, scale);
  for (const slot of session.slots()) {
    ctx.fillStyle = editor.colour(slot);
    ctx.fill(lands.path(session.parts[slot], session.of), "evenodd");
  }
}

function units(view, editor) {
  if (view.zoom < UNIT_ZOOM) return;
  traceAll(view, editor.page.units.geometry);
  view.ctx.globalAlpha = 0.6;
  view.ctx.strokeStyle = colour.estate;
  view.ctx.lineWidth = 0.7;
  view.ctx.stroke();
}

/** @param {View} view @param {Editor} editor @param {(unit: number) => boolean} wanted */
function hatched(view, editor, wanted, line, slope) {
  const g = editor.page.units.geometry;
  view.ctx.beginPath();
  let some = false;
  for (let i = 0; i < g.count; i++) {
    if (!wanted(i) || !inView(g, i, view.box)) continue;
    trace(view, g, i);
    some = true;
  }
  if (!some) return;
  view.ctx.fillStyle = hatch(view.ctx, line, slope);
  view.ctx.fill();
}

function moved(view, editor) {
  view.ctx.globalAlpha = 0.6;
  hatched(view, editor, (unit) => editor.session.hasMoved(unit), ink.moved, 1);
}

function detached(view, editor) {
  const rows = new Set(editor.session.slots().flatMap((slot) => editor.session.parts[slot].detached));
  if (rows.size) hatched(view, editor, (unit) => rows.has(unit), ink.enclave, -1);
}

function boundaries(view, editor) {
  const {edges} = editor.page;
  const {of} = editor.session;
  const {ctx, scale, dx, dy} = view;
  ctx.beginPath();
  for (let e = 0; e < edges.a.length; e++) {
    if (edges.b[e] >= 0 && of[edges.a[e]] === of[edges.b[e]]) continue;
    ctx.moveTo(edges.xs[edges.from[e]] * scale + dx, edges.ys[edges.from[e]] * scale + dy);
    ctx.lineTo(edges.xs[edges.to[e]] * scale + dx, edges.ys[edges.to[e]] * scale + dy);
  }
  ctx.lineCap = "round";
  for (const [line, width] of [["rgba(255,255,255,0.85)", 5], [colour.unit, 2.2]]) {
    ctx.strokeStyle = /** @type {string} */ (line);
    ctx.lineWidth = Number(width);
    ctx.stroke();
  }
}

function chosen(view, editor) {
  if (!editor.chosen.size) return;
  const {ctx} = view;
  traceAll(view, editor.page.units.geometry, (unit) => editor.chosen.has(unit));
  ctx.fillStyle = "rgba(224, 0, 122, 0.25)";
  ctx.fill();
  ctx.strokeStyle = "rgba(255, 255, 255, 0.9)";
  ctx.lineWidth = 5;
  ctx.stroke();
  ctx.strokeStyle = CHOSEN;
  ctx.lineWidth = 2.5;
  ctx.stroke();
}

/** Open centres full, candidate sites and closed centres hollow. */
function centres(view, editor) {
  const {plan, session, places} = editor;
  plan.sites.forEach((site, k) => {
    if (site.unit < 0) return;
    const [x, y] = places[k];
    siteMark(view.ctx, x * view.scale + view.dx, y * view.scale + view.dy, session.open[k]);
  });
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {boolean} open */
export function siteMark(ctx, x, y, open) {
  const look = open ? {fill: colour.centre, ink: "#ffffff"} : {fill: "#ffffff", ink: colour.centre};
  mark(ctx, x, y, {radius: MARK, sides: 5, sign: "", ...look});
}

/** Room that a site's mark takes. @param {View} view @param {number[]} place */
function markBox(view, [x, y]) {
  const at = [x * view.scale + view.dx, y * view.scale + view.dy];
  return [at[0] - MARK - 2, at[1] - MARK - 2, at[0] + MARK + 2, at[1] + MARK + 2];
}

function names(view, editor) {
  const {session, page, plan, places} = editor;
  const widths = new Map();
  const marks = plan.sites.flatMap((site, k) => (site.unit < 0 ? [] : [markBox(view, places[k])]));
  /** @type {number[][]} */
  const taken = [];
  const tries = [[0, 0], [0, -24], [0, 24], [0, -44], [0, 44]];
  const {lower, upper} = plan;
  for (const slot of session.slots().sort((a, b) => session.parts[b].households - session.parts[a].households || a - b)) {
    const {name, id, households, locked} = session.figures(slot);
    const [x, y] = editor.anchor(slot);
    const text = households < lower || households > upper ? ink.moved : colour.text;
    const label = {text: name || id, sub: page.number.whole(households) + (locked ? ` · ${editor.text("locked")}` : ""), size: 13, weight: 650, ink: text, tries, x, y};
    const beside = place(view, {...label, tries: tries.slice(0, NEAR)}, [...marks, ...taken], widths);
    if (beside) taken.push(beside);
    else place(view, label, taken, widths); // better over a centre than far away or not at all
  }
  if (view.zoom < NAME_ZOOM) return;
  for (let i = 0; i < editor.unitNames.length; i++) {
    if (!editor.unitNames[i] || !inView(page.units.geometry, i, view.box)) continue;
    const [x, y] = editor.middle[i];
    place(view, {text: editor.unitNames[i], sub: "", size: 11, weight: 400, x, y, ink: "#6b6459"}, taken, widths);
  }
}

/** Brush and box on the map; gives back what ends it. @param {any} view @param {Editor} editor @returns {() => void} */
export function watchPointer(view, editor) {
  const {map, canvas} = view;
  const box = map.getContainer();
  const frame = document.createElement("div");
  frame.className = "gp-box";
  /** @type {any} where the pointer went down, or was last while brushing */
  let start = null;
  const onMap = (event) => !event.target.closest(".gp-side, .leaflet-control, .leaflet-popup");
  const unitAt = (point) => {
    const thing = canvas.hit(map.containerPointToLatLng(point), TOUCH_PIXELS);
    return thing && thing.kind === "unit" ? [thing.index] : [];
  };
  // A quick hand leaves gaps between two events: what lies on the way is brushed, too.
  const brush = (to) => {
    const steps = Math.min(MOST_STEPS, Math.max(1, Math.ceil(start.distanceTo(to) / BRUSH_STEP)));
    const units = [];
    for (let k = 1; k <= steps; k++) units.push(...unitAt(start.add(to.subtract(start).multiplyBy(k / steps))));
    start = to;
    if (units.some((unit) => !editor.chosen.has(unit))) editor.choose(units, true);
  };
  const down = (event) => {
    if (editor.tool === "click" || event.button > 0 || !onMap(event)) return;
    start = map.mouseEventToContainerPoint(event);
    box.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (editor.tool === "brush") brush(start);
    else {
      box.append(frame);
      drawFrame(start, start);
    }
  };
  const drawFrame = (one, two) => {
    frame.style.left = `${Math.min(one.x, two.x)}px`;
    frame.style.top = `${Math.min(one.y, two.y)}px`;
    frame.style.width = `${Math.abs(one.x - two.x)}px`;
    frame.style.height = `${Math.abs(one.y - two.y)}px`;
  };
  const move = (event) => {
    if (!start) return;
    const at = map.mouseEventToContainerPoint(event);
    if (editor.tool === "brush") brush(at);
    else drawFrame(start, at);
  };
  const up = (event) => {
    if (!start) return;
    if (editor.tool === "box" && event.type === "pointerup") editor.choose(inBox(view, editor, start, map.mouseEventToContainerPoint(event)), true);
    start = null;
    frame.remove();
  };
  const events = {pointerdown: down, pointermove: move, pointerup: up, pointercancel: up};
  for (const [name, run] of Object.entries(events)) box.addEventListener(name, run, true);
  map.boxZoom.disable();
  map.doubleClickZoom.disable();
  return () => {
    for (const [name, run] of Object.entries(events)) box.removeEventListener(name, run, true);
    frame.remove();
    map.boxZoom.enable();
    map.doubleClickZoom.enable();
    map.dragging.enable();
  };
}

/** Units whose middle lies between two corners of the map. */
function inBox({map}, editor, one, two) {
  const corners = [one, two].map((point) => map.project(map.containerPointToLatLng(point), 0));
  const [west, east] = corners.map((corner) => corner.x).sort((a, b) => a - b);
  const [north, south] = corners.map((corner) => corner.y).sort((a, b) => a - b);
  return editor.middle.flatMap(([x, y], unit) => (x >= west && x <= east && y >= north && y <= south ? [unit] : []));
}
