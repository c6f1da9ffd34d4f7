/**
 * Which part stands for which of today's communities, so that the most households stay: the assignment that
 * `partition.outcome.match_parts` finds, kept up to date edit by edit.
 *
 * Rows are parts, columns today's communities; the smaller side is filled up with rows or columns of nothing.
 * Potentials stay feasible while two rows change, so that an edit needs two augmenting paths instead of a new start.
 */

/** The assignment with the most weight; weights are whole numbers, so that no sum is rounded. */
export class Matching {
  /** @param {number} rows @param {number} columns */
  constructor(rows, columns) {
    this.size = Math.max(rows, columns);
    this.room = this.size + 32;
    this.weight = new Float64Array(this.room * this.room);
    this.u = new Float64Array(this.room);
    this.v = new Float64Array(this.room);
    this.columnOf = new Int32Array(this.room).fill(-1);
    this.rowOf = new Int32Array(this.room).fill(-1);
    /** How many rows have been matched anew; tests count it. */
    this.paths = 0;
    for (let row = 0; row < this.size; row++) this.columnOf[row] = this.rowOf[row] = row;
  }

  /** @param {number} row @param {number} column */
  get(row, column) {
    return this.weight[row * this.room + column];
  }

  /** Rows must be rematched afterwards. @param {number} row @param {number} column @param {number} by */
  add(row, column, by) {
    this.weight[row * this.room + column] += by;
  }

  /** Make room for one more row (and a column of nothing). */
  grow() {
    if (this.size === this.room) this._enlarge();
    const k = this.size++;
    let least = 0;
    for (let row = 0; row < k; row++) least = Math.min(least, -this.weight[row * this.room + k] - this.u[row]);
    this.v[k] = least;
    this.columnOf[k] = this.rowOf[k] = -1;
    this._match(k);
  }

  _enlarge() {
    const room = 2 * this.room;
    const weight = new Float64Array(room * room);
    for (let row = 0; row < this.size; row++) {
      weight.set(this.weight.subarray(row * this.room, row * this.room + this.size), row * room);
    }
    const longer = (/** @type {Float64Array} */ old) => {
      const out = new Float64Array(room);
      out.set(old);
      return out;
    };
    const longerInts = (/** @type {Int32Array} */ old) => {
      const out = new Int32Array(room).fill(-1);
      out.set(old);
      return out;
    };
    this.weight = weight;
    this.u = longer(this.u);
    this.v = longer(this.v);
    this.columnOf = longerInts(this.columnOf);
    this.rowOf = longerInts(this.rowOf);
    this.room = room;
  }

  /** Match again the rows whose weights changed. @param {Iterable<number>} rows */
  rematch(rows) {
    const loose = [...rows];
    for (const row of loose) {
      if (this.columnOf[row] >= 0) this.rowOf[this.columnOf[row]] = -1;
      this.columnOf[row] = -1;
    }
    for (const row of loose) this._match(row);
  }

  /** One shortest augmenting path from a row to a free column. @param {number} start */
  _match(start) {
    const {size, room, weight, u, v, rowOf, columnOf} = this;
    this.paths++;
    let least = Infinity;
    for (let column = 0; column < size; column++) least = Math.min(least, -weight[start * room + column] - v[column]);
    u[start] = least;
    const way = new Int32Array(size).fill(-1);
    const slack = new Float64Array(size).fill(Infinity);
    const done = new Uint8Array(size);
    let row = start;
    let from = -1;
    let end = -1;
    while (end < 0) {
      let best = Infinity;
      let next = -1;
      for (let column = 0; column < size; column++) {
        if (done[column]) continue;
        const reduced = -weight[row * room + column] - u[row] - v[column];
        if (reduced < slack[column]) {
          slack[column] = reduced;
          way[column] = from;
        }
        if (slack[column] < best) {
          best = slack[column];
          next = column;
        }
      }
      if (best > 0) {
        u[start] += best;
        for (let column = 0; column < size; column++) {
          if (done[column]) {
            u[rowOf[column]] += best;
            v[column] -= best;
          } else slack[column] -= best;
        }
      }
      done[next] = 1;
      from = next;
      row = rowOf[next];
      if (row < 0) end = next;
    }
    while (end >= 0) {
      const before = way[end];
      const mover = before < 0 ? start : rowOf[before];
      rowOf[end] = mover;
      columnOf[mover] = end;
      end = before;
    }
  }
}
