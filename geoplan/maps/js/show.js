/**
 * Puts a page together: data, canvas, panel, search, popups. What differs between pages is their `Kind`.
 *
 * @typedef {Object} Kind
 * @property {(data: any) => any} read                         unpack what Python wrote
 * @property {(page: any) => any} start                        what the reader sees first
 * @property {(page: any, state: any) => Painter[]} painters   the lowest first
 * @property {(page: any, state: any, actions: Actions, id: string) => {panel: HTMLElement, refresh: () => void}} panel
 * @property {(page: any, state: any, thing: any, go: (thing: any) => void) => HTMLElement} content  of a popup
 * @property {(view: any, thing: any) => any} [arrive]         the thing to select where another was asked for
 * @property {(page: any, thing: any) => Geometry} geometryOf
 * @property {(page: any, thing: any) => number[]} anchorOf    world x and y
 * @property {(page: any, state: any) => Sheet[]} [sheets]    tables beside the map
 * @property {(thing: any) => boolean} stays                   whether it stays selected when the reader switches
 * @property {(thing: any) => boolean} atPointer               whether its popup stands where it was touched
 * @property {(view: any, thing: any) => boolean} [click]      whether the page itself does what a click means
 * @property {(view: any) => {title: string, lines: string[], brief: string}|null} [told]  what a sheet says in place of the panel's answer
 * @property {(state: any) => any[]|null} [searched]  what is searched in place of the page's own entries
 * @property {(view: any) => void} [ready]                     called once the page stands
 *
 * @typedef {Object} Actions
 * @property {() => void} changed  draw anew
 * @property {(thing: any) => void} go  select and move there
 */
import {CanvasLayer} from "./canvas.js";
import {toGcj02} from "./datum.js";
import {makeDensity} from "./density.js";
import {box as boxOf, readSource} from "./packed.js";
import {element} from "./popup.js";
import {makeSearch} from "./search.js";
import {makeTable} from "./table.js";
import {addTools} from "./tools.js";

/** @import {Painter} from "./canvas.js" */
/** @import {Geometry} from "./packed.js" */
/** @import {Sheet} from "./table.js" */

const NARROW = 640; // pixels; below it the panel lies at the bottom and folds
const LEAST_MAP = 240; // pixels of a narrow page that the panel leaves to search and map
const TOUCH_PIXELS = 9;
const CLOSEST = 17;

const known = /** @type {any} */ (globalThis).geoplan;

/** Every page shown in this window, whichever script showed it. @type {any[]} */
export const views = known && known.views ? known.views : [];

/**
 * @param {L.Map} map
 * @param {HTMLElement} source holds the page's data
 * @param {Kind} kind
 */
