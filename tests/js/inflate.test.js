import assert from "node:assert/strict";
import {test} from "node:test";
import {deflateRawSync} from "node:zlib";
import {inflate} from "../../geoplan/maps/js/inflate.js";

/** The same bytes every time. */
function noise(count, kinds) {
  let state = 12345;
  return Uint8Array.from({length: count}, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor(state / 65536) % kinds;
  });
}

const SAMPLES = {
  nothing: new Uint8Array(0),
  "one byte": Uint8Array.of(7),
  "one byte many times": new Uint8Array(100_000).fill(65),
  "no pattern": noise(100_000, 256),
  "few kinds": noise(100_000, 5),
  text: new TextEncoder().encode("社区服务中心 <script> ".repeat(3000)),
  "all lengths of codes": Uint8Array.from({length: 60_000}, (_, i) => Math.floor(Math.log2(1 + ((i * 7919) % 60_000)) * 12)),
};

for (const [name, bytes] of Object.entries(SAMPLES)) {
  for (const options of [{level: 0}, {level: 1}, {level: 9}, {strategy: 4}, {strategy: 2}]) {
    test(`${name} comes back (${JSON.stringify(options)})`, () => {
      assert.deepEqual(inflate(deflateRawSync(bytes, options), bytes.length), bytes);
    });
  }
}

test("damaged data are refused and never run on", () => {
  const packed = deflateRawSync(SAMPLES.text);
  assert.throws(() => inflate(packed, SAMPLES.text.length - 1), /damaged/);
  assert.throws(() => inflate(packed, SAMPLES.text.length + 1), /damaged/);
  assert.throws(() => inflate(packed.subarray(0, packed.length >> 1), SAMPLES.text.length), /damaged/);
  assert.throws(() => inflate(Uint8Array.of(7, 0, 0), 10), /damaged/);
});
