/** The buttons at the map's edge: measure, table, full screen, print, picture. */
import {makeMeasure} from "./measure.js";
import {element} from "./popup.js";
import {makePng, printSheet} from "./sheet.js";

const SHAPES = {
  measure: "M3 17 17 3l4 4L7 21zM8 12l2 2M11 9l2 2M14 6l2 2",
  table: "M3 5h18v14H3zM3 10h18M3 14.5h18M9 10v9",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  print: "M7 9V3h10v6M7 17H4V9h16v8h-3M7 14h10v7H7z",
  picture: "M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 6",
};

/** @param {string} shape @returns {SVGElement} */
function icon(shape) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [name, value] of Object.entries({viewBox: "0 0 24 24", width: "22", height: "22", "aria-hidden": "true"})) node.setAttribute(name, value);
  for (const [name, value] of Object.entries({d: shape, fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linejoin": "round"})) path.setAttribute(name, value);
  node.append(path);
  return node;
}

/** A download of bytes under a name. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A title as a file name. @param {string} title */
export function fileName(title) {
  return Array.from(title.replace(/[\p{Cc}\p{Cf}\\/:*?"<>|\s]+/gu, " ").trim()).slice(0, 60).join("") || "map";
}

/**
 * @param {any} view
 * @param {{element: HTMLElement, toggle: () => void, active: () => boolean}|null} table
 */
export function addTools(view, table) {
  const {map, page} = view;
  const box = map.getContainer();
  const measure = makeMeasure(view);
  const dialog = printDialog(view);
  box.append(dialog);
  /** @type {[HTMLElement, () => boolean][]} */
  const toggles = [];

  function button(key, run, active) {
    const node = element("button", "gp-tool", icon(SHAPES[key]));
    node.type = "button";
    node.title = page.text(`tool_${key}`);
    node.setAttribute("aria-label", page.text(`tool_${key}`));
    node.addEventListener("click", run);
    if (active) toggles.push([node, active]);
    return node;
  }

  view.toolsChanged = () => toggles.forEach(([node, active]) => node.setAttribute("aria-pressed", String(active())));
  const buttons = [button("measure", measure.toggle, measure.active)];
  if (table) buttons.push(button("table", table.toggle, table.active));
  if (document.fullscreenEnabled) buttons.push(button("full", () => fullScreen(box), () => document.fullscreenElement === box));
  buttons.push(button("print", () => dialog.showModal(), null), button("picture", () => savePng(view), null));
  document.addEventListener("fullscreenchange", () => view.toolsChanged());
  const control = new L.Control({position: "topright"});
  control.onAdd = () => {
    const bar = element("div", "leaflet-bar gp-tools", buttons);
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", page.text("tools"));
    L.DomEvent.disableClickPropagation(bar);
    return bar;
  };
  control.addTo(map);
  view.toolsChanged();
}

function fullScreen(box) {
  if (document.fullscreenElement) document.exitFullscreen();
  else box.requestFullscreen();
}

function savePng(view) {
  makePng(view).toBlob((blob) => blob && download(blob, `${fileName(view.page.title)}.png`));
}

/** Paper, direction and extent, then print. @param {any} view @returns {HTMLDialogElement} */
function printDialog(view) {
  const {page} = view;
  const dialog = element("dialog", "gp-dialog");
  const id = `gp-print-${Math.round(view.page.origin[0])}`;
  const group = (name, choices) => element("fieldset", "gp-choices", [
    element("legend", "", page.text(`print_${name}`)),
    ...choices.map((value, k) => {
      const input = element("input");
      Object.assign(input, {type: "radio", name: `${id}-${name}`, value, checked: k === 0});
      return element("label", "", [input, element("span", "", page.text(`print_${value}`))]);
    }),
  ]);
  const chosen = (name) => /** @type {HTMLInputElement} */ (dialog.querySelector(`input[name="${id}-${name}"]:checked`)).value;
  const go = element("button", "gp-button gp-primary", page.text("print_go"));
  const close = element("button", "gp-button", page.text("close"));
  go.type = close.type = "button";
  close.addEventListener("click", () => dialog.close());
  go.addEventListener("click", () => {
    dialog.close();
    printSheet(view, {
      paper: /** @type {"a4"|"a3"} */ (chosen("paper")),
      landscape: chosen("direction") === "landscape",
      whole: chosen("extent") === "whole",
    });
  });
  dialog.append(
    element("h2", "", page.text("tool_print")),
    group("paper", ["a4", "a3"]),
    group("direction", ["landscape", "portrait"]),
    group("extent", ["whole", "screen"]),
    element("div", "gp-buttons", [close, go]),
  );
  L.DomEvent.disableClickPropagation(dialog);
  L.DomEvent.disableScrollPropagation(dialog);
  return dialog;
}
