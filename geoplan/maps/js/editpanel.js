/** The editor's panel: choose, give, undo, the live totals, warnings, communities, centres, edits and files. */
import {decoded} from "./editcsv.js";
import {fileName, toCsv, toJson} from "./editfile.js";
import {siteMark} from "./editmap.js";
import {shares} from "./editsheets.js";
import {drawn, fold, swatch, toggle} from "./panel.js";
import {element, nameNode} from "./popup.js";
import {ink} from "./redrawmap.js";
import {hatched} from "./redrawpanel.js";
import {fold as foldText} from "./search.js";

/** @import {Editor} from "./editstate.js" */

const NONE = "–";
const LISTED = 400; // units in the list at once
const SHOWN = 60; // edits and warnings shown at once
const NEWS = 2; // new warnings told with an edit

/**
 * @param {Editor} editor
 * @param {{id: string, go: (units: number[]) => void, table: (() => void)|null, tool: () => void, leave: (() => void)|null}} actions
 */
export function makeEditPanel(editor, actions) {
  /** @type {Record<string, (() => void)[]>} */
  const refreshers = {edits: [], chosen: [], said: [], kept: []};
  const context = {
    editor,
    actions,
    text: (key, values) => editor.text(key, values),
    number: editor.page.number,
    on: (whys, run) => {
      for (const why of whys) refreshers[why].push(run);
      run();
    },
  };
  const more = element("div", "gp-more", [
    warnings(context),
    section(context, context.text("table"), communities, true),
    section(context, context.text("units_list"), unitList, false),
    section(context, context.text("more_edits"), partEdits, false),
    editor.plan.sites.length ? section(context, context.text("centres"), centres, false) : "",
    history(context),
    section(context, context.text("files"), files, false),
    section(context, editor.page.text("layers"), legend, false),
  ]);
  more.id = `${actions.id}-edit-more`;
  // What is unfolded at the lower end would open out of sight.
  const reveal = ({target}) => target.open && target.contains(document.activeElement) && target.scrollIntoView({block: "nearest"});
  more.addEventListener("toggle", reveal, true);
  const main = element("div", "gp-main", [head(context), totals(context), undoRow(context), tools(context), giving(context), said(context)]);
  const panel = element("section", "gp-panel gp-editor", [toggle(editor.page, more), main, more]);
  panel.setAttribute("aria-label", context.text("editor", {plan: editor.planName}));
  const refresh = (why) => {
    for (const run of refreshers[why] || []) run();
    if (why !== "said" && why !== "kept" && why !== "note") for (const run of refreshers.said) run();
  };
  return {panel, refresh};
}

/** Renew what is in a fold while it is open, and once it is opened: what nobody sees costs no time. */
function whenOpen(context, details, whys, run) {
  let stale = true;
  const renew = () => {
    stale = !details.open;
    if (details.open) run();
  };
  details.addEventListener("toggle", () => stale && renew());
  context.on(whys, renew);
}

/** A fold whose content is renewed while it is open. @param {any} context @param {string} label @param {(context: any) => HTMLElement} make @param {boolean} open */
function section(context, label, make, open) {
  const details = fold(label, "", open);
  details.append(make({...context, on: (whys, run) => whenOpen(context, details, whys, run)}));
  return details;
}

/** A button of the house. @param {any} label @param {() => any} run @param {string} [className] */
function button(label, run, className) {
  const node = element("button", `gp-button ${className || ""}`, label);
  node.type = "button";
  node.addEventListener("click", run);
  return node;
}

/** A control with its label above it. @param {string} label @param {HTMLElement} control @param {boolean} [hidden] */
function labelled(label, control, hidden) {
  return element("label", "gp-field", [element("span", hidden ? "gp-hidden" : "", label), control]);
}

/** Options of a select, the choice kept where it is still there. @param {HTMLSelectElement} select @param {any[]} rows value and label, or a group @param {string} [wanted] */
function setOptions(select, rows, wanted) {
  const option = (/** @type {any} */ [value, label]) => {
    const node = element("option", "", label);
    node.value = value;
    return node;
  };
  const nodes = rows.filter(Boolean).map((row) => {
    if (Array.isArray(row)) return option(row);
    const group = element("optgroup", "", row.options.map(option));
    group.label = row.label;
    return group;
  });
  const before = wanted === undefined ? select.value : wanted;
  select.replaceChildren(...nodes);
  if ([...select.options].some((node) => node.value === before)) select.value = before;
}

const partOptions = (editor) =>
  editor.session.slots().map((slot) => {
    return [editor.session.parts[slot].id, editor.labelOf(slot)];
  });

