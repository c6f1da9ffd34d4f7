/** The editor on a page of proposals: a button starts it, the panel and the map become its own, a button ends it. */
import {fill} from "./model.js";
import {box} from "./packed.js";
import {element, head, rows} from "./popup.js";
import {editPainters, watchPointer} from "./editmap.js";
import {makeEditPanel} from "./editpanel.js";
import {editedEntries, editedSheets, shares, slotContent} from "./editsheets.js";
import {Editor} from "./editstate.js";
import {fitWidth} from "./show.js";

/** @import {Kind} from "./show.js" */

/** A kind of page with an editor. @param {Kind} kind @param {{always?: boolean}} [options] `always`: the page is the editor and nothing else @returns {Kind} */
export function withEditor(kind, options) {
  return {
    ...kind,
    painters: (page, state) => {
      const plain = kind.painters(page, state).map((painter) => ({...painter, draw: (view) => !state.editor && painter.draw(view)}));
      return [...plain, ...editPainters(page, state)];
    },
    panel: (page, state, actions, id) => {
      const made = kind.panel(page, state, actions, id);
      state.panelId = id;
      if (page.edit) made.panel.append(startButton(page, () => startEditing(state.view, state.chosen, false)));
      return made;
    },
    content: (page, state, thing, go) => (state.editor ? content(state.editor, thing) : kind.content(page, state, thing, go)),
    arrive: (view, thing) => (view.state.editor || !kind.arrive ? thing : kind.arrive(view, thing)),
    click: (view, thing) => {
      const {editor} = view.state;
      if (!editor) return false;
      if (editor.tool === "click" && thing) editor.toggle(thing.index);
      return true;
    },
    sheets: (page, state) => (kind.sheets ? editedSheets(state, kind.sheets(page, state)) : []),
    searched: (state) => (state.editor ? editedEntries(state.editor) : null),
    anchorOf: (page, thing) => thing.at || kind.anchorOf(page, thing),
    told: (view) => (view.state.editor ? told(view.state.editor) : null),
    ready: (view) => {
      view.state.view = view;
      if (options && options.always) startEditing(view, view.page.edit.starts.length - 1, true);
    },
  };
}

function startButton(page, run) {
  const button = element("button", "gp-button gp-primary gp-edit-start", fill(page.edit.strings.edit, {}));
  button.type = "button";
  button.addEventListener("click", run);
  return button;
}

/** Turn the page into the editor. @param {any} view @param {number} which @param {boolean} always */
export function startEditing(view, which, always) {
  const {page, state, map, side} = view;
  const editor = new Editor(page, which);
  state.editor = editor;
  if (view.popup) view.popup.remove();
  const plain = side.querySelector(".gp-panel");
  const unwatch = watchPointer(view, editor);
  const {panel, refresh} = makeEditPanel(editor, {
    id: `${state.panelId}-edit`,
    go: (units) => showUnits(view, units),
    table: view.table ? () => view.table.toggle() : null,
    tool: () => (editor.tool === "click" ? map.dragging.enable() : map.dragging.disable()),
    leave: always ? null : () => stop(),
  });
  editor.listeners.push((why) => {
    refresh(why);
    if (why === "edits") view.changed();
    else if (why !== "note" && why !== "kept") view.canvas.redraw();
  });
  const keys = (event) => onKey(event, editor);
  const save = () => editor.save();
  const elsewhere = (event) => editor.heard(event.key);
  window.addEventListener("storage", elsewhere);
  document.addEventListener("keydown", keys);
  window.addEventListener("pagehide", save);
  const stop = () => {
    editor.save();
    unwatch();
    document.removeEventListener("keydown", keys);
    window.removeEventListener("pagehide", save);
    window.removeEventListener("storage", elsewhere);
    view.select(null);
    panel.remove();
    plain.hidden = false;
    map.getContainer().classList.remove("gp-editing");
    state.editor = null;
    fitWidth(view);
    view.changed();
    const button = plain.querySelector(".gp-edit-start");
    if (button) button.focus();
  };
  plain.hidden = true;
  map.getContainer().classList.add("gp-editing");
  plain.before(panel);
  editor.stop = stop;
  fitWidth(view);
  // On a phone the editor's panel leaves another room than the plain one.
  if (map.getContainer().classList.contains("gp-narrow")) view.refit();
  view.select(null);
  view.changed();
  if (!always) panel.querySelector("button, select").focus();
  return editor;
}

/** Title and totals of the plan as it is edited, for a sheet or a picture. @param {Editor} editor */
function told(editor) {
  const {page, session, plan} = editor;
  const {whole, tenth, percent} = page.number;
  const now = session.totals();
  const values = {town: page.title, plan: editor.planName, count: whole(session.done.length)};
  const lines = [
    editor.text("said_totals", {parts: whole(now.parts), moved: whole(now.moved), outside: whole(now.outside), detached: whole(now.detached)}),
    now.households > 0 ? `${editor.text("t_moved")}: ${whole(now.moved)} (${percent(now.moved / now.households)})` : "",
    `${editor.text("t_boundary")}: ${tenth(now.boundary_m / 1000)}`,
  ];
  const circles = plan.minutes.map((minutes) => page.number.plain(minutes)).join(" / ");
  if (now.served_own) lines.push(`${editor.text("t_own", {minutes: circles})}: ${shares(page.number, now.served_own, now.households)}`);
  if (session.preliminary().length) lines.push(editor.text("preliminary"));
  const limits = {lower: whole(plan.lower), upper: whole(plan.upper)};
  return {
    title: editor.text(session.done.length ? "sheet_edited" : "sheet_plan", values),
    lines: lines.filter(Boolean),
    brief: editor.text(Number.isFinite(plan.upper) ? "range" : "range_open", limits),
  };
}

/** Undo and redo by keyboard; Escape chooses none. @param {KeyboardEvent} event @param {Editor} editor */
function onKey(event, editor) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.matches("input[type=text], input[type=search], textarea")) return;
  const key = event.key.toLowerCase();
  if (key === "escape" && editor.chosen.size) editor.choose([]);
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  if (key === "z" && !event.shiftKey) editor.undo();
  else if (key === "y" || key === "z") editor.redo();
  else return;
  event.preventDefault();
}

/** Move the map to some units. @param {any} view @param {number[]} units */
function showUnits({map, page, padding}, units) {
  if (!units.length) return;
  const bounds = L.latLngBounds([]);
  for (const unit of units) {
    const [west, north, east, south] = box(page.units.geometry, unit);
    bounds.extend(map.unproject(L.point(west, south), 0)).extend(map.unproject(L.point(east, north), 0));
  }
  map.fitBounds(bounds, {maxZoom: 17, animate: false, ...padding()});
}

/** What a popup says while the plan is edited. @param {Editor} editor @param {any} thing */
function content(editor, thing) {
  const {page, session, plan} = editor;
  if (thing.kind === "slot") return slotContent(editor, thing.index);
  const i = thing.index;
  const part = session.parts[session.of[i]];
  return element("div", "gp-popup-body", [
    head(page, page.units.kind(i), editor.unitNames[i], ""),
    rows([
      [page.text("households"), page.number.whole(plan.households[i])],
      [page.text("people"), page.number.whole(plan.people[i])],
      [page.text("community_today"), page.edit.baseNames[plan.base[i]]],
      [page.text("community_then"), part.name || part.id],
      [page.text("id"), editor.unitIds[i]],
    ]),
  ]);
}
