/** Entry: a packed layer for any Leaflet map, with its legend, hover text, names and popups. */
import {CanvasLayer} from "./canvas.js";
import {groupsInView, makeFiller} from "./fills.js";
import {extent, makeGrid} from "./grid.js";
import {place} from "./labels.js";
import {fill} from "./model.js";
import {POLYGON, contains, distance, geometry, lineDistance, numbers, readSource, words} from "./packed.js";
import {element, nameNode, rows} from "./popup.js";
import {drawn} from "./panel.js";
import {classify} from "./theme.js";
import {hatching, inView} from "./draw.js";

/** @import {Painter} from "./canvas.js" */
/** @import {Paint} from "./fills.js" */

const TOUCH_PIXELS = 6;

/** @param {HTMLElement} source holds the layer's data @returns {any} a Leaflet layer */
export function packedLayer(source) {
  const data = readSource(source);
  source.remove();
  return new PackedLayer(readLayer(data));
}

/** @param {any} data what geoplan/maps/packedlayer.py wrote */
export function readLayer(data) {
  const layer = Object.assign({}, data, {geometry: geometry(data.geometry, data.origin)});
  const shown = new Intl.NumberFormat(data.language, {maximumFractionDigits: 6});
  layer.show = (value) => shown.format(value);
  layer.columns = data.columns.map(({name, numbers: n, words: w}) => ({name, ...(n ? {numbers: numbers(n)} : {text: words(w)})}));
  layer.value = (column, row) => {
    const {numbers: n, text} = layer.columns[column];
    if (text) return text(row);
    return isNaN(n[row]) ? "" : layer.show(n[row]);
  };
  layer.theme = classify(data.style.fill, layer.columns, layer.geometry.count, data.strings, layer.show);
  layer.grid = makeGrid(layer.geometry);
  return layer;
}

/** @type {any} */
const PackedLayer = CanvasLayer.extend({
  initialize(layer) {
    this.layer = layer;
    this.selected = -1;
    CanvasLayer.prototype.initialize.call(this, [features(layer), rim(this), labels(layer)]);
  },

  onAdd(map) {
    CanvasLayer.prototype.onAdd.call(this, map);
    this._legend = legend(this.layer);
    if (this._legend) this._legend.addTo(map);
    map.on("click", this._click, this);
    if (this.layer.tooltip.length) map.on("mousemove", this._hover, this).on("mouseout movestart", this._leave, this);
  },

  onRemove(map) {
    CanvasLayer.prototype.onRemove.call(this);
    if (this._legend) this._legend.remove();
    map.off("click", this._click, this).off("mousemove", this._hover, this).off("mouseout movestart", this._leave, this);
    this._leave();
    if (this._popup_) this._popup_.remove();
  },

  getBounds() {
    const [west, north, east, south] = extent(this.layer.geometry);
    const at = (x, y) => L.CRS.EPSG3857.pointToLatLng(L.point(x, y), 0);
    return L.latLngBounds(at(west, south), at(east, north));
  },

  /** The row at a place of the map; -1 where there is none. */
  rowAt(latlng) {
    const found = this.hit(latlng, TOUCH_PIXELS);
    return found ? found.index : -1;
  },

  _click(event) {
    const row = this.rowAt(event.latlng);
    if (row < 0 || !this.layer.shown.length) return;
    const {value, columns, shown} = this.layer;
    const body = element("div", "gp-packed gp-popup-body", rows(shown.map((c) => [columns[c].name, value(c, row)])));
    this.selected = row;
    this.redraw();
    const popup = L.popup({className: "gp-popup", maxHeight: 300}).setLatLng(event.latlng).setContent(body);
    popup.on("remove", () => {
      if (this._popup_ !== popup) return;
      this.selected = -1;
      this.redraw();
    });
    this._popup_ = popup;
    popup.openOn(this._map);
  },

  _hover(event) {
    if (this._waiting) return;
    this._waiting = requestAnimationFrame(() => {
      this._waiting = 0;
      if (!this._map) return;
      const row = this.rowAt(event.latlng);
      if (row < 0) return this._leave();
      const {value, tooltip} = this.layer;
      if (!this._tip) this._tip = L.tooltip({className: "gp-packed gp-tip", direction: "top", offset: [0, -8]});
      if (row !== this._over) this._tip.setContent(element("div", "", tooltip.map((c) => element("div", "", nameNode(value(c, row))))));
      this._over = row;
      this._tip.setLatLng(event.latlng).addTo(this._map);
    });
  },

  _leave() {
    cancelAnimationFrame(this._waiting);
    this._waiting = 0;
    this._over = -1;
    if (this._tip) this._tip.remove();
  },
});