function head({editor, actions, text}) {
  const title = element("h1", "", nameNode(text("editor", {plan: editor.planName})));
  return element("header", "gp-title gp-edit-head", [title, actions.leave ? button(text("leave"), actions.leave) : ""]);
}

function totals({editor, text, number, on}) {
  const list = element("dl", "gp-totals");
  list.setAttribute("aria-label", text("totals"));
  const {minutes} = editor.plan;
  const circles = minutes.map((m) => number.plain(m)).join(" / ");
  const rows = [
    ["t_households", (t) => number.whole(t.households)],
    ["t_people", (t) => number.whole(t.people)],
    ["t_moved", (t) => `${number.whole(t.moved)} (${t.households > 0 ? number.percent(t.moved / t.households) : NONE})`],
    ["t_outside", (t) => number.whole(t.outside)],
    ["t_detached", (t) => number.whole(t.detached)],
    ["t_boundary", (t) => number.tenth(t.boundary_m / 1000)],
  ];
  if (editor.plan.walkers) {
    rows.push(["t_any", (t) => shares(number, t.served_any, t.households), "served_any"]);
    rows.push(["t_own", (t) => shares(number, t.served_own, t.households), "served_own"]);
  }
  if (editor.plan.walk) rows.push(["t_walk", (t) => (Number.isNaN(t.walk_min) ? NONE : number.tenth(t.walk_min)), "walk_min"]);
  const cells = rows.map(([key]) => {
    const value = element("dd", "");
    const label = element("dt", "", text(/** @type {string} */ (key), {minutes: circles}));
    if (key === "t_detached") label.title = text("detached_help");
    list.append(element("div", "", [label, value]));
    return value;
  });
  const doubt = element("p", "gp-left");
  on(["edits"], () => {
    const now = editor.session.totals();
    const open = editor.session.preliminary();
    rows.forEach(([, show, name], k) => {
      const sign = open.includes(/** @type {string} */ (name)) ? "≈ " : "";
      cells[k].textContent = sign + /** @type {(t: any) => string} */ (show)(now);
    });
    doubt.textContent = open.length ? `≈ ${text("preliminary")}` : "";
  });
  return element("div", "gp-figures", [list, doubt]);
}

function undoRow({editor, text, on}) {
  const undo = button(text("undo"), () => editor.undo());
  const redo = button(text("redo"), () => editor.redo());
  undo.setAttribute("aria-keyshortcuts", "Control+Z");
  redo.setAttribute("aria-keyshortcuts", "Control+Y");
  // A disabled button would lose the keyboard's focus when it has undone the last edit.
  on(["edits"], () => {
    undo.setAttribute("aria-disabled", String(!editor.session.canUndo));
    redo.setAttribute("aria-disabled", String(!editor.session.canRedo));
  });
  return element("div", "gp-row", [undo, redo]);
}

function tools({editor, actions, text}) {
  const group = element("fieldset", "gp-minutes gp-edit-tools", element("legend", "gp-hidden", text("tools")));
  for (const tool of /** @type {const} */ (["click", "brush", "box"])) {
    const input = element("input");
    Object.assign(input, {type: "radio", name: `${actions.id}-tool`, value: tool, checked: editor.tool === tool});
    input.addEventListener("change", () => {
      editor.tool = tool;
      actions.tool();
    });
    group.append(element("label", "", [input, element("span", "gp-face", element("b", "", text(`tool_${tool}`)))]));
  }
  return group;
}

/** What is chosen, and who gets it. */
function giving({editor, actions, text, number, on}) {
  const line = element("p", "gp-chosen-line");
  const select = element("select", "gp-select");
  const give = button(text("give"), () => editor.answer(editor.session.give(editor.chosen, editor.target), true), "gp-primary");
  const create = button(text("create"), () => {
    const count = editor.session.done.filter((edit) => edit.kind === "new").length + 1;
    editor.answer(editor.session.create(editor.chosen, text("new_name", {number: count})), true);
  });
  const none = button(text("choose_none"), () => editor.choose([]));
  select.id = `${actions.id}-target`;
  select.addEventListener("change", () => (editor.target = select.value));
  on(["edits", "chosen"], () => {
    const {size} = editor.chosen;
    line.textContent = size ? text("chosen", {count: number.whole(size), households: number.whole(editor.households())}) : text("chosen_none");
    const every = partOptions(editor);
    const beside = new Set(editor.beside());
    const near = [...beside].map((id) => every.find(([value]) => value === id)).filter(Boolean);
    const others = every.filter(([id]) => !beside.has(id));
    if (!every.some(([id]) => id === editor.target)) editor.target = every.length ? every[0][0] : "";
    const rows = near.length ? [{label: text("beside"), options: near}, {label: text("others"), options: others}] : every;
    setOptions(select, rows, editor.target);
  });
  return element("div", "gp-give", [line, element("div", "gp-row", [labelled(text("target"), select), give]), element("div", "gp-row", [create, none])]);
}

