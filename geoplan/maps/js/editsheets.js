/** What the table beside the map and the search know of a plan while it is edited. */
import {box} from "./packed.js";
import {element, head, rows} from "./popup.js";
import {fold} from "./search.js";

/** @import {Editor} from "./editstate.js" */
/** @import {Cell, Sheet} from "./table.js" */

const NONE = "–";

/** Shares of the circles in one line, such as 12 / 40 / 88 %. @param {any} number @param {number[]|null} served @param {number} households */
export function shares(number, served, households) {
  if (!served || !(households > 0)) return NONE;
  return `${served.map((value) => number.percent(value / households).replace(/\s*%/, "")).join(" / ")} %`;
}

/**
 * A page's sheets (communities, units), which show the edited plan while there is an editor.
 * @param {any} state @param {Sheet[]} plain @returns {Sheet[]}
 */
export function editedSheets(state, plain) {
  const make = [partSheet, unitSheet];
  return plain.map((sheet, k) => {
    const now = () => (state.editor ? make[k](state.editor) : sheet);
    return {
      title: sheet.title,
      get count() {
        return now().count;
      },
      cells: () => now().cells(),
      thing: (row) => now().thing(row),
      box: (row) => now().box(row),
    };
  });
}

/** A community of the edited plan, as what can be selected. @param {Editor} editor @param {number} slot */
export function slotThing(editor, slot) {
  return {kind: "slot", index: slot, level: editor.which, all: [...editor.session.parts[slot].members], at: editor.anchor(slot)};
}

/** @param {Editor} editor */
function partSheet(editor) {
  const {session, page, plan} = editor;
  const {whole, tenth, percent} = page.number;
  const slots = session.slots();
  const circles = plan.minutes.map((minutes) => page.number.plain(minutes)).join("/");
  /** @returns {Cell[]} */
  const cells = () => {
    const figures = slots.map((slot) => session.figures(slot));
    const open = session.preliminary();
    const sure = (/** @type {string} */ name, /** @type {string} */ shown) => (open.includes(name) ? `≈ ${shown}` : shown);
    const last = (/** @type {number[]|null} */ served, /** @type {number} */ households) => (served && households > 0 ? served[served.length - 1] / households : NaN);
    const served = (/** @type {"served_any"|"served_own"} */ name) => ({
      value: (row) => last(figures[row][name], figures[row].households),
      show: (row) => sure(name, shares(page.number, figures[row][name], figures[row].households)),
    });
    const count = (/** @type {string} */ title, /** @type {(figure: any) => number} */ of) => ({title: editor.text(title), value: (row) => of(figures[row]), show: (row) => whole(of(figures[row]))});
    const found = [
      {title: editor.text("h_name"), value: (row) => editor.labelOf(slots[row])},
      {...count("h_households", (figure) => figure.households), out: (row) => figures[row].range !== 0},
      count("h_people", (figure) => figure.people),
      count("h_moved", (figure) => figure.moved),
      {...count("h_pieces", (figure) => figure.pieces), out: (row) => figures[row].pieces > 1},
      count("h_centres", (figure) => figure.centres),
      {title: editor.text("h_boundary"), value: (row) => figures[row].boundary_m, show: (row) => tenth(figures[row].boundary_m / 1000)},
    ];
    if (plan.walk) found.push({title: editor.text("h_walk"), value: (row) => figures[row].walk_min, show: (row) => sure("walk_min", Number.isNaN(figures[row].walk_min) ? NONE : tenth(figures[row].walk_min))});
    if (plan.walkers) {
      found.push({title: editor.text("h_any", {minutes: circles}), ...served("served_any")});
      found.push({title: editor.text("h_own", {minutes: circles}), ...served("served_own")});
    }
    const share = (row) => (figures[row].households > 0 ? figures[row].moved / figures[row].households : NaN);
    found.splice(4, 0, {title: editor.text("h_moved_share"), value: share, show: (row) => (Number.isNaN(share(row)) ? NONE : percent(share(row)))});
    return found;
  };
  return {count: slots.length, cells, thing: (row) => slotThing(editor, slots[row]), box: (row) => around(editor, session.parts[slots[row]].members)};
}

/** @param {Editor} editor */
function unitSheet(editor) {
  const {session, page, plan} = editor;
  const {whole} = page.number;
  return {
    count: editor.unitIds.length,
    /** @returns {Cell[]} */
    cells: () => [
      {title: editor.text("h_name"), value: (row) => editor.unitNames[row] || editor.unitIds[row]},
      {title: editor.text("h_households"), value: (row) => plan.households[row], show: (row) => whole(plan.households[row])},
      {title: editor.text("h_people"), value: (row) => plan.people[row], show: (row) => whole(plan.people[row])},
      {title: page.text("community_today"), value: (row) => page.edit.baseNames[plan.base[row]]},
      {title: page.text("community_then"), value: (row) => editor.labelOf(session.of[row])},
    ],
    thing: (row) => ({kind: "unit", index: row, level: 0}),
    box: (row) => box(page.units.geometry, row),
  };
}

/** Bounds of units in world units. @param {Editor} editor @param {number[]} units */
function around({page}, units) {
  const boxes = units.map((unit) => box(page.units.geometry, unit));
  return boxes.reduce(([w, n, e, s], b) => [Math.min(w, b[0]), Math.min(n, b[1]), Math.max(e, b[2]), Math.max(s, b[3])]);
}

/** What can be searched while a plan is edited: its communities as they are called now, then units; with households. @param {Editor} editor */
export function editedEntries(editor) {
  const {session, page, plan} = editor;
  const told = (/** @type {string} */ kind, /** @type {number} */ households) => `${kind} · ${page.text("count_households", {count: page.number.whole(households)})}`;
  const entries = session.slots().map((slot) => {
    const text = session.parts[slot].name || session.parts[slot].id;
    return {rank: 0, label: told(page.one, session.figures(slot).households), text, key: fold(text), thing: slotThing(editor, slot)};
  });
  editor.unitNames.forEach((text, unit) => {
    if (text) entries.push({rank: 1, label: told(page.units.kind(unit), plan.households[unit]), text, key: fold(text), thing: /** @type {any} */ ({kind: "unit", index: unit, level: 0})});
  });
  return entries;
}

/** What a popup says of a community of the edited plan. @param {Editor} editor @param {number} slot */
export function slotContent(editor, slot) {
  const {page} = editor;
  const sheet = partSheet(editor);
  const row = editor.session.slots().indexOf(slot);
  if (row < 0) return element("div", "gp-popup-body");
  const pairs = sheet.cells().slice(1).map(({title, value, show}) => [title, show ? show(row) : value(row)]);
  return element("div", "gp-popup-body", [head(page, page.one, editor.labelOf(slot), ""), rows(pairs)]);
}
