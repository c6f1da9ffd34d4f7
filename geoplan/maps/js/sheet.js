/** The sheet that is printed: one whole page with title, map, legend, scale bar, north arrow, dates and source. */
import {drawPicture, boxOnScreen, fit, metresPerPixel, paintersOf, scaleBar} from "./picture.js";
import {element, nameNode} from "./popup.js";

const PIXELS_PER_MM = 96 / 25.4;
const MARGIN_MM = 10;
const LEGEND_MM = 62;
const HEAD_MM = 17;
const FOOT_MM = 17;
const PAPER = {a4: [210, 297], a3: [297, 420]};

/** @typedef {{paper: "a4"|"a3", landscape: boolean, whole: boolean}} Choice */

/** Millimetres that the map has on a sheet. @param {Choice} choice */
export function mapSize({paper, landscape}) {
  const [short, long] = PAPER[paper];
  const [width, height] = landscape ? [long, short] : [short, long];
  // A hair less than the page holds: browsers round, and a second, empty page would follow.
  const [inner, high] = [width - 2 * MARGIN_MM, height - 2 * MARGIN_MM - 1];
  if (landscape) return {width: inner - LEGEND_MM - 4, height: high - HEAD_MM - FOOT_MM, inner, high};
  return {width: inner, height: high - HEAD_MM - FOOT_MM - LEGEND_MM - 4, inner, high};
}

/** @param {any} view @param {Choice} choice @param {Date} day of printing @returns {HTMLElement} */
export function makeSheet(view, choice, day) {
  const {map, page} = view;
  const size = mapSize(choice);
  const box = choice.whole ? worldBox(map, page.bounds) : boxOnScreen(map);
  const frame = {width: size.width * PIXELS_PER_MM, height: size.height * PIXELS_PER_MM, ratio: 2, box};
  const {canvas, metres} = drawPicture(paintersOf(map), frame, "#efece5");
  canvas.className = "gp-sheet-map";
  millimetres(canvas, size.width, size.height);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", page.title);
  const legend = element("div", "gp-sheet-legend", [element("h2", "", page.text("legend")), ...legendRows(view.side)]);
  const body = element("div", "gp-sheet-body", [element("div", "gp-sheet-frame", [canvas, northArrow(page), bar(page, metres)]), legend]);
  const name = `gp-sheet gp-sheet-${choice.paper}-${choice.landscape ? "landscape" : "portrait"}`;
  const sheet = element("div", name, [head(view), body, foot(page, day)]);
  millimetres(sheet, size.inner, size.high);
  return sheet;
}

/** World box of bounds. @param {L.Map} map @param {number[][]} bounds */
function worldBox(map, [low, high]) {
  const [a, b] = [map.project(L.latLng(low[0], low[1]), 0), map.project(L.latLng(high[0], high[1]), 0)];
  const [wide, tall] = [0.03 * (b.x - a.x), 0.03 * (a.y - b.y)];
  return [a.x - wide, b.y - tall, b.x + wide, a.y + tall];
}

function millimetres(node, width, height) {
  node.style.width = `${width}mm`;
  node.style.height = `${height}mm`;
}

/** The title, and the answer that the panel gives now. */
function head({page, side}) {
  const said = Array.from(side.querySelectorAll(".gp-headline p"), (node) => node.textContent.trim()).filter(Boolean);
  return element("header", "gp-sheet-head", [element("h1", "", nameNode(page.title)), element("p", "", nameNode(said.join(" · ")))]);
}

function foot(page, day) {
  const dates = [page.date ? page.text("as_of", {date: page.date}) : "", page.text("printed_on", {date: day.toLocaleDateString(page.language)})];
  const said = page.notices.filter((notice) => notice.everywhere).map((notice) => notice.text);
  return element("footer", "gp-sheet-foot", [
    element("p", "", nameNode([...dates, page.source || "", page.brief || brief(page)].filter(Boolean).join(" · "))),
    element("p", "", nameNode(said.join(" · "))),
  ]);
}

