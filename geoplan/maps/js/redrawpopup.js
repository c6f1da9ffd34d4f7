/** What a popup says about a unit or a community of a proposal. Every text is set as text, never as markup. */
import {element, head, rows, link} from "./popup.js";
import {partThing} from "./redraw.js";
import {ink} from "./redrawmap.js";

/** @import {RedrawState} from "./redraw.js" */

/** @param {any} page @param {RedrawState} state @param {any} thing @param {(thing: any) => void} go */
export function content(page, state, thing, go) {
  return element("div", "gp-popup-body", thing.kind === "part" ? part(page, thing) : unit(page, state, thing, go));
}

function whole(page, value) {
  return isNaN(value) ? "" : page.number.whole(value);
}

function minutes(page, value) {
  return isNaN(value) ? "" : page.text("minutes", {minutes: page.number.tenth(value)});
}

function chip(text, background) {
  const node = element("p", "gp-chip", [element("span", "gp-dot"), text]);
  node.firstChild.style.background = background;
  return node;
}

function unit(page, state, {index: i}, go) {
  const {units, alternatives} = page;
  const now = alternatives[state.chosen];
  const row = now.changeOf.get(i);
  const change = row === undefined ? null : now.changes;
  const partLink = (level) => {
    const at = alternatives[level].of[i];
    return link(page, alternatives[level].parts.name(at), partThing(page, level, at), go);
  };
  const moves = change ? chip(page.text("moves"), ink.moved) : chip(page.text("stays"), now.parts.colour[now.of[i]]);
  const mark = state.chosen ? moves : now.enclaves.has(i) ? chip(page.text("enclave"), ink.enclave) : "";
  return [
    head(page, units.kind(i), units.name(i) || units.id(i), mark),
    rows([
      [page.text("households"), whole(page, units.households[i])],
      [page.text("people"), whole(page, units.people[i])],
      [page.text("community_today"), element("bdi", "", alternatives[0].parts.name(alternatives[0].of[i]))],
      [page.text("community_then"), state.chosen ? partLink(state.chosen) : ""],
      [page.text("mends"), change ? change.mends(row) : ""],
      [page.text("reason"), change ? change.reason(row) : ""],
      [page.text("shared"), change && !isNaN(change.shared[row]) ? page.text("metres", {metres: whole(page, change.shared[row])}) : ""],
      [page.text("walk_before"), change ? minutes(page, change.before[row]) : ""],
      [page.text("walk_after"), change ? minutes(page, change.after[row]) : ""],
      [page.text("breaks"), change ? change.breaks(row) : ""],
      [page.text("id"), units.id(i)],
    ]),
    units.astride[i] ? element("p", "gp-warn", page.text("astride")) : "",
  ];
}

function part(page, {index: i, level}) {
  const {parts} = page.alternatives[level];
  let mark = parts.new[i] ? chip(page.text("new"), parts.colour[i]) : "";
  if (parts.outside[i]) mark = chip(page.text("outside"), ink.moved);
  return [
    head(page, page.one, parts.name(i), mark),
    rows([
      [page.text("households"), whole(page, parts.households[i])],
      [page.text("households_today"), level ? whole(page, parts.before[i]) : ""],
      [page.text("people"), whole(page, parts.people[i])],
      [page.text("mean_walk"), minutes(page, parts.walk[i])],
      [page.text("pieces"), String(parts.pieces[i])],
      [page.text("id"), parts.id(i)],
    ]),
  ];
}
