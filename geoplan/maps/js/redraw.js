/**
 * The data of the page of proposals, and what is derived from it: which parts meet, the boundaries of each
 * alternative, a colour for each community. Units are written once; an alternative is a column unit -> part.
 *
 * @typedef {Object} Edges  each edge between two vertices of the units, once
 * @property {number[]} from  vertex
 * @property {number[]} to
 * @property {number[]} a     unit on one side
 * @property {number[]} b     unit on the other side; -1 at the rim
 * @property {number[]} xs    a vertex: world x
 * @property {number[]} ys
 *
 * @typedef {Object} RedrawState
 * @property {number} chosen                  alternative shown; 0 is today
 * @property {Record<string, boolean>} visible by layer
 * @property {any} selected                  {kind, index, level, all} or null
 */
import {readLayer, fill, formatter} from "./model.js";
import {integers, numbers, words, geometry, box} from "./packed.js";
import {fold} from "./search.js";

export const PASTELS = ["#cfe2f2", "#f7e6b5", "#d5ebcf", "#f1d5e4", "#fbdcc6", "#dcd6f0", "#cdebe7", "#e6e3d2"];

/** @param {any} data what geoplan/maps/proposals.py made */
export function readProposals(data) {
  const page = Object.assign({}, data);
  page.text = (key, values) => fill(data.strings[key], values || {});
  page.number = formatter(data.language);
  page.layers = {};
  const read = (packed) => readLayer(packed, data.origin);
  for (const [name, packed] of Object.entries(data.layers)) page.layers[name] = Array.isArray(packed) ? packed.map(read) : read(packed);
  page.units = readUnits(data.units, data.origin);
  page.alternatives = data.alternatives.map((packed) => readAlternative(packed, page.units, data.origin));
  page.edges = findEdges(page.units.geometry);
  page.alternatives.forEach((alternative) => {
    alternative.lines = chain(page.edges, (a, b) => b < 0 || alternative.of[a] !== alternative.of[b]);
    const today = page.alternatives[0].of;
    alternative.left = chain(page.edges, (a, b) => b >= 0 && today[a] !== today[b] && alternative.of[a] === alternative.of[b]);
    alternative.groups = chain(page.edges, movesApart(page, alternative));
  });
  giveColours(page);
  page.entries = () => makeEntries(page);
  return page;
}

function readUnits(packed, origin) {
  const units = {geometry: geometry(packed.geometry, origin), astride: integers(packed.astride)};
  for (const name of ["id", "name", "kind"]) units[name] = words(packed[name]);
  for (const name of ["households", "people"]) units[name] = numbers(packed[name]);
  return units;
}

function readAlternative(packed, units, origin) {
  const {parts, changes} = packed;
  const read = Object.assign({}, packed, {of: integers(packed.of), enclaves: new Set(integers(packed.enclaves))});
  read.parts = {anchors: geometry(parts.anchors, origin), id: words(parts.id), name: words(parts.name)};
  for (const name of ["new", "outside", "pieces"]) read.parts[name] = integers(parts[name]);
  for (const name of ["households", "before", "people", "walk"]) read.parts[name] = numbers(parts[name]);
  read.parts.count = read.parts.new.length;
  read.parts.units = Array.from({length: read.parts.count}, () => []);
  read.of.forEach((part, unit) => read.parts.units[part].push(unit));
  read.parts.at = new Map(read.parts.units.map((_, i) => [read.parts.id(i), i]));
  read.changes = {unit: integers(changes.unit)};
  for (const name of ["mends", "reason", "breaks"]) read.changes[name] = words(changes[name]);
  for (const name of ["shared", "before", "after"]) read.changes[name] = numbers(changes[name]);
  read.changeOf = new Map(Array.from(read.changes.unit, (unit, row) => [unit, row]));
  return read;
}

/** Whether a boundary between two units bounds a group that moves together. */
function movesApart(page, alternative) {
  const from = page.alternatives[0].of;
  const moves = (unit) => unit >= 0 && alternative.changeOf.has(unit);
  return (a, b) => {
    if (!moves(a) && !moves(b)) return false;
    return moves(a) !== moves(b) || from[a] !== from[b] || alternative.of[a] !== alternative.of[b];
  };
}

/** Every edge between two vertices of the units, once, with the unit on either side (b is -1 at the rim). */
function findEdges(g) {
  const {ids, xs, ys} = numberVertices(g);
  const at = new Map();
  /** @type {Edges} */
  const edges = {from: [], to: [], a: [], b: [], xs, ys};
  for (let i = 0; i < g.count; i++) {
    for (let p = g.parts[i]; p < g.parts[i + 1]; p++) {
      for (let v = g.starts[p], w = g.starts[p + 1] - 1; v < g.starts[p + 1]; w = v++) {
        const one = Math.min(ids[v], ids[w]);
        const two = Math.max(ids[v], ids[w]);
        if (one === two) continue;
        const key = one * xs.length + two;
        const known = at.get(key);
        if (known === undefined) {
          at.set(key, edges.a.length);
          edges.from.push(one);
          edges.to.push(two);
          edges.a.push(i);
          edges.b.push(-1);
        } else if (edges.b[known] < 0) {
          edges.b[known] = i;
        }
      }
    }
  }
  return edges;
}