function brief(page) {
  return (page.basis || []).map(([, value]) => value).join(" · ");
}

/** Rows of the legend whose layers are shown, without their boxes. @param {HTMLElement} side */
export function legendRows(side) {
  const legend = side.querySelector(".gp-legend");
  /** @type {HTMLElement[]} */
  const rows = [];
  let shown = true;
  for (const node of legend ? Array.from(legend.children) : []) {
    const input = node.querySelector("input");
    if (node.classList.contains("gp-layer")) shown = !input || input.checked;
    if (shown) rows.push(copied(node));
  }
  return rows;
}

/** A copy with what is drawn on its canvases. */
function copied(node) {
  const copy = node.cloneNode(true);
  copy.querySelectorAll("input").forEach((input) => input.remove());
  const drawn = node.querySelectorAll("canvas");
  copy.querySelectorAll("canvas").forEach((canvas, k) => {
    const ctx = canvas.getContext("2d");
    ctx.drawImage(drawn[k], 0, 0);
  });
  return copy;
}

function northArrow(page) {
  const arrow = element("div", "gp-north", [element("span", "", "▲"), element("b", "", page.text("north"))]);
  return arrow;
}

function bar(page, metres) {
  const {length, pixels} = scaleBar(metres, 180);
  const text = length >= 1000 ? page.text("kilometres", {count: page.number.plain(length / 1000)}) : page.text("metres_long", {metres: page.number.plain(length)});
  const node = element("div", "gp-bar-scale", element("span", "", text));
  node.style.width = `${pixels}px`;
  return node;
}

/** Print, and put the page back afterwards. @param {any} view @param {Choice} choice */
export function printSheet(view, choice) {
  const sheet = makeSheet(view, choice, new Date());
  document.body.append(sheet);
  document.documentElement.classList.add("gp-printing");
  const done = () => {
    sheet.remove();
    document.documentElement.classList.remove("gp-printing");
    window.removeEventListener("afterprint", done);
  };
  window.addEventListener("afterprint", done);
  window.print();
}

/** What is on the screen as a PNG, with title, scale bar, north arrow and credits. @param {any} view @returns {HTMLCanvasElement} */
export function makePng(view) {
  const {map, page} = view;
  const size = map.getSize();
  const frame = {width: Math.max(size.x, 600), height: Math.max(size.y, 450), ratio: 2, box: boxOnScreen(map)};
  const {canvas} = drawPicture(paintersOf(map), frame, "#efece5");
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.setTransform(2, 0, 0, 2, 0, 0);
  const {scale, y} = fit(frame);
  const {length, pixels} = scaleBar(metresPerPixel(y, scale), 180);
  const credits = page.notices.filter((notice) => notice.credit || notice.everywhere).map((notice) => notice.text);
  ctx.textBaseline = "middle";
  label(ctx, `${page.title}${page.date ? ` · ${page.date}` : ""}`, 14, 24, 18, frame.width - 80);
  label(ctx, [...new Set(credits)].join(" · "), 14, frame.height - 16, 12, frame.width - 260);
  const x = frame.width - pixels - 20;
  ctx.fillStyle = "#26221c";
  ctx.fillRect(x, frame.height - 14, pixels, 3);
  label(ctx, length >= 1000 ? `${length / 1000} km` : `${length} m`, x, frame.height - 26, 12, 200);
  label(ctx, "▲", frame.width - 34, 22, 18, 40);
  label(ctx, page.text("north"), frame.width - 32, 40, 13, 40);
  return canvas;
}

function label(ctx, text, x, y, size, most) {
  ctx.font = `600 ${size}px "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",system-ui,sans-serif`;
  ctx.lineWidth = 4;
  ctx.lineJoin = "round";
  ctx.strokeStyle = "rgba(255,255,255,0.92)";
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  ctx.strokeText(shown, x, y, most);
  ctx.fillStyle = "#26221c";
  ctx.fillText(shown, x, y, most);
}
