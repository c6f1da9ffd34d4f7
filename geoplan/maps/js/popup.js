/** What a popup says about a thing. Every text is data: it is set as text, never as markup. */
import {buildingName, shareOf} from "./model.js";
import {stepColour, colour} from "./style.js";

/** @import {State} from "./model.js" */

/** An element with classes and text or children. */
export function element(tag, className, content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const part of Array.isArray(content) ? content : [content]) {
    if (part === undefined || part === null || part === "") continue;
    node.append(part instanceof Node ? part : String(part));
  }
  return node;
}

/** A name in whatever direction its script runs. */
export function nameNode(text, fallback) {
  const node = element("bdi", "gp-name", text || fallback);
  if (!text) node.classList.add("gp-unnamed");
  return node;
}

/** @param {any} page @param {State} state @param {any} thing @param {(thing: any) => void} go */
export function content(page, state, thing, go) {
  const makers = {building, facility, unit, estate, cluster, gate, street};
  return element("div", "gp-popup-body", makers[thing.kind](page, state, thing, go));
}

export function head(page, kind, name, chip) {
  return element("div", "gp-popup-head", [element("p", "gp-kind", kind), element("h2", "", nameNode(name, page.text("no_name"))), chip]);
}

/** Rows of label and value; those without a value are left out. */
export function rows(pairs) {
  const list = element("dl", "gp-rows");
  for (const [label, value] of pairs) {
    if (value === "" || value === undefined || value === null) continue;
    const shown = value instanceof Node ? value : element("bdi", "", value);
    list.append(element("div", "", [element("dt", "", label), element("dd", "", shown)]));
  }
  return list;
}

function number(page, value) {
  return isNaN(value) ? "" : page.number.whole(value);
}

function metres(page, value) {
  return isNaN(value) ? "" : page.text("walk_metres", {metres: page.number.whole(value)});
}

function estimate(page, value, estimated) {
  const text = number(page, value);
  return text && estimated ? `${text} (${page.text("estimated")})` : text;
}

/** The verdict on a building: its walk and whether that is within the limit. */
function chip(page, state, i) {
  const {buildings} = page.layers;
  const count = page.minutes.length;
  const step = buildings.step[i];
  const minutes = page.number.plain(page.minutes[count - 1]);
  let walk = page.text("beyond", {minutes});
  if (step > count) walk = page.text("class_unreachable");
  else if (page.mode === "distance" && !isNaN(buildings.cost[i])) walk = metres(page, buildings.cost[i]);
  else if (!isNaN(buildings.walk[i])) walk = page.text("walk_minutes", {minutes: page.number.tenth(buildings.walk[i])});
  const verdict = page.text(step <= state.limit ? "served" : "not_served");
  const node = element("p", "gp-chip", [element("span", "gp-dot"), `${walk} · ${verdict}`]);
  const lived = buildings.households[i] > 0;
  node.firstChild.style.background = lived ? stepColour(step, state.limit, count) : colour.empty;
  return node;
}

function building(page, state, {index: i}, go) {
  const {buildings, facilities, levels} = page.layers;
  const nearest = buildings.facility[i];
  const units = levels.map((level, k) => [level.one, unitName(page, level, buildings.units[k][i])]);
  return [
    head(page, page.text("building"), buildingName(page, i), chip(page, state, i)),
    rows([
      [page.text("households"), estimate(page, buildings.households[i], buildings.estimated[i])],
      [page.text("people"), estimate(page, buildings.people[i], buildings.estimated[i])],
      [page.text("nearest"), nearest < 0 ? "" : link(page, facilities.name(nearest), {kind: "facility", index: nearest, level: 0}, go)],
      [page.text("straight"), metres(page, buildings.straight[i])],
      [page.text("connector"), metres(page, buildings.connector[i])],
      [page.text("reason"), buildings.step[i] > state.limit ? buildings.reason(i) : ""],
      ...units,
      [page.text("address"), buildings.address ? buildings.address(i) : ""],
      [page.text("id"), buildings.id(i)],
    ]),
    buildings.edge[i] ? element("p", "gp-warn", page.text("edge")) : "",
  ];
}

function unitName(page, level, row) {
  return row < 0 ? page.text("no_unit") : level.name(row);
}

/** A name that leads to its thing. */
export function link(page, text, thing, go) {
  const node = element("button", "gp-link", nameNode(text, page.text("no_name")));
  node.type = "button";
  node.addEventListener("click", () => go(thing));
  return node;
}

