/** The panel: what the planner reads first, the switch of the limit, layers with their legend, units, basis, notices. */
import {hatching} from "./draw.js";
import {rampColour} from "./density.js";
import {shareOf, useCase} from "./model.js";
import {hatchOf, look, mark, strokeBarrier} from "./painters.js";
import {element, nameNode} from "./popup.js";
import {colour, stepColour, shareColour} from "./style.js";

/** @import {State} from "./model.js" */
/** @import {Actions} from "./show.js" */

/**
 * @param {any} page
 * @param {State} state
 * @param {Actions} actions
 * @param {string} id
 */
export function makePanel(page, state, actions, id) {
  const refreshers = [];
  const refresh = () => refreshers.forEach((run) => run());
  const context = {page, state, actions, id, refresh, onRefresh: (run) => refreshers.push(run)};
  const more = element("div", "gp-more", [
    fold(page.text("layers"), legend(context), true),
    page.layers.levels.length ? fold(page.text("by_unit", {unit: page.layers.levels[0].one}), unitTable(context), false) : "",
    fold(page.text("basis"), basis(context), false),
    lesserNotices(page),
  ]);
  more.id = `${id}-more`;
  const brief = element("p");
  context.onRefresh(() => brief.replaceChildren(nameNode(page.basis.map(([, value]) => value).join(" · "))));
  const main = element("div", "gp-main", [title(page, brief), headline(context), caseSwitch(context), minutesSwitch(context), rule(context), warnings(page)]);
  const panel = element("section", "gp-panel", [toggle(page, more), main, more]);
  panel.setAttribute("aria-label", page.text("panel"));
  refresh();
  return {panel, refresh};
}

/** @param {any} page @param {string|HTMLElement} brief */
export function title(page, brief) {
  const below = typeof brief === "string" ? element("p", "", nameNode(brief)) : brief;
  return element("header", "gp-title", [element("h1", "", nameNode(page.title)), below]);
}

/** Who walks and how, where the page holds more than one answer. */
function caseSwitch({page, state, actions, refresh, id}) {
  if (page.cases.length < 2) return "";
  const pick = element("select", "gp-pick", page.cases.map(({label}, k) => Object.assign(element("option", "", label), {value: String(k)})));
  pick.id = `${id}-case`;
  const label = element("label", "gp-case", [element("span", "", page.text("case")), pick]);
  pick.addEventListener("change", () => {
    useCase(page, Number(pick.value));
    state.case = Number(pick.value);
    refresh();
    actions.changed();
  });
  return label;
}

/** On a narrow page the details fold away, and the whole panel into a bar; on a wide one the buttons are not shown. */
export function toggle(page, more) {
  const button = element("button", "gp-toggle", element("span", "gp-grip"));
  button.type = "button";
  button.setAttribute("aria-controls", more.id);
  const set = (open) => {
    button.setAttribute("aria-expanded", String(open));
    button.setAttribute("aria-label", page.text(open ? "collapse" : "expand"));
    const panel = button.closest(".gp-panel");
    if (panel) panel.classList.toggle("gp-open", open);
  };
  set(false);
  const bar = element("button", "gp-to-bar", element("span", "", ""));
  bar.type = "button";
  const lower = (hidden) => {
    bar.setAttribute("aria-expanded", String(!hidden));
    bar.setAttribute("aria-label", page.text(hidden ? "show_panel" : "hide_panel"));
    const panel = bar.closest(".gp-panel");
    if (!panel) return;
    panel.classList.toggle("gp-lowered", hidden);
    bar.dispatchEvent(new Event("gp-lowered", {bubbles: true}));
  };
  lower(false);
  button.addEventListener("click", () => {
    lower(false);
    set(button.getAttribute("aria-expanded") !== "true");
  });
  bar.addEventListener("click", () => lower(bar.getAttribute("aria-expanded") === "true"));
  return element("div", "gp-grips", [button, bar]);
}

function headline({page, state, onRefresh}) {
  const figure = element("p", "gp-figure");
  const words = element("p", "gp-within");
  const counts = element("p", "gp-counts");
  const left = element("p", "gp-left");
  const box = element("div", "gp-headline", [figure, element("div", "", [words, counts, left])]);
  box.setAttribute("aria-live", "polite");
  box.setAttribute("aria-atomic", "true");
  onRefresh(() => {
    const total = page.headline[state.limit];
    const {whole, plain, percent} = page.number;
    const share = total.households > 0 ? percent(total.served / total.households) : "–";
    figure.replaceChildren(share.replace(" %", ""), share === "–" ? "" : element("small", "", "%"));
    words.textContent = page.text("served_share", {minutes: plain(page.minutes[state.limit])});
    counts.textContent = total.households > 0
      ? page.text("served_of", {served: whole(total.served), total: whole(total.households)})
      : page.text("nobody");
    const missed = whole(total.households - total.served);
    left.textContent = page.text("unserved", {households: missed, people: whole(total.people - total.served_people)});
  });
  return box;
}