/** One number for each place: neighbours share their vertices to the last digit. */
function numberVertices(g) {
  const columns = new Map();
  const ids = new Int32Array(g.x.length);
  const xs = [];
  const ys = [];
  for (let v = 0; v < g.x.length; v++) {
    if (!columns.has(g.x[v])) columns.set(g.x[v], new Map());
    const column = columns.get(g.x[v]);
    if (!column.has(g.y[v])) {
      column.set(g.y[v], xs.length);
      xs.push(g.x[v]);
      ys.push(g.y[v]);
    }
    ids[v] = column.get(g.y[v]);
  }
  return {ids, xs, ys};
}

/** Edges that `wanted` lets through, as lines of vertices: dashes and corners come out whole. */
export function chain(edges, wanted) {
  const ends = new Map();
  const touch = (vertex, edge) => (ends.has(vertex) ? ends.get(vertex).push(edge) : ends.set(vertex, [edge]));
  const free = new Set();
  for (let e = 0; e < edges.a.length; e++) {
    if (!wanted(edges.a[e], edges.b[e])) continue;
    free.add(e);
    touch(edges.from[e], e);
    touch(edges.to[e], e);
  }
  const lines = [];
  const walk = (start, edge) => {
    const line = [start];
    for (let next = edge, here = start; next !== undefined; ) {
      free.delete(next);
      here = edges.from[next] === here ? edges.to[next] : edges.from[next];
      line.push(here);
      const beyond = ends.get(here);
      next = beyond.length === 2 ? beyond.find((e) => free.has(e)) : undefined;
    }
    lines.push(line);
  };
  for (const [vertex, touching] of ends) {
    if (touching.length !== 2) touching.forEach((edge) => free.has(edge) && walk(vertex, edge));
  }
  for (const edge of free) if (free.has(edge)) walk(edges.from[edge], edge);
  return lines;
}

/** A colour a community, kept from one alternative to the next, its neighbours' another where colours suffice. */
function giveColours(page) {
  const keyOf = (k, part) => {
    const {parts} = page.alternatives[k];
    return parts.new[part] ? `${k} ${parts.id(part)}` : parts.id(part);
  };
  const next = new Map();
  page.alternatives.forEach((alternative, k) => {
    for (let part = 0; part < alternative.parts.count; part++) next.set(keyOf(k, part), next.get(keyOf(k, part)) || new Set());
    page.edges.a.forEach((a, e) => {
      const b = page.edges.b[e];
      if (b < 0 || alternative.of[a] === alternative.of[b]) return;
      const [one, two] = [keyOf(k, alternative.of[a]), keyOf(k, alternative.of[b])];
      next.get(one).add(two);
      next.get(two).add(one);
    });
  });
  const given = new Map();
  const used = new Array(PASTELS.length).fill(0);
  for (const [key, others] of [...next].sort((one, two) => two[1].size - one[1].size)) {
    const taken = new Array(PASTELS.length).fill(0);
    for (const other of others) if (given.has(other)) taken[given.get(other)]++;
    const cost = (c) => taken[c] * 1000 + used[c];
    const best = PASTELS.map((_, c) => c).reduce((one, two) => (cost(two) < cost(one) ? two : one));
    given.set(key, best);
    used[best]++;
  }
  page.alternatives.forEach(({parts}, k) => (parts.colour = parts.units.map((_, part) => PASTELS[given.get(keyOf(k, part))])));
}

/** A community in an alternative, as what can be selected. */
export function partThing(page, level, index) {
  return {kind: "part", index, level, all: page.alternatives[level].parts.units[index]};
}

/** What can be searched: communities of every alternative, each name once, then units. */
function makeEntries(page) {
  const entries = [];
  const seen = new Set();
  page.alternatives.forEach(({parts}, level) => {
    for (let i = 0; i < parts.count; i++) {
      const text = parts.name(i);
      const key = `${parts.id(i)}\n${text}`;
      if (!text || seen.has(key)) continue;
      seen.add(key);
      entries.push({rank: 0, label: page.one, text, key: fold(text), thing: partThing(page, level, i)});
    }
  });
  for (let i = 0; i < page.units.geometry.count; i++) {
    const text = page.units.name(i);
    if (text) entries.push({rank: 1, label: page.units.kind(i), text, key: fold(text), thing: {kind: "unit", index: i, level: 0}});
  }
  return entries;
}

/** The same community in the alternative that is shown; where it is not there, its own alternative is shown. */
export function arrive({page, state, refresh}, thing) {
  if (!thing || thing.kind !== "part" || thing.level === state.chosen) return thing;
  const {parts} = page.alternatives[thing.level];
  const now = page.alternatives[state.chosen].parts;
  const index = now.at.get(parts.id(thing.index));
  if (index !== undefined && now.name(index) === parts.name(thing.index)) return partThing(page, state.chosen, index);
  state.chosen = thing.level;
  refresh();
  return thing;
}

export function anchorOf(page, thing) {
  if (thing.kind === "part") {
    const {anchors} = page.alternatives[thing.level].parts;
    return [anchors.x[thing.index], anchors.y[thing.index]];
  }
  const [west, north, east, south] = box(page.units.geometry, thing.index);
  return [(west + east) / 2, (north + south) / 2];
}
