/** The panel of the proposals: the answer, the switch, the alternatives side by side, communities, changes, legend. */
import {hatch} from "./draw.js";
import {otherRows, toggle, fold, warnings, lesserNotices, layerRow, swatch, drawn, title, barrierRows} from "./panel.js";
import {element, nameNode} from "./popup.js";
import {partThing} from "./redraw.js";
import {ink} from "./redrawmap.js";

/** @import {RedrawState} from "./redraw.js" */
/** @import {Actions} from "./show.js" */

const NONE = "–";

/**
 * @param {any} page
 * @param {RedrawState} state
 * @param {Actions} actions
 * @param {string} id
 */
export function makePanel(page, state, actions, id) {
  const refreshers = [];
  const refresh = () => refreshers.forEach((run) => run());
  const context = {page, state, actions, id, refresh, onRefresh: (run) => refreshers.push(run)};
  const more = element("div", "gp-more", [
    page.alternatives.length > 1 ? fold(page.text("compared"), compared(context), true) : "",
    fold(page.text("communities"), communities(context), page.alternatives.length === 1),
    page.alternatives.length > 1 ? changes(context) : "",
    fold(page.text("layers"), legend(context), true),
    lesserNotices(page),
  ]);
  more.id = `${id}-more`;
  const main = element("div", "gp-main", [title(page, page.brief), headline(context), choice(context), warnings(page)]);
  const panel = element("section", "gp-panel gp-redraw", [toggle(page, more), main, more]);
  panel.setAttribute("aria-label", page.text("panel"));
  refresh();
  return {panel, refresh};
}

const known = (value, show) => (value === null || value === undefined ? NONE : show(value));

function headline({page, state, onRefresh}) {
  const figure = element("p", "gp-figure");
  const lines = element("div");
  const box = element("div", "gp-headline", [figure, lines]);
  box.setAttribute("aria-live", "polite");
  box.setAttribute("aria-atomic", "true");
  onRefresh(() => {
    const now = page.alternatives[state.chosen];
    const [big, ...rest] = state.chosen ? movedAnswer(page, now) : todayAnswer(page, now.measures);
    figure.replaceChildren(big);
    lines.replaceChildren(...rest.filter(([, text]) => text).map(([className, text]) => element("p", className, text)));
  });
  return box;
}

function movedAnswer(page, {measures, assumes}) {
  const {whole} = page.number;
  const percent = (share) => page.number.percent(share).replace(" ", "\u00a0"); // a number and its sign stay on one line
  const bound = known(measures.bound, whole);
  let proof = page.text("no_bound");
  if (measures.bound !== null) proof = measures.optimal ? page.text("optimal", {bound}) : page.text("at_least", {bound, gap: percent(measures.gap)});
  const share = measures.total > 0 ? page.text("moved_share", {share: percent(measures.moved / measures.total), total: whole(measures.total)}) : "";
  return [
    whole(measures.moved),
    ["gp-within", page.text("moved_households")],
    ["gp-counts", share],
    ["gp-proof", proof],
    ...assumes.map((text) => ["gp-counts", page.text("assumes", {text})]),
  ];
}

function todayAnswer(page, measures) {
  const {whole} = page.number;
  const outside = measures.outside ? page.text("today_outside", {count: whole(measures.outside)}) : page.text("today_fine");
  return [
    whole(measures.parts),
    ["gp-within", page.text("today_parts")],
    [measures.outside ? "gp-left" : "gp-counts", outside],
    ["gp-counts", measures.enclaves ? page.text("today_enclaves", {count: whole(measures.enclaves)}) : ""],
  ];
}

/** Today and the alternatives as radio buttons. */
function choice({page, state, actions, id, refresh, onRefresh}) {
  const group = element("fieldset", "gp-minutes gp-choice", element("legend", "gp-hidden", page.text("switch")));
  page.alternatives.forEach(({name, measures}, k) => {
    const input = element("input");
    Object.assign(input, {type: "radio", name: `${id}-choice`, value: String(k)});
    const below = k
      ? page.text("count_households", {count: page.number.whole(measures.moved)})
      : page.text("face_today", {count: page.number.whole(measures.parts)});
    const face = element("span", "gp-face", [element("b", "", nameNode(k ? `${k} ${name}` : name)), element("span", "", below)]);
    input.addEventListener("change", () => {
      state.chosen = k;
      refresh();
      actions.changed();
    });
    onRefresh(() => (input.checked = k === state.chosen));
    group.append(element("label", "", [input, face]));
  });
  return group;
}