/** The limits as one row of radio buttons, each with its own share. */
function minutesSwitch({page, state, actions, id, refresh, onRefresh}) {
  const group = element("fieldset", "gp-minutes", element("legend", "gp-hidden", page.text("minutes_switch")));
  page.minutes.forEach((minutes, k) => {
    const input = element("input");
    Object.assign(input, {type: "radio", name: `${id}-minutes`, value: String(k), checked: k === state.limit});
    const bar = element("span", "gp-bar", element("span"));
    const amount = element("span");
    onRefresh(() => {
      const total = page.headline[k];
      const share = total.households > 0 ? total.served / total.households : NaN;
      bar.firstChild.style.width = `${isNaN(share) ? 0 : 100 * share}%`;
      amount.textContent = isNaN(share) ? "–" : page.number.percent(share);
    });
    const face = element("span", "gp-face", [element("b", "", page.text("minutes", {minutes: page.number.plain(minutes)})), amount, bar]);
    input.addEventListener("change", () => {
      moveCircle(state, k);
      state.limit = k;
      refresh();
      actions.changed();
    });
    group.append(element("label", "", [input, face]));
  });
  return group;
}

/** What the limit means and where it is written. */
function rule({page, state, onRefresh}) {
  const line = element("p", "gp-rule");
  onRefresh(() => {
    const {limit, rule: source} = page.headline[state.limit];
    line.replaceChildren(nameNode(page.text("rule", {limit, rule: source})));
  });
  return line;
}

/** The circle that shows goes along with the limit. */
function moveCircle(state, to) {
  const shown = state.visible[`circle${state.limit}`];
  state.visible[`circle${state.limit}`] = false;
  state.visible[`circle${to}`] = state.visible[`circle${to}`] || shown;
}

/** What must stand on every output, always in sight. */
export function warnings(page) {
  const list = page.notices.filter((notice) => notice.everywhere && !notice.credit).map((notice) => element("li", "", nameNode(notice.text)));
  return list.length ? element("ul", "gp-warnings", list) : "";
}

export function lesserNotices(page) {
  const others = page.notices.filter((notice) => !notice.everywhere);
  if (!others.length) return "";
  const list = element("ul", "gp-notices", others.map((notice) => element("li", "", nameNode(notice.text))));
  return fold(page.text("notices", {count: others.length}), list, false);
}

export function fold(label, content, open) {
  const details = element("details", "gp-fold", [element("summary", "", label), content]);
  details.open = open;
  return details;
}

/** The rows of the legend; each with a box that shows or hides its layer. */
function legend(context) {
  const {page} = context;
  const {layers} = page;
  const out = element("div", "gp-legend");
  const add = (key, text, symbol) => out.append(layerRow(context, key, text, symbol));
  buildingRows(context, out, add);
  add("clusters", page.text("layer_clusters"), swatch("gp-hull"));
  facilityRows(context, out, add);
  page.minutes.forEach((_, k) => {
    if (layers.isochrones.step.indexOf(k) < 0) return;
    add(`circle${k}`, () => circleLabel(page, k), swatch(`gp-circle gp-circle${k}`));
  });
  layers.levels.forEach((level, k) => add(`level${k}`, level.label, swatch(`gp-line gp-level${Math.min(k, 1)}`)));
  if (layers.levels.length) add("tint", page.text("layer_tint"), ramp());
  if (layers.estates) add("estates", page.text("layer_estates"), swatch("gp-estate"));
  if (layers.gates) add("gates", page.text("layer_gates"), element("span", "gp-swatch gp-gates", [element("i"), element("i")]));
  if (layers.barriers) barrierRows(layers.barriers, out, add, page);
  otherRows(page, add);
  if (layers.streets) add("streets", page.text("layer_streets"), swatch("gp-line gp-street"));
  if (layers.green) add("green", page.text("layer_green"), swatch("gp-green"));
  add("labels", page.text("layer_labels"), element("span", "gp-swatch gp-letters", "Aa"));
  return out;
}

