/**
 * A table beside the map, in step with it: a row leads to its place, what is selected on the map is marked here, and
 * the rows can follow what the map shows.
 *
 * @typedef {Object} Cell
 * @property {string} title
 * @property {(row: number) => string|number} value  a number is shown as one and sorts as one; NaN is missing
 * @property {(row: number) => string} [show]  how a number is written where that is not plain
 * @property {(row: number) => boolean} [out]  whether it breaks a rule
 *
 * @typedef {Object} Sheet
 * @property {string} title
 * @property {number} count
 * @property {() => Cell[]} cells
 * @property {(row: number) => any} thing     what a row selects
 * @property {(row: number) => number[]} box  west, north, east, south in world units
 */
import {boxOnScreen} from "./picture.js";
import {element, nameNode} from "./popup.js";

const SHOWN = 200;

/** @param {any} view @param {Sheet[]} sheets */
export function makeTable(view, sheets) {
  const {map, page, state} = view;
  let on = false;
  let sheet = sheets[0];
  let sorted = 1;
  let down = true;
  let shown = SHOWN;
  const panel = element("section", "gp-table");
  panel.hidden = true;
  panel.setAttribute("aria-label", page.text("tool_table"));
  const pick = element("select", "gp-pick", sheets.map(({title}, k) => Object.assign(element("option", "", title), {value: String(k)})));
  pick.setAttribute("aria-label", page.text("table_what"));
  const inView = element("input");
  Object.assign(inView, {type: "checkbox"});
  const close = element("button", "gp-close", "×");
  close.type = "button";
  close.setAttribute("aria-label", page.text("close"));
  const status = element("p", "gp-table-count");
  status.setAttribute("role", "status");
  const head = element("thead");
  const body = element("tbody");
  const more = element("button", "gp-button gp-table-more", page.text("table_more"));
  more.type = "button";
  const scroll = element("div", "gp-table-scroll", [element("table", "", [head, body]), more]);
  scroll.tabIndex = 0;
  const follow = element("label", "gp-follow", [inView, element("span", "", page.text("table_follow"))]);
  panel.append(element("div", "gp-table-head", [pick, follow, close]), status, scroll);

  const compare = (a, b) => (typeof a === "number" ? (isNaN(a) ? -Infinity : a) - (isNaN(b) ? -Infinity : b) : a < b ? -1 : Number(a > b));

  function rows() {
    const all = [...Array(sheet.count).keys()];
    const [west, north, east, south] = boxOnScreen(map);
    const seen = inView.checked
      ? all.filter((i) => {
          const box = sheet.box(i);
          return box[0] <= east && box[2] >= west && box[1] <= south && box[3] >= north;
        })
      : all;
    const {value} = sheet.cells()[sorted] || sheet.cells()[0];
    return seen.sort((a, b) => (down ? compare(value(b), value(a)) : compare(value(a), value(b))) || a - b);
  }

  function refresh() {
    if (!on) return;
    const cells = sheet.cells();
    const found = rows();
    head.replaceChildren(element("tr", "", cells.map((cell, k) => heading(cell, k))));
    body.replaceChildren(...found.slice(0, shown).map((i) => line(cells, i)));
    more.hidden = found.length <= shown;
    status.textContent = page.text("table_rows", {count: page.number.whole(found.length), all: page.number.whole(sheet.count)});
  }

  function heading(cell, k) {
    const button = element("button", "", cell.title);
    button.type = "button";
    button.addEventListener("click", () => {
      down = k === sorted ? !down : k > 0;
      sorted = k;
      refresh();
      head.querySelectorAll("button")[k].focus();
    });
    const node = element("th", "", button);
    node.scope = "col";
    node.setAttribute("aria-sort", k !== sorted ? "none" : down ? "descending" : "ascending");
    return node;
  }

  function line(cells, i) {
    const thing = sheet.thing(i);
    const name = element("button", "gp-link", nameNode(String(cells[0].value(i)), page.text("no_name")));
    name.type = "button";
    name.addEventListener("click", () => view.select(thing, {move: true}));
    const values = cells.slice(1).map(({value, show, out}) => {
      const given = value(i);
      if (show) return element("td", out && out(i) ? "gp-out" : "", show(i));
      if (typeof given === "string") return element("td", "gp-words", nameNode(given, "–"));
      return element("td", "", isNaN(given) ? "–" : page.number[Number.isInteger(given) ? "whole" : "tenth"](given));
    });
    const row = element("tr", same(thing, state.selected) ? "gp-chosen" : "", [element("th", "", name), ...values]);
    row.firstChild.scope = "row";
    return row;
  }

  function toggle() {
    on = !on;
    panel.hidden = !on;
    map.getContainer().classList.toggle("gp-with-table", on);
    refresh();
    view.toolsChanged();
    map.invalidateSize();
    if (on) pick.focus();
  }

  pick.addEventListener("change", () => {
    sheet = sheets[Number(pick.value)];
    [sorted, down, shown] = [Math.min(1, sheet.cells().length - 1), true, SHOWN];
    refresh();
  });
  inView.addEventListener("change", refresh);
  more.addEventListener("click", () => {
    shown += SHOWN;
    refresh();
  });
  close.addEventListener("click", toggle);
  map.on("moveend", () => on && inView.checked && refresh());
  L.DomEvent.disableClickPropagation(panel);
  // A row that a click replaces is in the panel no more when Leaflet asks where the click was.
  panel.addEventListener("click", (event) => event.stopPropagation());
  L.DomEvent.disableScrollPropagation(panel);
  return {element: panel, toggle, active: () => on, refresh};
}

function same(a, b) {
  return Boolean(a && b) && a.kind === b.kind && a.index === b.index && (a.level || 0) === (b.level || 0);
}
