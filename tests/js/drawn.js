/** A grid of units of 100 m, today's communities by letter; every unit has 10 households, 3 people each. */
export function drawn(rows, more = {}) {
  const wide = rows[0].length;
  const letters = rows.join("").split("");
  const ids = letters.map((_, i) => `u${String(i).padStart(5, "0")}`);
  const baseIds = [...new Set(letters)].sort();
  const pairs = {one: [], two: [], metre: [], joins: []};
  const join = (a, b) => {
    pairs.one.push(a);
    pairs.two.push(b);
    pairs.metre.push(100);
    pairs.joins.push(1);
  };
  letters.forEach((_, i) => {
    if ((i + 1) % wide) join(i, i + 1);
    if (i + wide < letters.length) join(i, i + wide);
  });
  const base = letters.map((letter) => baseIds.indexOf(letter));
  return {
    fingerprint: "f", name: "today", level: "communities",
    unitIds: ids, unitNames: ids, households: ids.map(() => 10), people: ids.map(() => 30),
    base, baseIds, start: [...base], partIds: [...baseIds], partNames: baseIds.map((id) => `Part ${id}`),
    pairs, lower: 25, upper: 45, minutes: [5, 10, 15], sites: [], above: null, aboveNames: [],
    estate: null, estateNames: [], walk: null, walkers: null, ...more,
  };
}
