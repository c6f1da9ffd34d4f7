/**
 * One canvas under Leaflet's own layers, drawn anew whenever the map moves.
 *
 * @typedef {Object} View          what a painter needs
 * @property {CanvasRenderingContext2D} ctx
 * @property {number} zoom
 * @property {number} scale        pixels a world unit
 * @property {number} dx           added to x * scale
 * @property {number} dy
 * @property {number[]} box        visible west, north, east, south in world units
 * @property {number} width        of the canvas in pixels
 * @property {number} height
 * @property {number} ratio        pixels of the screen to one of these
 * @property {number} margin       pixels drawn beyond the map's edge
 *
 * @typedef {Object} Painter
 * @property {(view: View) => void} draw
 * @property {(x: number, y: number, tolerance: number) => any} [hit]  world x, y and tolerance; what lies there
 */
const MARGIN = 120; // pixels drawn beyond the map's edge, so that dragging shows no gap
const PANE = "geoplan";

/** @type {any} */
export const CanvasLayer = L.Layer.extend({
  /** @param {Painter[]} painters the lowest first */
  initialize(painters) {
    this._painters = painters;
    this._frame = 0;
  },

  onAdd(map) {
    const pane = map.getPane(PANE) || map.createPane(PANE);
    pane.style.zIndex = "350";
    pane.style.pointerEvents = "none";
    this._canvas = L.DomUtil.create("canvas", "gp-canvas leaflet-zoom-animated", pane);
    this._canvas.setAttribute("aria-hidden", "true");
    this._draw();
  },

  onRemove() {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
    this._canvas.remove();
  },

  getEvents() {
    return {
      move: this._follow,
      moveend: this.redraw,
      zoom: this.redraw,
      viewreset: this.redraw,
      resize: this.redraw,
      zoomanim: this._animate,
    };
  },

  /** Draw at the next frame. */
  redraw() {
    if (this._frame || !this._map) return;
    this._frame = requestAnimationFrame(() => {
      this._frame = 0;
      if (this._map) this._draw();
    });
  },

  /** While the map is dragged the picture goes along; it is drawn anew once its margin is used up. */
  _follow() {
    const away = this._map.containerPointToLayerPoint([-MARGIN, -MARGIN]).distanceTo(L.DomUtil.getPosition(this._canvas));
    if (this._map.getZoom() !== this._zoom || away > 0.8 * MARGIN) this.redraw();
  },

  /** The topmost thing at a point of the map, or null. @param {L.LatLng} latlng @param {number} pixels tolerance */
  hit(latlng, pixels) {
    const point = this._map.project(latlng, 0);
    const tolerance = pixels / this._map.getZoomScale(this._map.getZoom(), 0);
    for (let i = this._painters.length - 1; i >= 0; i--) {
      const painter = this._painters[i];
      const found = painter.hit && painter.hit(point.x, point.y, tolerance);
      if (found) return found;
    }
    return null;
  },

  _draw() {
    const view = this._place();
    for (const painter of this._painters) {
      view.ctx.save();
      painter.draw(view);
      view.ctx.restore();
    }
  },

  /** Lay the canvas over the map and clear it. @returns {View} */
  _place() {
    const map = this._map;
    const size = map.getSize().add([2 * MARGIN, 2 * MARGIN]);
    const corner = map.containerPointToLayerPoint([-MARGIN, -MARGIN]);
    const ratio = window.devicePixelRatio || 1;
    const canvas = this._canvas;
    if (canvas.width !== Math.round(size.x * ratio) || canvas.height !== Math.round(size.y * ratio)) {
      canvas.width = Math.round(size.x * ratio);
      canvas.height = Math.round(size.y * ratio);
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
    }
    L.DomUtil.setPosition(canvas, corner);
    this._centre = map.getCenter();
    this._zoom = map.getZoom();
    this._size = size;
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, size.x, size.y);
    const scale = map.getZoomScale(this._zoom, 0);
    const origin = map.getPixelOrigin().add(corner);
    const box = [origin.x / scale, origin.y / scale, (origin.x + size.x) / scale, (origin.y + size.y) / scale];
    return {ctx, zoom: this._zoom, scale, dx: -origin.x, dy: -origin.y, box, width: size.x, height: size.y, margin: MARGIN, ratio};
  },

  /** Stretch the picture along with Leaflet's zoom animation; it is drawn sharp at the end. */
  _animate(event) {
    const map = this._map;
    const scale = map.getZoomScale(event.zoom, this._zoom);
    const half = this._size.divideBy(2);
    const pane = L.DomUtil.getPosition(map.getPane("mapPane"));
    const origin = map.project(event.center, event.zoom).subtract(map.getSize().divideBy(2)).add(pane).round();
    const corner = map.project(this._centre, event.zoom).subtract(half.multiplyBy(scale)).subtract(origin);
    L.DomUtil.setTransform(this._canvas, corner, scale);
  },
});
