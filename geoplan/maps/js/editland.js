/**
 * The land of communities while they are edited: an outline for each, made anew only for those that changed. Filling
 * outlines and not every unit is what keeps a plan of many thousand units quick.
 */

/** @import {Edges} from "./redraw.js" */

export class Lands {
  /** @param {Edges} edges @param {number} count units */
  constructor(edges, count) {
    this.edges = edges;
    /** Where paths are told from: a path keeps 24 bits of a number, too few for places in the world. */
    this.origin = edges.xs.length ? [edges.xs[0], edges.ys[0]] : [0, 0];
    /** Edges of each unit: rows first[i] to first[i + 1]. */
    this.first = new Int32Array(count + 1);
    for (const side of [edges.a, edges.b]) for (const unit of side) if (unit >= 0) this.first[unit + 1]++;
    for (let i = 0; i < count; i++) this.first[i + 1] += this.first[i];
    this.rows = new Int32Array(this.first[count]);
    const at = Int32Array.from(this.first);
    for (let e = 0; e < edges.a.length; e++) for (const unit of [edges.a[e], edges.b[e]]) if (unit >= 0) this.rows[at[unit]++] = e;
    /** @type {Map<any, {version: number, path: Path2D}>} by part */
    this.kept = new Map();
  }

  /** @param {{members: number[], version: number}} part @param {ArrayLike<number>} of @returns {Path2D} */
  path(part, of) {
    const known = this.kept.get(part);
    if (known && known.version === part.version) return known.path;
    const path = new Path2D();
    const {xs, ys} = this.edges;
    for (const ring of outline(this, part.members, of)) {
      ring.forEach((vertex, k) => path[k ? "lineTo" : "moveTo"](xs[vertex] - this.origin[0], ys[vertex] - this.origin[1]));
      path.closePath();
    }
    this.kept.set(part, {version: part.version, path});
    return path;
  }
}

/**
 * Rings of vertices around units of one part; holes are rings, too. Where two rings touch either way through is right,
 * since land is what lies in an odd number of rings.
 * @param {{edges: Edges, first: Int32Array, rows: Int32Array}} lands @param {number[]} members @param {ArrayLike<number>} of
 * @returns {number[][]}
 */
export function outline({edges, first, rows}, members, of) {
  const {a, b, from, to} = edges;
  /** @type {Map<number, number[]>} free edges at each vertex */
  const ends = new Map();
  const touch = (/** @type {number} */ vertex, /** @type {number} */ edge) => {
    const there = ends.get(vertex);
    if (there) there.push(edge);
    else ends.set(vertex, [edge]);
  };
  const free = new Set();
  for (const unit of members) {
    for (let at = first[unit]; at < first[unit + 1]; at++) {
      const edge = rows[at];
      const other = a[edge] === unit ? b[edge] : a[edge];
      if (other >= 0 && of[other] === of[unit]) continue;
      free.add(edge);
      touch(from[edge], edge);
      touch(to[edge], edge);
    }
  }
  /** @type {number[][]} */
  const rings = [];
  for (const start of free) {
    const ring = [from[start]];
    let vertex = to[start];
    free.delete(start);
    for (;;) {
      ring.push(vertex);
      const next = (ends.get(vertex) || []).find((edge) => free.has(edge));
      if (vertex === ring[0] || next === undefined) break;
      free.delete(next);
      vertex = from[next] === vertex ? to[next] : from[next];
    }
    if (vertex === ring[0]) ring.pop();
    rings.push(ring);
  }
  return rings;
}