/** A sentence whose names run in their own direction and leave the rest as it is. @param {string} sentence @param {string[]} names @returns {(string|HTMLElement)[]} */
function isolated(sentence, names) {
  const nodes = [];
  let rest = sentence;
  while (rest) {
    const places = names.filter(Boolean).map((name) => ({name, at: rest.indexOf(name)})).filter(({at}) => at >= 0);
    const [first] = places.sort((a, b) => a.at - b.at || b.name.length - a.name.length);
    if (!first) return [...nodes, rest];
    nodes.push(rest.slice(0, first.at), element("bdi", "", first.name));
    rest = rest.slice(first.at + first.name.length);
  }
  return nodes;
}

/** What came of the last edit, said aloud with the totals. */
function said({editor, text, number, on}) {
  const what = element("p", "gp-said");
  const news = element("div", "gp-news");
  const sums = element("p", "gp-hidden gp-said-totals");
  // It keeps its height, so that no control moves when there is more to say.
  const live = element("div", "gp-live", [what, news, sums]);
  live.tabIndex = 0;
  live.setAttribute("role", "status");
  live.setAttribute("aria-live", "polite");
  live.setAttribute("aria-atomic", "true");
  on(["said", "edits"], () => {
    const {parts, moved, outside, detached} = editor.session.totals();
    what.replaceChildren(...isolated(editor.said, editor.saidNames));
    const lines = editor.news.slice(0, NEWS).map((warning) => isolated(text("warn_new", {text: editor.warning(warning)}), [warning.about, ...warning.others]));
    if (editor.news.length > NEWS) lines.push([text("warn_more", {count: number.whole(editor.news.length - NEWS)})]);
    news.replaceChildren(...lines.map((line) => element("p", "", line)));
    live.scrollTop = 0;
    sums.textContent = text("said_totals", {parts: number.whole(parts), moved: number.whole(moved), outside: number.whole(outside), detached: number.whole(detached)});
  });
  return live;
}

/** What is new since the plan was opened comes first. */
function warnings(context) {
  const {editor, actions, text, number, on} = context;
  const box = element("div", "gp-units");
  const details = fold("", box, false);
  const isNew = ({key}) => !editor.warned.has(key);
  on(["edits"], () => {
    const fresh = editor.warnings.filter(isNew);
    const count = number.whole(editor.warnings.length);
    details.firstChild.textContent = fresh.length ? text("warnings_new", {count, new: number.whole(fresh.length)}) : text("warnings", {count});
  });
  whenOpen(context, details, ["edits"], () => {
    const fresh = editor.warnings.filter(isNew);
    const rows = [...fresh, ...editor.warnings.filter((warning) => !isNew(warning))];
    const nodes = rows.slice(0, SHOWN).map((warning, k) => {
      const label = editor.warning(warning);
      const shown = nameNode(k < fresh.length ? text("warn_new", {text: label}) : label);
      return button(shown, () => actions.go([...warning.units]), "gp-line-button gp-out");
    });
    box.replaceChildren(...(nodes.length ? nodes : [element("p", "gp-note", text("no_warnings"))]));
  });
  return details;
}