/** @returns {Painter} */
function features(layer) {
  const {geometry: g, style, theme} = layer;
  const fillAll = makeFiller();
  /** @type {Paint[]} */
  const paints = theme.classes.map((kind) => ({
    fill: style.fill ? kind.fill : null,
    line: style.line,
    width: style.width,
    radius: style.radius,
    hatch: style.hatched ? kind.hatch : 0,
  }));
  return {
    draw(view) {
      const groups = groupsInView(view, g, theme.of, paints.length);
      view.ctx.globalAlpha = style.opacity;
      fillAll(view, g, groups, paints);
    },
    hit(x, y, tolerance) {
      for (const i of layer.grid.near(x, y, tolerance)) {
        const kind = g.kinds[i];
        const there = kind === POLYGON ? contains(g, i, x, y) : (kind === 1 ? distance : lineDistance)(g, i, x, y) <= tolerance;
        if (there) return {kind: "feature", index: i};
      }
      return null;
    },
  };
}

/** A rim around what was touched. @returns {Painter} */
function rim(owner) {
  const fillAll = makeFiller();
  return {
    draw(view) {
      if (owner.selected < 0) return;
      const paint = {fill: null, radius: owner.layer.style.radius + 4, hatch: 0};
      fillAll(view, owner.layer.geometry, [[owner.selected]], [{...paint, line: "#ffffff", width: 6}]);
      fillAll(view, owner.layer.geometry, [[owner.selected]], [{...paint, line: "#e0007a", width: 3}]);
    },
  };
}

/** Names of what is large enough to bear one. @returns {Painter} */
function labels(layer) {
  const {geometry: g, style} = layer;
  const widths = new Map();
  return {
    draw(view) {
      if (style.label === null) return;
      /** @type {number[][]} */
      const taken = [];
      for (let i = 0; i < g.count; i++) {
        if (!inView(g, i, view.box)) continue;
        const at = 4 * i;
        const wide = (g.boxes[at + 2] - g.boxes[at]) * view.scale;
        const text = layer.value(style.label, i);
        if (!text || (g.kinds[i] !== 1 && wide < 5 * Math.min(text.length, 18))) continue;
        const [x, y] = [(g.boxes[at] + g.boxes[at + 2]) / 2, (g.boxes[at + 1] + g.boxes[at + 3]) / 2];
        const tries = g.kinds[i] === 1 ? [[0, style.radius + 9]] : [[0, 0]];
        place(view, {text, sub: "", size: 12, weight: 500, x, y, ink: "#26221c", tries}, taken, widths);
        if (taken.length > 400) return;
      }
    },
  };
}

/** What the classes mean, in a corner of the map. */
function legend(layer) {
  const {theme, style, strings} = layer;
  if (!style.legend) return null;
  const control = new L.Control({position: "bottomleft"});
  control.onAdd = () => {
    const list = theme.classes.filter((kind) => kind.rows).map((kind) => element("li", "", [
      swatch(kind, style),
      nameNode(kind.label || layer.name),
      element("span", "gp-amount", fill(strings.rows, {count: layer.show(kind.rows)})),
    ]));
    const title = element("h3", "", nameNode(layer.name));
    const box = element("section", "gp-packed gp-key", [title, element("ul", "gp-classes", list)]);
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    return box;
  };
  return control;
}

function swatch(kind, style) {
  return drawn((ctx) => {
    ctx.beginPath();
    ctx.rect(2, 4, 22, 14);
    ctx.globalAlpha = style.opacity;
    ctx.fillStyle = kind.fill;
    ctx.fill();
    if (style.hatched && kind.hatch) {
      ctx.fillStyle = hatching(ctx, kind.hatch);
      ctx.fill();
    }
    ctx.strokeStyle = style.line || kind.fill;
    ctx.stroke();
  });
}