export function show(map, source, kind) {
  const data = readSource(source);
  source.remove();
  if (data.basemap && data.basemap.shift) shiftDisplay(data);
  const page = kind.read(data);
  const state = kind.start(page);
  const points = (page.layers.points || []).map((layer, k) => makeDensity(layer, () => state.visible[`points${k}`]));
  points.forEach((_, k) => (state.visible[`points${k}`] = true));
  const painters = kind.painters(page, state);
  painters.splice(painters.length - 1, 0, ...points); // below the names
  const canvas = new CanvasLayer(painters);
  /** @type {any} */
  const view = {map, kind, page, state, canvas, popup: null};
  const go = (thing) => select(view, thing, {move: true});
  if (page.basemap) state.visible.basemap = true;
  const panel = kind.panel(page, state, {changed: () => changed(view), go}, source.id);
  const search = makeSearch(page, go, source.id, () => (kind.searched ? kind.searched(state) : null));
  const said = element("p", "gp-hidden");
  said.setAttribute("role", "status");
  const side = element("div", "gp-side", [search, panel.panel, said]);
  view.said = said;
  view.refresh = panel.refresh;
  view.side = side;
  view.changed = () => changed(view);
  view.select = (thing, options) => select(view, thing, options || {});

  const box = map.getContainer();
  box.classList.add("gp-map");
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", page.text("map"));
  box.prepend(side);
  L.DomEvent.disableClickPropagation(side);
  L.DomEvent.disableScrollPropagation(side);
  view.fit = () => fitWidth(view);
  view.fit();
  map.on("resize", view.fit);
  view.padding = () => padding(view);
  view.refit = () => refit(view);
  side.addEventListener("gp-lowered", () => {
    view.fit();
    view.refit();
  });

  addControls(map, page);
  const sheets = kind.sheets ? kind.sheets(page, state).filter((sheet) => sheet.count) : [];
  if (sheets.length && page.strings.tool_table) view.table = makeTable(view, sheets);
  if (view.table) box.append(view.table.element);
  if (page.strings.tool_print) addTools(view, view.table);
  map.fitBounds(page.bounds, Object.assign({animate: false}, padding(view)));
  state.firstZoom = map.getZoom();
  fitWhenTurned(view);
  if (page.basemap) view.followBasemap = addBasemap(view);
  canvas.addTo(map);
  box.addEventListener("keydown", (event) => event.key === "Escape" && select(view, null, {}));
  map.on("click", (event) => {
    if (view.busy) return;
    const thing = canvas.hit(event.latlng, TOUCH_PIXELS);
    if (kind.click && kind.click(view, thing)) return;
    if (thing) select(view, thing, {at: event.latlng});
    else select(view, null, {});
  });
  views.push(view);
  if (kind.ready) kind.ready(view);
  return view;
}

/** Show the whole town in the room that the panel leaves now, unless the reader has gone nearer. */
function refit({map, page, state, padding: room}) {
  if (map.getZoom() > state.firstZoom) return;
  map.fitBounds(page.bounds, {animate: false, ...room()});
  state.firstZoom = map.getZoom();
}

/** A phone that is turned shows the whole town again. */
function fitWhenTurned({map, refit: again}) {
  const upright = () => map.getSize().x < map.getSize().y;
  let before = upright();
  map.on("resize", () => {
    if (upright() === before) return;
    before = upright();
    again();
  });
}

/** Everything is shown in the basemap's datum; the data stay as they are. */
function shiftDisplay(data) {
  data.origin = [...data.origin, "gcj02"];
  data.bounds = data.bounds.map(([latitude, longitude]) => toGcj02(longitude, latitude).reverse());
}

/** Tiles under everything, if the page has a basemap; without a network they stay blank and nothing else changes. */
function addBasemap({map, page, state}) {
  const {tiles, subdomains, max_zoom: maxNativeZoom} = page.basemap;
  const group = L.layerGroup(tiles.map((address) => L.tileLayer(address, {subdomains, maxNativeZoom, maxZoom: 20})));
  const follow = () => (state.visible.basemap ? group.addTo(map) : group.remove());
  follow();
  return follow;
}

function addControls(map, page) {
  const {text} = page;
  L.control.zoom({position: "topright", zoomInTitle: text("zoom_in"), zoomOutTitle: text("zoom_out")}).addTo(map);
  L.control.scale({position: "bottomright", imperial: false, maxWidth: 120}).addTo(map);
  const credits = page.notices.filter((notice) => notice.credit);
  if (page.basemap) credits.push({text: page.basemap.attribution}, {text: page.text("basemap_needs", {name: page.basemap.name})});
  if (!credits.length) return;
  const control = new L.Control({position: "bottomright"});
  control.onAdd = () => element("div", "gp-credit", credits.map((notice) => element("bdi", "", notice.text)));
  control.addTo(map);
}

/** Fit the panel to the page, and the page's corners to the panel. @param {{map: L.Map, side: HTMLElement}} view */
export function fitWidth({map, side}) {
  const box = map.getContainer();
  box.classList.toggle("gp-narrow", box.clientWidth < NARROW);
  // Scale and credits stand above the folded panel.
  box.style.setProperty("--gp-sheet", `${/** @type {HTMLElement} */ (side.querySelector(".gp-panel:not([hidden]) .gp-main")).offsetHeight + 32}px`);
}