/** A row a community with what fits the panel, the rest is in the table beside the map; only cells that changed are written. */
function communities({editor, actions, text, number, on}) {
  /** @type {[string, (part: any) => string][]} */
  const columns = [
    ["h_households", (p) => number.whole(p.households)],
    ["h_moved", (p) => number.whole(p.moved)],
    ["h_pieces", (p) => number.whole(p.pieces)],
  ];
  const heads = columns.map(([key]) => element("th", "", text(key)));
  const first = element("th", "", text("h_name"));
  for (const cell of [first, ...heads]) cell.scope = "col";
  const body = element("tbody");
  const rows = new Map();
  const makeRow = (slot) => {
    const name = button("", () => actions.go([...editor.session.parts[slot].members]), "gp-line-button");
    const th = element("th", "", name);
    th.scope = "row";
    const cells = columns.map(() => element("td"));
    return {node: element("tr", "", [th, ...cells]), name, cells};
  };
  const set = (node, value) => node.textContent !== value && (node.textContent = value);
  on(["edits"], () => {
    const slots = editor.session.slots();
    const wanted = slots.map((slot) => {
      if (!rows.has(editor.session.parts[slot])) rows.set(editor.session.parts[slot], makeRow(slot));
      const row = rows.get(editor.session.parts[slot]);
      const part = editor.session.figures(slot);
      set(row.name, editor.labelOf(slot));
      columns.forEach(([, show], k) => set(row.cells[k], show(part)));
      row.cells[0].classList.toggle("gp-out", part.range !== 0);
      row.cells.at(-1).classList.toggle("gp-out", part.pieces > 1);
      return row.node;
    });
    if (wanted.length !== body.children.length || wanted.some((node, k) => node !== body.children[k])) body.replaceChildren(...wanted);
  });
  const table = element("table", "gp-compared gp-edit-table", [element("thead", "", element("tr", "", [first, ...heads])), body]);
  const scroll = element("div", "gp-scroll", table);
  Object.assign(scroll, {tabIndex: 0, role: "region"});
  scroll.setAttribute("aria-label", text("table"));
  return element("div", "", [actions.table ? element("div", "gp-form", button(text("all_figures"), actions.table, "gp-all-figures")) : "", scroll]);
}

/** Units by name: the way to choose without a pointer. */
function unitList({editor, actions, text, number, on}) {
  const filter = element("input", "gp-input");
  filter.type = "search";
  const of = element("select", "gp-select");
  const list = element("select", "gp-select gp-unit-list");
  Object.assign(list, {multiple: true, size: 8});
  const more = element("p", "gp-note");
  const keys = editor.unitNames.map((name, i) => foldText(`${name} ${editor.unitIds[i]}`));
  const fill = () => {
    setOptions(of, [["", text("all_parts")], ...partOptions(editor)]);
    const query = foldText(filter.value.trim());
    const slot = of.value ? editor.session.slot(of.value) : -1;
    const found = [];
    for (let i = 0; i < keys.length; i++) {
      if ((slot < 0 || editor.session.of[i] === slot) && (!query || keys[i].includes(query))) found.push(i);
    }
    const options = found.slice(0, LISTED).map((i) => {
      const part = editor.session.parts[editor.session.of[i]];
      const node = element("option", "", `${editor.unitNames[i] || editor.unitIds[i]} · ${number.whole(editor.plan.households[i])} · ${part.name || part.id}`);
      node.value = String(i);
      node.selected = editor.chosen.has(i);
      return node;
    });
    list.replaceChildren(...options);
    more.textContent = found.length > LISTED ? text("units_more", {count: number.whole(found.length - LISTED)}) : "";
  };
  filter.addEventListener("input", fill);
  of.addEventListener("change", fill);
  let mine = false;
  list.addEventListener("change", () => {
    const listed = new Set([...list.options].map((node) => Number(node.value)));
    const kept = [...editor.chosen].filter((unit) => !listed.has(unit));
    mine = true;
    editor.choose([...kept, ...[...list.selectedOptions].map((node) => Number(node.value))]);
    mine = false;
  });
  on(["edits", "chosen"], () => {
    if (mine) return;
    const at = list.scrollTop;
    fill();
    list.scrollTop = at;
  });
  const show = button(text("show"), () => editor.chosen.size && actions.go([...editor.chosen]));
  return element("div", "gp-form", [
    element("p", "gp-note", text("tool_help")),
    labelled(text("filter"), filter),
    labelled(text("filter_of"), of),
    labelled(text("units_list"), list, true),
    more,
    show,
  ]);
}

/** Merge, lock and rename. */
function partEdits({editor, text, on}) {
  const part = element("select", "gp-select");
  const into = element("select", "gp-select");
  const name = element("input", "gp-input");
  name.type = "text";
  on(["edits"], () => {
    setOptions(part, partOptions(editor));
    setOptions(into, partOptions(editor));
  });
  return element("div", "gp-form", [
    labelled(text("target"), part),
    element("div", "gp-row", [
      button(text("lock"), () => editor.answer(editor.session.setLocked(part.value, true))),
      button(text("unlock"), () => editor.answer(editor.session.setLocked(part.value, false))),
    ]),
    labelled(text("merge_into"), into),
    button(text("merge"), () => editor.answer(editor.session.merge(part.value, into.value))),
    labelled(text("rename_to"), name),
    button(text("rename"), () => editor.answer(editor.session.rename(part.value, name.value))),
    element("div", "gp-row", [button(text("lock_all"), () => editor.lockAll(true)), button(text("unlock_all"), () => editor.lockAll(false))]),
  ]);
}