function facility(page, state, {index: i}) {
  const layer = page.layers.facilities;
  const kind = layer.candidate[i] ? page.text("candidate") : page.text("facility");
  const mute = !layer.candidate[i] && !layer.counted[i] ? element("p", "gp-chip", page.text("not_counted")) : "";
  const nearest = page.minutes.map((minutes, k) => [
    page.text("nearest_to", {minutes: page.number.plain(minutes)}),
    layer.counted[i] ? page.text("count_households", {count: number(page, layer.nearest[k][i])}) : "",
  ]);
  return [
    head(page, kind, layer.name(i), mute),
    rows([
      [page.text("tier"), layer.tier[i] ? layer.tiers[layer.tier[i] - 1] : ""],
      [page.text("kind"), layer.kind(i)],
      [page.text("floor_area"), isNaN(layer.area[i]) ? "" : page.text("square_metres", {area: number(page, layer.area[i])})],
      [page.text("address"), layer.address(i)],
      ...nearest,
      [page.text("id"), layer.id(i)],
    ]),
  ];
}

/** Served and not served at each limit, as a small table. */
function servedTable(page, state, counts, i) {
  const table = element("table", "gp-served");
  const titles = ["minutes_switch", "unit_share", "unit_unserved"].map((key) => element("th", "", page.text(key)));
  table.append(element("thead", "", element("tr", "", titles)));
  const body = element("tbody");
  page.minutes.forEach((minutes, k) => {
    const share = shareOf(counts, i, k);
    const left = counts.households[i] - counts.served[k][i];
    const cells = [
      element("th", "", page.text("minutes", {minutes: page.number.plain(minutes)})),
      element("td", "", isNaN(share) ? "–" : page.number.percent(share)),
      element("td", "", page.text("count_households", {count: number(page, left)})),
    ];
    body.append(element("tr", k === state.limit ? "gp-chosen" : "", cells));
  });
  table.append(body);
  return table;
}

function unit(page, state, {index: i, level: number_}) {
  const level = page.layers.levels[number_];
  return [
    head(page, level.one, level.name(i), ""),
    servedTable(page, state, level, i),
    rows([
      [page.text("households"), number(page, level.households[i])],
      [page.text("people"), number(page, level.people[i])],
      [page.text("median"), walked(page, level.median[i])],
      [page.text("slowest"), walked(page, level.slowest[i])],
      [page.text("floor"), floorArea(page, level, i)],
      [page.text("code"), level.code(i)],
      [page.text("office"), level.office(i)],
      [page.text("id"), level.id(i)],
    ]),
  ];
}

/** A walk in the unit of the page's mode. */
function walked(page, value) {
  if (isNaN(value)) return "";
  return page.mode === "distance" ? metres(page, value) : page.text("walk_minutes", {minutes: page.number.tenth(value)});
}

function floorArea(page, level, i) {
  if (isNaN(level.floor[i])) return "";
  const area = number(page, level.floor[i]);
  if (isNaN(level.required[i])) return page.text("square_metres", {area});
  return page.text("floor_short", {area, required: number(page, level.required[i])});
}

function estate(page, state, {index: i}) {
  const layer = page.layers.estates;
  return [
    head(page, layer.kind(i) || page.text("estate"), layer.name(i), ""),
    servedTable(page, state, layer, i),
    rows([
      [page.text("households"), number(page, layer.households[i])],
      [page.text("people"), number(page, layer.people[i])],
      [page.text("address"), layer.address(i)],
      [page.text("id"), layer.id(i)],
    ]),
  ];
}

function cluster(page, state, {index: i, level}) {
  const layer = page.layers.clusters[level];
  const minutes = page.number.plain(page.minutes[level]);
  const title = page.text("count_households", {count: number(page, layer.households[i])});
  return [
    head(page, page.text("cluster", {minutes}), title, ""),
    rows([
      [page.text("households"), number(page, layer.households[i])],
      [page.text("people"), number(page, layer.people[i])],
      [page.text("buildings"), number(page, layer.buildings[i])],
    ]),
  ];
}

function gate(page, state, {index: i}) {
  const layer = page.layers.gates;
  return [head(page, page.text(layer.open[i] ? "gate_open" : "gate_closed"), layer.name(i), "")];
}

function street(page, state, {index: i}) {
  return [head(page, page.text("street"), page.layers.streets.name(i), "")];
}