/** Measures in rows, today and the alternatives in columns. */
function compared({page, state, onRefresh}) {
  const {whole, tenth, percent} = page.number;
  const table = element("table", "gp-compared");
  /** @type {[string, (measures: any) => string][]} */
  const measures = [
    ["row_parts", (m) => whole(m.parts)],
    ["row_moved", (m) => known(m.moved, whole)],
    ["row_bound", (m) => known(m.bound, whole)],
    ["row_gap", (m) => known(m.gap, percent)],
    ["row_deviation", (m) => known(m.deviation, percent)],
    ["row_outside", (m) => whole(m.outside)],
    ["row_walk", (m) => known(m.walk, tenth)],
    ...(page.strings.row_planned ? [/** @type {[string, (m: any) => string]} */ (["row_planned", (m) => known(m.planned, tenth)])] : []),
    ["row_boundary", (m) => known(m.boundary_m, (metres) => tenth(metres / 1000))],
    ["row_enclaves", (m) => whole(m.enclaves)],
  ];
  onRefresh(() => {
    const mark = (cell, k) => {
      cell.classList.toggle("gp-chosen", k === state.chosen);
      return cell;
    };
    const heads = page.alternatives.map(({name}, k) => {
      const cell = mark(element("th", "", k ? String(k) : page.text("today")), k);
      cell.scope = "col";
      cell.title = name;
      if (k) cell.setAttribute("aria-label", `${k} ${name}`);
      return cell;
    });
    const body = measures.map(([key, show]) => {
      const first = element("th", "", page.text(key));
      first.scope = "row";
      return element("tr", "", [first, ...page.alternatives.map(({measures: m}, k) => mark(element("td", "", show(m)), k))]);
    });
    const corner = element("th", "", element("span", "gp-hidden", page.text("measure")));
    table.replaceChildren(element("thead", "", element("tr", "", [corner, ...heads])), element("tbody", "", body));
  });
  return element("div", "gp-scroll", table);
}

/** Communities of the alternative that is shown with households today and then; those that go come last. */
function communities({page, state, actions, onRefresh}) {
  const box = element("div", "gp-units");
  const today = page.alternatives[0].parts;
  const {whole} = page.number;
  const show = (value) => (isNaN(value) ? NONE : whole(value));
  onRefresh(() => {
    const {parts} = page.alternatives[state.chosen];
    const heads = (state.chosen ? ["name", "today", "then"] : ["name", "", "today"]).map((key) => element("span", "", key && page.text(key)));
    const rows = [element("div", "gp-unit gp-unit-head", heads)];
    const add = (level, i, before, after, outside) => {
      const name = nameNode(page.alternatives[level].parts.name(i), page.text("no_name"));
      const cells = [name, element("span", "", before), element("span", outside, after)];
      const row = element("button", "gp-unit", cells);
      row.type = "button";
      row.addEventListener("click", () => actions.go(partThing(page, level, i)));
      rows.push(row);
    };
    for (let i = 0; i < parts.count; i++) {
      add(state.chosen, i, state.chosen ? show(parts.before[i]) : "", show(parts.households[i]), parts.outside[i] ? "gp-out" : "");
    }
    if (state.chosen) {
      for (let i = 0; i < today.count; i++) {
        if (!parts.at.has(today.id(i))) add(0, i, show(today.households[i]), page.text("dissolved"), "");
      }
    }
    box.replaceChildren(...rows);
  });
  return box;
}

/** Units that move, those with the most households first; each leads to its place and its reason. */
function changes({page, state, actions, onRefresh}) {
  const box = element("div", "gp-units");
  const details = fold("", box, false);
  onRefresh(() => {
    const now = page.alternatives[state.chosen];
    const from = page.alternatives[0];
    const units = [...now.changes.unit].sort((a, b) => page.units.households[b] - page.units.households[a] || a - b);
    details.firstChild.textContent = page.text("changes", {count: page.number.whole(units.length)});
    box.replaceChildren(...units.map((i) => {
      const way = page.text("from_to", {old: from.parts.name(from.of[i]), new: now.parts.name(now.of[i])});
      const name = element("span", "", [nameNode(page.units.name(i) || page.units.id(i)), element("small", "", nameNode(way))]);
      const households = isNaN(page.units.households[i]) ? "" : page.text("count_households", {count: page.number.whole(page.units.households[i])});
      const row = element("button", "gp-unit gp-change", [name, element("span", "", households)]);
      row.type = "button";
      row.addEventListener("click", () => actions.go({kind: "unit", index: i, level: 0}));
      return row;
    }));
    if (!units.length) box.replaceChildren(element("p", "gp-note", page.text("no_changes")));
  });
  return details;
}

function legend(context) {
  const {page} = context;
  const out = element("div", "gp-legend");
  const add = (key, text, symbol) => out.append(layerRow(context, key, text, symbol));
  const line = element("div", "gp-layer gp-fixed", [element("span", "gp-text", page.text("boundary")), swatch("gp-line gp-bound")]);
  out.append(line);
  if (page.alternatives.length > 1) {
    add("before", page.text("layer_before"), swatch("gp-line gp-before"));
    add("moved", page.text("layer_moved"), hatched(ink.moved, 1));
  }
  add("enclaves", page.text("layer_enclaves"), hatched(ink.enclave, -1));
  add("fill", page.text("layer_fill"), swatch("gp-pastels"));
  add("units", page.text("layer_units"), swatch("gp-estate"));
  if (page.layers.barriers) barrierRows(page.layers.barriers, out, add, page);
  otherRows(page, add);
  if (page.layers.streets) add("streets", page.text("layer_streets"), swatch("gp-line gp-street"));
  if (page.layers.green) add("green", page.text("layer_green"), swatch("gp-green"));
  add("labels", page.text("layer_labels"), element("span", "gp-swatch gp-letters", "Aa"));
  return out;
}

/** A swatch of hatching. @param {string} line @param {number} slope */
export function hatched(line, slope) {
  return drawn((ctx) => {
    ctx.beginPath();
    ctx.rect(2, 4, 22, 14);
    ctx.fillStyle = hatch(ctx, line, slope);
    ctx.fill();
    ctx.strokeStyle = line;
    ctx.lineWidth = 1.5;
    ctx.stroke();
  });
}