/** What a circle is called in the case shown; where it draws nothing, why. @param {any} page @param {number} k */
function circleLabel(page, k) {
  const {step, geometry} = page.layers.isochrones;
  const empty = !geometry.kinds[step.indexOf(k)];
  const key = empty ? "layer_isochrones_none" : page.centre === "own" ? "layer_isochrones_own" : "layer_isochrones";
  return page.text(key, {limit: page.headline[k].short});
}

/** Rows of what a page may have beside its own layers: points shown as density, a basemap. */
export function otherRows(page, add) {
  if (page.basemap) add("basemap", page.basemap.name, "");
  (page.layers.points || []).forEach((layer, k) => add(`points${k}`, layer.name, densityRamp()));
}

function densityRamp() {
  const box = swatch("gp-ramp");
  box.style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((share) => `rgb(${rampColour(share).join(",")})`).join(",")})`;
  return box;
}

function buildingRows({page, state, onRefresh}, out, add) {
  add("buildings", () => page.text(page.mode === "distance" ? "layer_buildings_distance" : "layer_buildings"), "");
  const classes = element("ul", "gp-classes");
  onRefresh(() => classes.replaceChildren(...buildingClasses(page, state)));
  out.append(classes);
  add("hatching", page.text("layer_hatching"), classBox(stepColour(page.minutes.length, 0, page.minutes.length), 1));
  const flagged = page.layers.buildings.edge.reduce((sum, flag) => sum + flag, 0);
  if (flagged) add("flagged", `${page.text("layer_flagged")} (${page.number.whole(flagged)})`, swatch("gp-flag"));
}

/** The colours of the buildings with the households of each. */
function buildingClasses(page, state) {
  const {step, households} = page.layers.buildings;
  const count = page.minutes.length;
  const sums = new Array(count + 3).fill(0);
  step.forEach((value, i) => {
    if (households[i] > 0) sums[value] += households[i];
    else sums[count + 2]++;
  });
  const names = page.headline.map(({short}) => page.text("class_within", {limit: short}));
  names.push(page.text("class_beyond", {limit: page.headline[count - 1].short}), page.text("class_unreachable"));
  const rows = names.map((name, k) => {
    const amount = page.text("count_households", {count: page.number.whole(sums[k])});
    const hatch = state.visible.hatching ? hatchOf(k, state.limit, count) : 0;
    return classRow(stepColour(k, state.limit, count), name, amount, k === state.limit, hatch);
  });
  if (sums[count + 2]) rows.push(classRow(colour.empty, page.text("class_empty"), "", false, 0));
  return rows.filter((row, k) => k !== count + 1 || sums[k]);
}

/** A colour, hatched as on the map. */
function classBox(ink, hatch) {
  return drawn((ctx) => {
    ctx.beginPath();
    ctx.rect(4, 4, 18, 14);
    ctx.fillStyle = ink;
    ctx.fill();
    if (!hatch) return;
    ctx.fillStyle = hatching(ctx, hatch);
    ctx.fill();
  });
}

function classRow(ink, name, amount, last, hatch) {
  return element("li", last ? "gp-limit" : "", [classBox(ink, hatch), element("span", "", name), element("span", "gp-amount", amount)]);
}

function facilityRows(context, out, add) {
  const {page} = context;
  const layer = page.layers.facilities;
  const rows = [...Array(layer.geometry.count).keys()];
  const counted = rows.filter((i) => layer.counted[i]);
  const tiers = [...new Set(counted.map((i) => layer.tier[i]))].sort((a, b) => a - b);
  add("facilities", page.text("layer_facilities"), tiers.length === 1 ? symbol(layer, counted[0]) : "");
  const list = element("ul", "gp-classes");
  const row = (i, name) => list.append(element("li", "", [symbol(layer, i), nameNode(name)]));
  if (tiers.length > 1) {
    for (const tier of tiers) {
      row(counted.find((i) => layer.tier[i] === tier), tier ? layer.tiers[tier - 1] : page.text("no_tier"));
    }
  }
  const other = rows.find((i) => !layer.counted[i] && !layer.candidate[i]);
  if (other !== undefined) row(other, page.text("not_counted"));
  if (list.children.length) out.append(list);
  const candidate = rows.find((i) => layer.candidate[i]);
  if (candidate !== undefined) add("candidates", page.text("layer_candidates"), symbol(layer, candidate));
}

/** One row for each kind of barrier that there is. */
export function barrierRows(layer, out, add, page) {
  const kinds = new Map();
  for (let i = 0; i < layer.geometry.count; i++) kinds.set(layer.kind(i), layer.label(i) || page.text("line"));
  add("barriers", page.text("layer_barriers"), "");
  const list = element("ul", "gp-classes");
  for (const [kind, label] of [...kinds].sort()) list.append(element("li", "", [lineSymbol(kind), nameNode(label)]));
  out.append(list);
}

function lineSymbol(kind) {
  return drawn((ctx) => {
    ctx.beginPath();
    ctx.moveTo(2, 11);
    ctx.lineTo(24, 11);
    strokeBarrier(ctx, kind, 1);
  });
}

/** A row of the legend; a label that changes with the case is a function. */
export function layerRow({page, state, actions, onRefresh}, key, text, symbol_) {
  const input = element("input");
  Object.assign(input, {type: "checkbox", checked: Boolean(state.visible[key])});
  input.dataset.layer = key;
  input.addEventListener("change", () => {
    state.visible[key] = input.checked;
    actions.changed();
  });
  const label = element("span", "gp-text");
  onRefresh(() => {
    input.checked = Boolean(state.visible[key]);
    label.replaceChildren(nameNode(typeof text === "function" ? text() : text, page.text("no_name")));
  });
  return element("label", "gp-layer", [input, label, symbol_]);
}

export function swatch(className) {
  return element("span", `gp-swatch ${className}`);
}

/** The mark of a centre as it stands on the map. */
function symbol(layer, i) {
  return drawn((ctx) => mark(ctx, 13, 11, look(layer, i, 15)));
}

/** A swatch that is drawn, 26 by 22. */
export function drawn(draw) {
  const ratio = 2;
  const canvas = element("canvas", "gp-swatch gp-symbol");
  canvas.width = 26 * ratio;
  canvas.height = 22 * ratio;
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  draw(ctx);
  return canvas;
}

function ramp() {
  const box = swatch("gp-ramp");
  box.style.background = `linear-gradient(90deg, ${[0, 0.5, 1].map(shareColour).join(",")})`;
  return box;
}

/** Units of the main level, those with the most households not served first; each leads to its place. */
function unitTable({page, state, actions, onRefresh}) {
  const level = page.layers.levels[0];
  const box = element("div", "gp-units");
  onRefresh(() => {
    const left = (i) => level.households[i] - level.served[state.limit][i] || 0;
    const order = [...Array(level.geometry.count).keys()].sort((a, b) => left(b) - left(a) || a - b);
    const rows = order.map((i) => unitRow(page, state, level, i, () => actions.go({kind: "unit", index: i, level: 0})));
    if (level.rest) rows.push(unitRow(page, state, Object.assign({name: () => page.text("no_unit")}, level.rest), 0, null));
    box.replaceChildren(unitHead(page), ...rows);
  });
  return box;
}

function unitHead(page) {
  const cells = ["unit", "unit_share", "unit_unserved"].map((key) => element("span", "", page.text(key)));
  return element("div", "gp-unit gp-unit-head", cells);
}

function unitRow(page, state, counts, i, onClick) {
  const share = shareOf(counts, i, state.limit);
  const left = counts.households[i] - counts.served[state.limit][i];
  const bar = element("span", "gp-bar", element("span"));
  bar.firstChild.style.width = `${isNaN(share) ? 0 : 100 * share}%`;
  const cells = [
    nameNode(counts.name(i), page.text("no_name")),
    element("span", "", [isNaN(share) ? "–" : page.number.percent(share), bar]),
    element("span", "", page.number.whole(left || 0)),
  ];
  const row = element(onClick ? "button" : "div", "gp-unit", cells);
  if (onClick) {
    row.type = "button";
    row.addEventListener("click", onClick);
  }
  return row;
}

/** How it was measured: mode, walker, tier, centre, and the limits with their rules. */
function basis({page, onRefresh}) {
  const list = element("dl", "gp-rows");
  onRefresh(() => fillBasis(page, list));
  return list;
}

function fillBasis(page, list) {
  list.replaceChildren();
  const add = (label, value) => list.append(element("div", "", [element("dt", "", label), element("dd", "", nameNode(value))]));
  for (const [label, value] of page.basis) add(label, value);
  page.headline.forEach((total, k) => {
    const minutes = page.text("minutes", {minutes: page.number.plain(page.minutes[k])});
    list.append(element("div", "", [element("dt", "", minutes), element("dd", "", [nameNode(total.limit), element("small", "", nameNode(total.rule))])]));
  });
}
