/** Entry: the editor in a notebook. The model is anywidget's; edits go to Python as they happen, and come from it. */
import {withEditor} from "./editor.js";
import {element} from "./popup.js";
import {proposals} from "./proposals.js";
import {show} from "./show.js";

/**
 * @typedef {Object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: any) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, run: () => void) => void} on
 * @property {(event: string, run: () => void) => void} off
 */

const MAP = {
  zoomControl: false,
  zoomSnap: 0.25,
  wheelPxPerZoomLevel: 90,
  minZoom: 4,
  maxZoom: 20,
  attributionControl: false,
  fadeAnimation: false,
};

let count = 0;

/** @param {{model: Model, el: HTMLElement}} given @returns {() => void} what ends it */
export function render({model, el}) {
  const box = element("div", "gp-widget");
  box.style.height = model.get("height");
  el.append(box);
  const map = L.map(box, {...MAP, center: [0, 0], zoom: 14});
  const source = element("script");
  source.type = "application/json";
  source.id = `geoplan-widget-${++count}`;
  source.textContent = model.get("content");
  const view = show(map, source, withEditor(proposals, {always: true}));
  const {editor} = view.state;
  const known = model.get("_edited") || {};
  // Shown a second time, the editor goes on where the edits are now, not where the plan began.
  if (known.document) {
    editor.load(JSON.stringify(known.document));
    editor.aside = null;
  }
  let taken = known.taken || 0;
  /** A partition from Python becomes one edit, which can be undone like any other; each is done once, by its number. */
  const given = () => {
    const {number, parts, names} = model.get("_given") || {};
    if (!parts || number <= taken) return;
    taken = number;
    editor.answer(editor.session.assign(parts, names, false));
  };
  const send = () => {
    model.set("_edited", {...told(editor), taken});
    model.save_changes();
  };
  given();
  editor.listeners.push((why) => (why === "edits" || why === "note") && send());
  if (editor.session.canUndo) send();
  model.on("change:_given", given);
  // A cell's output has no size before it is shown.
  let sized = false;
  const watch = new ResizeObserver(() => {
    map.invalidateSize();
    if (!sized && box.clientWidth) map.fitBounds(view.page.bounds, {animate: false, paddingTopLeft: [view.side.offsetWidth + 28, 28]});
    sized = sized || box.clientWidth > 0;
  });
  watch.observe(box);
  return () => {
    model.off("change:_given", given);
    watch.disconnect();
    editor.stop();
    map.remove();
  };
}

/** Where every unit is now, and the edits that brought it there. */
function told(editor) {
  const {session} = editor;
  const ids = session.slots().map((slot) => session.parts[slot].id);
  const row = new Map(ids.map((id, k) => [id, k]));
  return {
    codes: Array.from(session.of, (slot) => row.get(session.parts[slot].id)),
    ids,
    names: session.slots().map((slot) => session.parts[slot].name),
    document: editor.document(),
  };
}
