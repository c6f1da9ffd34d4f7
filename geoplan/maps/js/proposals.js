/** Entry: the page of proposals for new boundaries. */
import {withEditor} from "./editor.js";
import {box} from "./packed.js";
import {anchorOf, arrive, partThing, readProposals} from "./redraw.js";
import {makePainters} from "./redrawmap.js";
import {makePanel} from "./redrawpanel.js";
import {content} from "./redrawpopup.js";
import {show, views} from "./show.js";
import {addSwipe, split} from "./swipe.js";

/** @import {Kind} from "./show.js" */
/** @import {Sheet} from "./table.js" */

/** @type {Kind} */
export const proposals = {
  read: readProposals,
  start: (page) => {
    const visible = {fill: true, moved: true, before: true, enclaves: true, units: true, barriers: true, streets: false, green: true, labels: true};
    return {chosen: page.alternatives.length > 1 ? 1 : 0, swipe: null, visible, selected: null};
  },
  painters: (page, state) => split(makePainters(page, state), state),
  panel: makePanel,
  content,
  arrive,
  sheets,
  geometryOf: (page) => page.units.geometry,
  anchorOf,
  stays: (thing) => thing.kind !== "part",
  atPointer: (thing) => thing.kind === "unit",
};

/** What the table beside the map can show. @param {any} page @param {any} state @returns {Sheet[]} */
function sheets(page, state) {
  const {text, units} = page;
  const now = () => page.alternatives[state.chosen];
  const parts = {
    title: text("communities"),
    get count() {
      return now().parts.count;
    },
    cells: () => {
      const table = now().parts;
      return [
        {title: text("name"), value: (i) => table.name(i)},
        {title: text("households"), value: (i) => table.households[i]},
        {title: text("households_today"), value: (i) => table.before[i]},
        {title: text("people"), value: (i) => table.people[i]},
        {title: text("mean_walk"), value: (i) => table.walk[i], show: (i) => (isNaN(table.walk[i]) ? "–" : page.number.tenth(table.walk[i]))},
        {title: text("pieces"), value: (i) => table.pieces[i]},
      ];
    },
    thing: (i) => partThing(page, state.chosen, i),
    box: (i) => now().parts.units[i].map((u) => box(units.geometry, u)).reduce(([w, n, e, s], b) => [Math.min(w, b[0]), Math.min(n, b[1]), Math.max(e, b[2]), Math.max(s, b[3])]),
  };
  const all = {
    title: text("layer_units"),
    count: units.geometry.count,
    cells: () => [
      {title: text("name"), value: (i) => units.name(i) || units.id(i)},
      {title: text("households"), value: (i) => units.households[i]},
      {title: text("people"), value: (i) => units.people[i]},
      {title: text("community_today"), value: (i) => page.alternatives[0].parts.name(page.alternatives[0].of[i])},
      {title: text("community_then"), value: (i) => now().parts.name(now().of[i])},
    ],
    thing: (index) => ({kind: "unit", index, level: 0}),
    box: (i) => box(units.geometry, i),
  };
  return [parts, all];
}

/**
 * Called by the folium map's own script.
 * @param {L.Map} map
 * @param {HTMLScriptElement} source holds the page's data
 */
export function showProposals(map, source) {
  const view = show(map, source, withEditor(proposals));
  if (view.page.alternatives.length > 1 && view.page.strings.swipe) addSwipe(view);
  return view;
}

export {views};
