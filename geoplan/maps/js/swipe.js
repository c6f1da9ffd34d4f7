/** Today on the left of a line, the alternative on its right, over one copy of the geometry. */
import {element} from "./popup.js";

/** @import {Painter} from "./canvas.js" */

/**
 * Painters that draw two states, each on its side of the line.
 * @param {Painter[]} painters @param {any} state @returns {Painter[]}
 */
export function split(painters, state) {
  return painters.map((painter) => ({
    ...painter,
    draw(view) {
      if (state.swipe === null || !state.chosen) {
        painter.draw(view);
        return;
      }
      const {ctx, width, height, margin} = view;
      const at = margin + state.swipe * (width - 2 * margin);
      const chosen = state.chosen;
      for (const [number, from, to] of [[0, 0, at], [chosen, at, width]]) {
        ctx.save();
        ctx.beginPath();
        ctx.rect(from, 0, to - from, height);
        ctx.clip();
        state.chosen = number;
        painter.draw(view);
        ctx.restore();
      }
      state.chosen = chosen;
    },
  }));
}

/**
 * The switch for it, and the line with its handle.
 * @param {any} view
 */
export function addSwipe(view) {
  const {map, page, state} = view;
  const box = map.getContainer();
  const range = element("input", "gp-swipe-range");
  Object.assign(range, {type: "range", min: "0", max: "100", step: "1", value: "50"});
  range.setAttribute("aria-label", page.text("swipe_at"));
  const line = element("div", "gp-swipe-line");
  const names = element("div", "gp-swipe-names", [element("span"), element("span")]);
  const all = element("div", "gp-swipe", [line, names, range]);
  all.hidden = true;
  box.append(all);
  L.DomEvent.disableClickPropagation(all);

  function place() {
    const shown = state.swipe !== null && state.chosen > 0;
    all.hidden = !shown;
    if (!shown) return;
    line.style.left = `${100 * state.swipe}%`;
    names.firstChild.textContent = page.text("today");
    names.lastChild.textContent = `${state.chosen} ${page.alternatives[state.chosen].name}`;
    names.style.left = `${100 * state.swipe}%`;
  }
  range.addEventListener("input", () => {
    state.swipe = Number(range.value) / 100;
    place();
    view.canvas.redraw();
  });
  const tick = element("input");
  Object.assign(tick, {type: "checkbox"});
  tick.dataset.swipe = "";
  tick.addEventListener("change", () => {
    state.swipe = tick.checked ? Number(range.value) / 100 : null;
    if (tick.checked && !state.chosen) state.chosen = 1;
    view.refresh();
    place();
    view.canvas.redraw();
  });
  const choice = view.side.querySelector(".gp-choice");
  choice.after(element("label", "gp-layer gp-swipe-switch", [tick, element("span", "gp-text", page.text("swipe"))]));
  view.fit(); // the panel has grown by a row
  map.on("move", () => state.swipe !== null && view.canvas.redraw());
  view.placeSwipe = place;
}