function centres({editor, text, on}) {
  const site = element("select", "gp-select");
  const other = element("select", "gp-select");
  on(["edits"], () => {
    const rows = editor.plan.sites.map((row, k) => {
      const key = editor.session.open[k] ? "site_open" : row.candidate ? "site_candidate" : "site_closed";
      return [row.id, text(key, {name: row.name || row.id})];
    });
    setOptions(site, rows);
    setOptions(other, rows.filter((_, k) => !editor.session.open[k]));
  });
  return element("div", "gp-form", [
    labelled(text("centre"), site),
    element("div", "gp-row", [
      button(text("centre_open"), () => editor.answer(editor.session.openCentre(site.value))),
      button(text("centre_close"), () => editor.answer(editor.session.closeCentre(site.value))),
    ]),
    labelled(text("centre_to"), other),
    button(text("centre_move"), () => editor.answer(editor.session.moveCentre(site.value, other.value))),
  ]);
}

/** The edits, the last first, each with room for a note. */
function history(context) {
  const {editor, text, number, on} = context;
  const box = element("ol", "gp-history");
  box.reversed = true;
  const details = fold("", box, false);
  on(["edits"], () => {
    details.firstChild.textContent = text("history", {count: number.whole(editor.session.done.length)});
  });
  whenOpen(context, details, ["edits"], () => {
    const {done} = editor.session;
    const nodes = [...done.keys()].slice(-SHOWN).reverse().map((k) => {
      const note = element("input", "gp-input");
      Object.assign(note, {type: "text", value: done[k].note || "", placeholder: text("note")});
      const label = editor.describe(done[k]);
      note.setAttribute("aria-label", `${text("note")}: ${label}`);
      note.addEventListener("input", () => editor.session.setNote(k, note.value.trim()));
      const node = element("li", "", [nameNode(label), note]);
      node.value = k + 1;
      return node;
    });
    box.replaceChildren(...(nodes.length ? nodes : [element("p", "gp-note", text("history_none"))]));
  });
  return details;
}

function legend({editor, text}) {
  const rows = [
    [editor.page.text("boundary"), swatch("gp-line gp-bound")],
    [text("l_chosen"), swatch("gp-chosen-swatch")],
    [text("l_moved"), hatched(ink.moved, 1)],
    [text("l_detached"), hatched(ink.enclave, -1)],
  ];
  if (editor.plan.sites.length) {
    rows.push([text("l_centre"), drawn((ctx) => siteMark(ctx, 13, 11, true))]);
    rows.push([text("l_site"), drawn((ctx) => siteMark(ctx, 13, 11, false))]);
  }
  const nodes = rows.map(([label, symbol]) => element("div", "gp-layer gp-fixed", [element("span", "gp-text", label), symbol]));
  return element("div", "gp-legend", [...nodes, element("p", "gp-note", text("detached_help"))]);
}

/** @param {string} name @param {string} content @param {string} type */
function download(name, content, type) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([content], {type}));
  link.download = name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function files({editor, text, number, on}) {
  const name = (ending) => fileName(text("file_name", {town: editor.page.edit.town, plan: editor.planName}), ending);
  const input = element("input", "gp-hidden");
  Object.assign(input, {type: "file", accept: ".json,.csv,application/json,text/csv", tabIndex: -1});
  input.setAttribute("aria-hidden", "true");
  input.addEventListener("change", async () => {
    const file = input.files && input.files[0];
    if (!file) return;
    editor.load(decoded(await file.arrayBuffer()));
    input.value = "";
  });
  const kept = element("p", "gp-note");
  on(["edits", "kept"], () => (kept.textContent = text(editor.elsewhere ? "other_tab" : editor.keeps ? "kept" : "not_kept")));
  const back = button("", () => editor.aside && editor.load(JSON.stringify(editor.aside)));
  on(["edits", "chosen"], () => {
    back.hidden = !editor.aside;
    back.textContent = editor.aside ? text("bring_back", {count: number.whole(editor.aside.edits.length)}) : "";
  });
  return element("div", "gp-form", [
    kept,
    button(text("download_json"), () => download(name(".json"), toJson(editor.document()), "application/json"), "gp-download-json"),
    button(text("download_csv"), () => download(name(".csv"), toCsv(editor.session, editor.document()), "text/csv"), "gp-download-csv"),
    button(text("load"), () => input.click()),
    input,
    back,
  ]);
}
