/**
 * Inflates raw deflate data (RFC 1951). Every browser has this code path, with or without DecompressionStream, and it
 * returns at once, so that other layers of a folium map find a finished layer.
 */
const LONGEST = 15;
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_MORE = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const AWAY_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const AWAY_MORE = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const FAST = 10; // bits looked up at once
const BAD = "the data of this page are damaged";

/**
 * @param {Uint8Array} data deflated
 * @param {number} size     bytes that come out
 * @returns {Uint8Array}
 */
export function inflate(data, size) {
  const out = new Uint8Array(size);
  let at = 0; // next byte of data
  let end = 0; // next byte of out
  let hold = 0; // bits read and not used, the lowest first
  let held = 0;

  /** @param {number} count at most 16 */
  function need(count) {
    while (held < count) {
      if (at >= data.length + 4) throw new Error(BAD); // past the last byte zeros follow
      hold |= (at < data.length ? data[at] : 0) << held;
      at++;
      held += 8;
    }
  }

  /** @param {number} count at most 16 */
  function bits(count) {
    need(count);
    const value = hold & ((1 << count) - 1);
    hold >>>= count;
    held -= count;
    return value;
  }

  /** @param {{fast: Uint16Array, counts: Uint16Array, symbols: Uint16Array}} table */
  function symbol({fast, counts, symbols}) {
    need(LONGEST);
    const quick = fast[hold & ((1 << FAST) - 1)];
    if (quick) {
      hold >>>= quick & 15;
      held -= quick & 15;
      return quick >>> 4;
    }
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= LONGEST; length++) {
      code |= (hold >>> (length - 1)) & 1;
      const count = counts[length];
      if (code - count < first) {
        hold >>>= length;
        held -= length;
        return symbols[index + code - first];
      }
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new Error(BAD);
  }

  function stored() {
    const spare = held & 7;
    bits(spare);
    const length = bits(16);
    if ((bits(16) ^ 0xffff) !== length || end + length > size) throw new Error(BAD);
    for (let i = 0; i < length; i++) out[end++] = bits(8);
  }

  /** @param {ReturnType<typeof table>} literals @param {ReturnType<typeof table>} distances */
  function compressed(literals, distances) {
    for (;;) {
      const value = symbol(literals);
      if (value < 256) {
        if (end >= size) throw new Error(BAD);
        out[end++] = value;
        continue;
      }
      if (value === 256) return;
      const length = LENGTH_BASE[value - 257] + bits(LENGTH_MORE[value - 257]);
      const far = symbol(distances);
      const away = AWAY_BASE[far] + bits(AWAY_MORE[far]);
      if (!(away <= end) || end + length > size) throw new Error(BAD);
      for (let i = 0; i < length; i++, end++) out[end] = out[end - away];
    }
  }

  function dynamic() {
    const literalCount = bits(5) + 257;
    const awayCount = bits(5) + 1;
    const codeCount = bits(4) + 4;
    const lengths = new Uint8Array(320);
    for (let i = 0; i < codeCount; i++) lengths[ORDER[i]] = bits(3);
    const codes = table(lengths.subarray(0, 19));
    const all = new Uint8Array(literalCount + awayCount);
    for (let i = 0; i < all.length; ) {
      const value = symbol(codes);
      if (value < 16) {
        all[i++] = value;
        continue;
      }
      const before = value === 16 ? all[i - 1] : 0;
      const times = value === 16 ? 3 + bits(2) : value === 17 ? 3 + bits(3) : 11 + bits(7);
      if (i + times > all.length) throw new Error(BAD);
      all.fill(before, i, i + times);
      i += times;
    }
    compressed(table(all.subarray(0, literalCount)), table(all.subarray(literalCount)));
  }

  for (let last = 0; !last; ) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) stored();
    else if (kind === 1) compressed(FIXED_LITERALS, FIXED_DISTANCES);
    else if (kind === 2) dynamic();
    else throw new Error(BAD);
  }
  if (end !== size) throw new Error(BAD);
  return out;
}

/** A canonical Huffman code, and for codes of up to FAST bits a look-up of symbol * 16 + length. @param {Uint8Array} lengths */
function table(lengths) {
  const counts = new Uint16Array(LONGEST + 1);
  for (const length of lengths) counts[length]++;
  counts[0] = 0;
  const offsets = new Uint16Array(LONGEST + 2);
  const next = new Uint16Array(LONGEST + 2);
  for (let length = 1; length <= LONGEST; length++) {
    offsets[length + 1] = offsets[length] + counts[length];
    next[length + 1] = (next[length] + counts[length]) << 1; // first code of the next length
  }
  const symbols = new Uint16Array(lengths.length);
  const fast = new Uint16Array(1 << FAST);
  lengths.forEach((length, value) => {
    if (!length) return;
    symbols[offsets[length]++] = value;
    const code = next[length]++;
    if (length > FAST) return;
    let turned = 0; // the stream holds codes with their first bit lowest
    for (let bit = 0; bit < length; bit++) turned |= ((code >>> bit) & 1) << (length - 1 - bit);
    for (let k = turned; k < 1 << FAST; k += 1 << length) fast[k] = value * 16 + length;
  });
  return {fast, counts, symbols};
}

const FIXED_LITERALS = table(Uint8Array.from({length: 288}, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)));
const FIXED_DISTANCES = table(new Uint8Array(30).fill(5));