/**
 * Room that the panel takes from the map.
 * @returns {{paddingTopLeft: L.PointTuple, paddingBottomRight: L.PointTuple}}
 */
function padding({map, side}) {
  const box = map.getContainer();
  if (box.classList.contains("gp-narrow")) {
    const panel = /** @type {HTMLElement} */ (side.querySelector(".gp-panel:not([hidden])"));
    return {paddingTopLeft: [12, 64], paddingBottomRight: [60, Math.min(panel.offsetHeight, box.clientHeight - LEAST_MAP) + 12]};
  }
  const table = box.querySelector(".gp-table:not([hidden])");
  if (table && box.classList.contains("gp-editing")) {
    return {paddingTopLeft: [side.offsetWidth + 28, 28], paddingBottomRight: [56, /** @type {HTMLElement} */ (table).offsetHeight + 24]};
  }
  const right = table ? /** @type {HTMLElement} */ (table).offsetWidth + 80 : 56;
  return {paddingTopLeft: [side.offsetWidth + 28, 28], paddingBottomRight: [right, 36]};
}

function changed(view) {
  const {selected} = view.state;
  if (selected && !view.kind.stays(selected)) select(view, null, {});
  else if (view.popup && view.popup.isOpen()) fillPopup(view);
  if (view.table) view.table.refresh();
  if (view.placeSwipe) view.placeSwipe();
  if (view.followBasemap) view.followBasemap();
  view.canvas.redraw();
}

/**
 * Mark a thing and say what is known about it; null marks nothing.
 * @param {any} view @param {any} wanted @param {{move?: boolean, at?: L.LatLng}} options
 */
function select(view, wanted, options) {
  const {map, kind, page, state, canvas} = view;
  if (view.popup) view.popup.remove();
  const thing = kind.arrive ? kind.arrive(view, wanted) : wanted;
  state.selected = thing;
  canvas.redraw();
  if (view.table) view.table.refresh();
  if (!thing) return;
  if (options.move) map.fitBounds(boundsOf(view, thing), Object.assign({maxZoom: CLOSEST, animate: false}, padding(view)));
  const [x, y] = kind.anchorOf(page, thing);
  const at = kind.atPointer(thing) ? options.at : null;
  view.popup = L.popup(popupOptions(view)).setLatLng(at || map.unproject(L.point(x, y), 0));
  const body = fillPopup(view);
  view.said.textContent = Array.from(body.querySelectorAll(".gp-popup-head > *"), (node) => node.textContent).join(" ");
  view.popup.on("remove", () => {
    if (state.selected !== thing) return;
    state.selected = null;
    canvas.redraw();
  });
  view.popup.openOn(map);
  const close = view.popup.getElement().querySelector(".leaflet-popup-close-button");
  if (close) {
    close.setAttribute("aria-label", page.text("close"));
    close.removeAttribute("href");
    close.tabIndex = 0;
    close.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && view.popup.remove());
  }
}

function popupOptions(view) {
  const {paddingTopLeft, paddingBottomRight} = padding(view);
  const width = Math.min(300, view.map.getContainer().clientWidth - 40);
  return {
    className: "gp-popup",
    minWidth: Math.min(220, width),
    maxWidth: width,
    maxHeight: Math.max(160, Math.round(view.map.getContainer().clientHeight * 0.45)),
    autoPanPaddingTopLeft: paddingTopLeft,
    autoPanPaddingBottomRight: paddingBottomRight,
  };
}

function fillPopup(view) {
  const {page, state, popup} = view;
  const body = view.kind.content(page, state, state.selected, (thing) => select(view, thing, {move: true}));
  popup.setContent(body);
  return body;
}

/** Bounds of a thing and of everything that belongs to it. */
function boundsOf({map, kind, page}, thing) {
  const g = kind.geometryOf(page, thing);
  const bounds = L.latLngBounds([]);
  for (const i of thing.all || [thing.index]) {
    const [west, north, east, south] = boxOf(g, i);
    bounds.extend(map.unproject(L.point(west, south), 0)).extend(map.unproject(L.point(east, north), 0));
  }
  return bounds;
}
