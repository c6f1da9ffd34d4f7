/** Entry: the page of proposals for new boundaries. */
import {withEditor} from "./editor.js";
import {anchorOf, arrive, readProposals} from "./redraw.js";
import {makePainters} from "./redrawmap.js";
import {makePanel} from "./redrawpanel.js";
import {content} from "./redrawpopup.js";
import {show, views} from "./show.js";

/** @import {Kind} from "./show.js" */

/** @type {Kind} */
export const proposals = {
  read: readProposals,
  start: (page) => {
    const visible = {fill: true, moved: true, before: true, enclaves: true, units: true, barriers: true, streets: false, labels: true};
    return {chosen: page.alternatives.length > 1 ? 1 : 0, visible, selected: null};
  },
  painters: makePainters,
  panel: makePanel,
  content,
  arrive,
  geometryOf: (page) => page.units.geometry,
  anchorOf,
  stays: (thing) => thing.kind !== "part",
  atPointer: (thing) => thing.kind === "unit",
};

/**
 * Called by the folium map's own script.
 * @param {L.Map} map
 * @param {HTMLScriptElement} source holds the page's data
 */
export function showProposals(map, source) {
  return show(map, source, withEditor(proposals));
}

export {views};
