/**
 * Styles as data: which class each row of a layer is in, and how each class looks. Everything is computed here from
 * the layer's columns, so that one file can be shown by one column or another.
 *
 * @typedef {Object} Column
 * @property {string} name
 * @property {Float64Array=} numbers
 * @property {((row: number) => string)=} text
 *
 * @typedef {Object} Rule          how Python writes what a layer is filled by
 * @property {"plain"|"classes"|"bands"} kind
 * @property {string=} colour      plain
 * @property {number=} column      classes and bands
 * @property {[string, string][]=} colours  classes: value and colour, in the legend's order; the page's own if missing
 * @property {number[]=} breaks    bands: inclusive upper ends; quantiles if missing
 * @property {number=} count       bands: how many, where there are no breaks
 * @property {string[]=} palette   bands: colours, the lowest first
 *
 * @typedef {Object} Class
 * @property {string} label
 * @property {string} fill
 * @property {number} rows
 * @property {number} hatch  0 none, else which of the patterns
 *
 * @typedef {Object} Theme
 * @property {Uint8Array} of  row: its class
 * @property {Class[]} classes
 */

/** Okabe and Ito's colours: told apart with every kind of colour vision. */
export const CLASSES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#6b4c9a"];
/** From light to dark, told apart in print without colour too. */
export const BANDS = ["#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494", "#081d58"];
export const NONE = "#d9d5cc";

/**
 * @param {Rule} rule
 * @param {Column[]} columns
 * @param {number} count  rows
 * @param {{other: string, none: string}} words
 * @param {(value: number) => string} show  a number as the reader reads it
 * @returns {Theme}
 */
export function classify(rule, columns, count, words, show) {
  if (rule.kind === "plain") {
    return {of: new Uint8Array(count), classes: [{label: "", fill: rule.colour || CLASSES[0], rows: count, hatch: 0}]};
  }
  const column = columns[rule.column || 0];
  const theme = rule.kind === "bands" ? bands(rule, column, count, words, show) : classes(rule, column, count, words, show);
  for (let i = 0; i < count; i++) theme.classes[theme.of[i]].rows++;
  return theme;
}

function classes(rule, column, count, words, show) {
  const read = column.text || ((row) => (isNaN(column.numbers[row]) ? "" : show(column.numbers[row])));
  const pairs = rule.colours || commonest(read, count).map((value, k) => [value, CLASSES[k]]);
  const at = new Map(pairs.map(([value], k) => [value, k]));
  const out = pairs.map(([value, fill], k) => ({label: value || words.none, fill, rows: 0, hatch: k % 4}));
  out.push({label: words.other, fill: NONE, rows: 0, hatch: 0});
  const of = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const known = at.get(read(i));
    of[i] = known === undefined ? pairs.length : known;
  }
  return {of, classes: out};
}

/** The values with the most rows, at most as many as there are colours; ties to the smaller text. */
function commonest(read, count) {
  const counts = new Map();
  for (let i = 0; i < count; i++) counts.set(read(i), (counts.get(read(i)) || 0) + 1);
  const order = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return order.slice(0, CLASSES.length).map(([value]) => value);
}

function bands(rule, column, count, words, show) {
  const {numbers} = column;
  const breaks = rule.breaks || quantiles(numbers, rule.count || 5);
  const colours = spread(rule.palette || BANDS, breaks.length + 1);
  const of = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    if (isNaN(numbers[i])) of[i] = colours.length;
    else for (of[i] = 0; of[i] < breaks.length && numbers[i] > breaks[of[i]]; ) of[i]++;
  }
  const label = (k) => {
    if (!breaks.length) return column.name;
    if (k === 0) return `≤ ${show(breaks[0])}`;
    return k === breaks.length ? `> ${show(breaks[k - 1])}` : `${show(breaks[k - 1])} – ${show(breaks[k])}`;
  };
  const out = colours.map((fill, k) => ({label: label(k), fill, rows: 0, hatch: k % 4}));
  out.push({label: words.none, fill: NONE, rows: 0, hatch: 0});
  return {of, classes: out};
}

/** Inclusive upper ends of bands with about as many rows each; fewer where values repeat. */
export function quantiles(numbers, count) {
  const known = Float64Array.from(numbers).filter((value) => !isNaN(value)).sort();
  const ends = [];
  for (let k = 1; k < count; k++) {
    const end = known[Math.ceil((k * known.length) / count) - 1];
    if (end !== undefined && end !== ends[ends.length - 1] && end < known[known.length - 1]) ends.push(end);
  }
  return ends;
}

/** `count` colours out of a palette, its ends kept. */
export function spread(palette, count) {
  if (count === 1) return [palette[Math.floor(palette.length / 2)]];
  return Array.from({length: count}, (_, k) => palette[Math.round((k * (palette.length - 1)) / (count - 1))]);
}
