/** Search by name: a combobox over estates, units, facilities, buildings and streets. */
import {buildingName} from "./model.js";
import {element, nameNode} from "./popup.js";

const SHOWN = 30;
const WAIT_MS = 80;

/** Everything that has a name; a street is one entry however many pieces it has. */
export function makeEntries(page) {
  const {layers} = page;
  const entries = [];
  const add = (rank, kind, label, count, name, level) => {
    for (let i = 0; i < count; i++) {
      const text = name(i);
      if (text) entries.push({rank, label, text, key: fold(text), thing: {kind, index: i, level}});
    }
  };
  layers.levels.forEach((level, k) => add(0, "unit", level.one, level.geometry.count, level.name, k));
  if (layers.estates) add(1, "estate", page.text("estate"), layers.estates.geometry.count, layers.estates.name, 0);
  add(2, "facility", page.text("facility"), layers.facilities.geometry.count, layers.facilities.name, 0);
  if (layers.streets) entries.push(...streetEntries(page));
  const named = (i) => (layers.buildings.name(i) ? buildingName(page, i) : "");
  add(4, "building", page.text("building"), layers.buildings.geometry.count, named, 0);
  return entries;
}

function streetEntries(page) {
  const {name, geometry} = page.layers.streets;
  const byName = new Map();
  for (let i = 0; i < geometry.count; i++) {
    const text = name(i);
    if (!text) continue;
    if (!byName.has(text)) byName.set(text, []);
    byName.get(text).push(i);
  }
  const label = page.text("street");
  return Array.from(byName, ([text, all]) => ({
    rank: 3,
    label,
    text,
    key: fold(text),
    thing: {kind: "street", index: all[Math.floor(all.length / 2)], level: 0, all},
  }));
}

/** Names are compared whatever their case or width. */
export function fold(text) {
  return text.normalize("NFKC").toLowerCase();
}

/** Best first: the whole name, then its beginning, then anywhere; communities before estates before buildings. */
export function find(entries, query) {
  const wanted = fold(query.trim());
  if (!wanted) return [];
  const found = [];
  for (const entry of entries) {
    const at = entry.key.indexOf(wanted);
    if (at < 0) continue;
    const fit = entry.key.length === wanted.length ? 0 : at === 0 ? 1 : 2;
    found.push({entry, order: fit * 10 + entry.rank});
  }
  found.sort((a, b) => a.order - b.order || a.entry.key.length - b.entry.key.length);
  return found.map(({entry}) => entry);
}

/**
 * @param {any} page @param {(thing: any) => void} go called with what was chosen @param {string} id
 * @param {() => any[]|null} other what is searched in place of the page's own entries now, null for those
 */
export function makeSearch(page, go, id, other) {
  const input = element("input", "gp-search-input");
  const list = element("ul", "gp-results");
  const clear = element("button", "gp-clear", "×");
  const status = element("p", "gp-hidden");
  let entries = null;
  let found = [];
  let active = -1;
  let timer = 0;

  Object.assign(input, {type: "text", placeholder: page.text("search_short"), autocomplete: "off", spellcheck: false});
  const attributes = {
    role: "combobox",
    "aria-label": page.text("search"),
    "aria-expanded": "false",
    "aria-controls": `${id}-results`,
    "aria-autocomplete": "list",
    enterkeyhint: "search",
  };
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
  list.id = `${id}-results`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", page.text("search"));
  list.hidden = true;
  clear.type = "button";
  clear.hidden = true;
  clear.setAttribute("aria-label", page.text("clear"));
  status.setAttribute("role", "status");

  function show() {
    const now = input.value.trim() ? other() : null;
    if (!now) entries = entries || (page.entries || (() => makeEntries(page)))();
    const all = find(now || entries, input.value);
    found = all.slice(0, SHOWN);
    active = -1;
    list.replaceChildren(...found.map(option));
    if (input.value.trim() && !found.length) list.append(note(page.text("search_none")));
    if (all.length > SHOWN) list.append(note(page.text("search_more", {count: all.length - SHOWN})));
    status.textContent = input.value.trim() && !found.length ? page.text("search_none") : "";
    open(Boolean(input.value.trim()));
  }

  function option(entry, k) {
    const node = element("li", "gp-result", [nameNode(entry.text), element("span", "gp-kind", entry.label)]);
    node.id = `${id}-result-${k}`;
    node.setAttribute("role", "option");
    node.setAttribute("aria-selected", "false");
    node.addEventListener("mousedown", (event) => event.preventDefault());
    node.addEventListener("click", () => choose(k));
    return node;
  }

  function note(text) {
    const node = element("li", "gp-note", text);
    node.setAttribute("role", "presentation");
    return node;
  }

  function open(shown) {
    list.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown));
    clear.hidden = !input.value;
    if (!shown) input.removeAttribute("aria-activedescendant");
  }

  function choose(k) {
    if (!found[k]) return;
    input.value = found[k].text.slice(0, 100);
    open(false);
    go(found[k].thing);
  }

  function move(step) {
    if (!found.length) return;
    active = (active + step + found.length) % found.length;
    Array.from(list.children).forEach((node, k) => node.setAttribute("aria-selected", String(k === active)));
    input.setAttribute("aria-activedescendant", `${id}-result-${active}`);
    list.children[active].scrollIntoView({block: "nearest"});
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, WAIT_MS);
  });
  input.addEventListener("focus", () => input.value.trim() && show());
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter that ends the typing of Chinese is not yet a choice
    const keys = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Enter: () => {
        clearTimeout(timer);
        if (list.hidden || active < 0) show();
        choose(Math.max(0, active));
      },
      Escape: () => open(false),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
  clear.addEventListener("click", () => {
    input.value = "";
    open(false);
    go(null);
    input.focus();
  });
  return element("div", "gp-search", [input, clear, list, status]);
}
