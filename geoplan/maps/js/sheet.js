/** The sheet that is printed: one whole page with title, map, legend, scale bar, north arrow, dates and source. */
import {drawPicture, boxOnScreen, fit, metresPerPixel, paintersOf, scaleBar} from "./picture.js";
import {element, nameNode} from "./popup.js";

const PIXELS_PER_MM = 96 / 25.4;
const MARGIN_MM = 10;
const LEGEND_MM = 62;
const HEAD_MM = 17;
const FOOT_MM = 17;
const LEGEND_PIXELS = 280; // beside a picture
const ROW_PIXELS = 26;
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

/**
 * What the page says now: a title, the lines of its answer, and what it rests on.
 * @param {any} view @returns {{title: string, lines: string[], brief: string}}
 */
export function toldNow(view) {
  const {kind, page, side} = view;
  const other = kind.told ? kind.told(view) : null;
  if (other) return other;
  const lines = Array.from(side.querySelectorAll(".gp-headline p"), (node) => node.textContent.trim()).filter(Boolean);
  return {title: page.title, lines, brief: page.brief || (page.basis || []).map(([, value]) => value).join(" · ")};
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
  const told = toldNow(view);
  canvas.setAttribute("aria-label", told.title);
  const legend = element("div", "gp-sheet-legend", [element("h2", "", page.text("legend")), ...legendRows(view.side)]);
  const body = element("div", "gp-sheet-body", [element("div", "gp-sheet-frame", [canvas, northArrow(page), bar(page, metres)]), legend]);
  const name = `gp-sheet gp-sheet-${choice.paper}-${choice.landscape ? "landscape" : "portrait"}`;
  const sheet = element("div", name, [head(told), body, foot(page, told.brief, day)]);
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

/** The title, and the answer that the page gives now. */
function head({title, lines}) {
  return element("header", "gp-sheet-head", [element("h1", "", nameNode(title)), element("p", "", nameNode(lines.join(" · ")))]);
}

function foot(page, brief, day) {
  const dates = datesOf(page, day);
  const said = page.notices.filter((notice) => notice.everywhere).map((notice) => notice.text);
  return element("footer", "gp-sheet-foot", [
    element("p", "", nameNode([...dates, page.source || "", brief].filter(Boolean).join(" · "))),
    element("p", "", nameNode(said.join(" · "))),
  ]);
}

/** What the data are of, and the day of the sheet. @param {any} page @param {Date} day */
function datesOf(page, day) {
  return [page.date ? page.text("as_of", {date: page.date}) : "", page.text("printed_on", {date: day.toLocaleDateString(page.language)})].filter(Boolean);
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

/**
 * What is on the screen as a PNG, with title, answer, legend, dates, scale bar, north arrow and credits.
 * @param {any} view @param {Date} [day] that it is dated @returns {HTMLCanvasElement}
 */
export function makePng(view, day = new Date()) {
  const {map, page} = view;
  const told = toldNow(view);
  const size = map.getSize();
  const frame = {width: Math.max(size.x, 600), height: Math.max(size.y, 450), ratio: 2, box: boxOnScreen(map)};
  const {canvas: drawn} = drawPicture(paintersOf(map), frame, "#efece5");
  // The legend stands beside the map, so that it hides nothing.
  const rows = legendRows(view.side);
  const canvas = element("canvas");
  canvas.width = drawn.width + 2 * LEGEND_PIXELS;
  canvas.height = Math.max(drawn.height, 2 * (rows.length * ROW_PIXELS + 52));
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.fillStyle = "#fff";
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(drawn, 0, 0);
  ctx.setTransform(2, 0, 0, 2, 0, 0);
  drawLegend(ctx, rows, page.text("legend"), frame.width + 14, map.getContainer());
  const {scale, y} = fit(frame);
  const {length, pixels} = scaleBar(metresPerPixel(y, scale), 180);
  const credits = page.notices.filter((notice) => notice.credit || notice.everywhere).map((notice) => notice.text);
  ctx.textBaseline = "middle";
  label(ctx, told.title, 14, 24, 18, frame.width - 80);
  label(ctx, told.lines.join(" · "), 14, 48, 13, frame.width - 80);
  label(ctx, [...datesOf(page, day), told.brief].filter(Boolean).join(" · "), 14, 68, 12, frame.width - 80);
  label(ctx, [...new Set(credits)].join(" · "), 14, frame.height - 16, 12, frame.width - 260);
  const x = frame.width - pixels - 20;
  ctx.fillStyle = "#26221c";
  ctx.fillRect(x, frame.height - 14, pixels, 3);
  label(ctx, length >= 1000 ? `${length / 1000} km` : `${length} m`, x, frame.height - 26, 12, 200);
  label(ctx, "▲", frame.width - 34, 22, 18, 40);
  label(ctx, page.text("north"), frame.width - 32, 40, 13, 40);
  return canvas;
}

/** Rows of a legend as they stand in the panel: their symbols and words. @param {CanvasRenderingContext2D} ctx @param {HTMLElement[]} rows @param {string} title @param {number} x @param {HTMLElement} host */
function drawLegend(ctx, rows, title, x, host) {
  // Symbols take their colours from the page's styles, which hold only for what stands in the page.
  const hidden = element("div", "gp-legend gp-unseen", rows);
  host.append(hidden);
  label(ctx, title, x, 24, 15, LEGEND_PIXELS - 28);
  let y = 50;
  for (const row of hidden.querySelectorAll(".gp-layer, li")) {
    const symbol = row.querySelector("canvas, .gp-swatch");
    if (symbol instanceof HTMLCanvasElement) ctx.drawImage(symbol, x, y - 11, 26, 22);
    else if (symbol) drawSwatch(ctx, getComputedStyle(symbol), x, y);
    const words = Array.from(row.children, (node) => (node === symbol ? "" : node.textContent.trim())).filter(Boolean);
    label(ctx, words.join("  "), x + 34, y, 12, LEGEND_PIXELS - 60);
    y += ROW_PIXELS;
  }
  hidden.remove();
}

/** A symbol that the page's styles draw: a filled box, or a line where it has only a border. */
function drawSwatch(ctx, style, x, y) {
  const line = parseFloat(style.borderTopWidth) || 0;
  const whole = (parseFloat(style.borderBottomWidth) || 0) > 0;
  ctx.save();
  if (/dash/.test(style.borderTopStyle)) ctx.setLineDash([4, 3]);
  const stops = style.backgroundImage.match(/rgba?\([^)]*\)/g);
  ctx.fillStyle = style.backgroundColor;
  if (stops) {
    const ramp = ctx.createLinearGradient(x + 2, 0, x + 24, 0);
    stops.forEach((stop, k) => ramp.addColorStop(stops.length > 1 ? k / (stops.length - 1) : 0, stop));
    ctx.fillStyle = ramp;
  }
  ctx.fillRect(x + 2, y - 7, 22, 14);
  ctx.strokeStyle = style.borderTopColor;
  ctx.lineWidth = line;
  if (line && whole) ctx.strokeRect(x + 2, y - 7, 22, 14);
  else if (line) ctx.strokeRect(x + 2, y, 22, 0);
  ctx.restore();
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
