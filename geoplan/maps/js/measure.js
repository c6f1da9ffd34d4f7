/** Measuring by points: length of the way and, from three points on, the area within. */
import {element} from "./popup.js";

const RADIUS_M = 6371008.8;

/** Metres between two places. @param {L.LatLng} a @param {L.LatLng} b */
export function metresBetween(a, b) {
  const rad = Math.PI / 180;
  const [dLat, dLng] = [(b.lat - a.lat) * rad, (b.lng - a.lng) * rad];
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dLng / 2) ** 2;
  return 2 * RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Square metres within a ring. @param {L.LatLng[]} ring */
export function squareMetres(ring) {
  const rad = Math.PI / 180;
  let sum = 0;
  ring.forEach((a, i) => {
    const b = ring[(i + 1) % ring.length];
    sum += (b.lng - a.lng) * rad * (2 + Math.sin(a.lat * rad) + Math.sin(b.lat * rad));
  });
  return Math.abs((sum * RADIUS_M * RADIUS_M) / 2);
}

/** Length of a way through places. @param {L.LatLng[]} points */
export function wayLength(points) {
  return points.slice(1).reduce((sum, point, i) => sum + metresBetween(points[i], point), 0);
}

/**
 * @param {any} view
 * @returns {{toggle: () => void, active: () => boolean}}
 */
export function makeMeasure(view) {
  const {map, page} = view;
  /** @type {L.LatLng[]} */
  let points = [];
  let on = false;
  const line = L.polyline([], {color: "#e0007a", weight: 3, interactive: false});
  const dots = L.layerGroup();
  const told = element("p", "gp-measured");
  told.setAttribute("role", "status");
  const cross = element("div", "gp-cross");
  cross.setAttribute("aria-hidden", "true");
  const box = element("div", "gp-measure", [told]);
  box.hidden = true;
  map.getContainer().append(box, cross);
  cross.hidden = true;

  function say() {
    const {whole, tenth} = page.number;
    const length = wayLength(points);
    const parts = [points.length < 2 ? page.text("measure_hint") : page.text("metres_long", {metres: whole(length)})];
    if (points.length > 2) {
      const area = squareMetres(points);
      parts.push(area < 10000 ? page.text("square_metres_large", {area: whole(area)}) : page.text("hectares_large", {area: tenth(area / 10000)}));
    }
    told.textContent = parts.join(" · ");
  }

  function add(latlng) {
    points.push(latlng);
    line.setLatLngs(points);
    L.circleMarker(latlng, {radius: 4, color: "#e0007a", fillColor: "#ffffff", fillOpacity: 1, weight: 2, interactive: false}).addTo(dots);
    say();
  }

  function keys(event) {
    if (event.key === "Escape") toggle();
    else if (event.key === "Enter" && event.target === map.getContainer()) add(map.getCenter());
    else return;
    event.stopPropagation();
  }

  function toggle() {
    on = !on;
    points = [];
    line.setLatLngs([]);
    dots.clearLayers();
    box.hidden = cross.hidden = !on;
    map.getContainer().classList.toggle("gp-measuring", on);
    view.busy = on ? "measure" : null;
    if (on) {
      line.addTo(map);
      dots.addTo(map);
      map.doubleClickZoom.disable();
      map.on("click", click);
      map.getContainer().addEventListener("keydown", keys, true);
      map.getContainer().focus();
      say();
    } else {
      line.remove();
      dots.remove();
      map.doubleClickZoom.enable();
      map.off("click", click);
      map.getContainer().removeEventListener("keydown", keys, true);
    }
    view.toolsChanged();
  }

  const click = (event) => add(event.latlng);
  return {toggle, active: () => on};
}
