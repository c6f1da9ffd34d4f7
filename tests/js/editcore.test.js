/** The edit session: edits worked by hand, and random edits against a naive recomputation. */
import assert from "node:assert/strict";
import {test} from "node:test";

import {EditSession, newPartId} from "../../geoplan/maps/js/editcore.js";
import {Matching} from "../../geoplan/maps/js/editmatch.js";
import {drawn} from "./drawn.js";

const rowOf = (session, id) => session.figures(session.slot(id));

test("giving a unit moves its households, its boundary and the pieces", () => {
  const session = new EditSession(drawn(["AAB", "AAB"]));
  assert.equal(session.totals().boundary_m, 200);
  assert.deepEqual(session.give([1], "B"), {done: true, left: 0});
  assert.deepEqual(
    [rowOf(session, "A").households, rowOf(session, "B").households, rowOf(session, "B").people, rowOf(session, "B").range],
    [30, 30, 90, 0],
  );
  assert.deepEqual([session.totals().boundary_m, session.totals().moved, session.totals().detached], [300, 10, 0]);
  session.give([3], "B");
  assert.deepEqual([rowOf(session, "B").pieces, rowOf(session, "B").moved, session.totals().detached], [2, 20, 2]);
  assert.deepEqual(session.parts[session.slot("B")].detached, [3]);
});

test("a barrier between two units leaves two pieces but still is a boundary", () => {
  const plan = drawn(["AA"]);
  plan.pairs.joins[0] = 0;
  assert.equal(new EditSession(plan).totals().detached, 1);
});

test("a locked community keeps its units and takes none", () => {
  const session = new EditSession(drawn(["AABB", "AACC"]));
  session.setLocked("A", true);
  assert.deepEqual(session.give([2], "A"), {done: false, why: "locked"});
  assert.deepEqual(session.give([0, 2], "C"), {done: true, left: 1});
  assert.deepEqual(session.done.at(-1), {kind: "give", units: ["u00002"], from: ["B"], to: "C"});
  assert.equal(session.merge("A", "B").why, "locked");
  session.undo();
  session.undo();
  assert.equal(session.give([2], "A").done, true);
});

test("merging leaves one part; a new part stands for none of today's", () => {
  const session = new EditSession(drawn(["AABB", "AACC"]));
  session.merge("C", "B");
  assert.equal(session.slot("C"), -1);
  assert.deepEqual(session.slots().map((slot) => session.parts[slot].id), ["A", "B"]);
  assert.equal(session.totals().moved, 20);
  session.create([0, 1, 4], "North");
  assert.deepEqual([rowOf(session, "new-1").name, rowOf(session, "new-1").moved], ["North", 0]);
  // The new part holds most of A: it is the one that stands for it, and the rest of A counts as moved.
  assert.equal(rowOf(session, "A").moved, 10);
  session.undo();
  assert.equal(session.slot("new-1"), -1);
  session.create([0], "South");
  assert.equal(rowOf(session, "new-1").name, "South");
});

test("a part that ties keeps its own name", () => {
  const session = new EditSession(drawn(["AABB"]));
  session.create([0], "Half");
  assert.deepEqual([rowOf(session, "A").moved, rowOf(session, "new-1").moved], [0, 10]);
});

test("ids of new parts are the first that are free", () => {
  assert.equal(newPartId(new Set(["new-1", "SQ01", "new-3"])), "new-2");
});

test("centres: placed, moved, taken away; shares of any and of the own", () => {
  const site = (id, unit, candidate) => ({id, name: id, unit, candidate, open: !candidate, known: id !== "s3"});
  const plan = drawn(["AABB"], {
    sites: [site("s0", 0, false), site("s1", 3, true), site("s3", 2, true)],
    walk: [1, 30, 0, 4, 20, 0, 9, 12, 0, 20, 2, 0],
    // units 0 and 1 see s0, unit 2 is split: 6 households see s0 in 10, all see s1 in 15; unit 3 sees s1 in 5
    walkers: {
      start: [0, 1, 2, 4, 5], households: [10, 10, 6, 4, 10],
      reachStart: [0, 1, 2, 4, 5, 6], site: [0, 0, 0, 1, 1, 1], step: [0, 0, 1, 2, 2, 0],
    },
  });
  const session = new EditSession(plan);
  assert.deepEqual(session.totals().served_any, [20, 26, 26]);
  assert.deepEqual(session.totals().served_own, [20, 20, 20]);
  // B has no centre of its own: its walk goes to the nearest of all
  assert.equal(rowOf(session, "B").walk_min, 14.5);
  session.openCentre("s1");
  assert.deepEqual(session.totals().served_any, [30, 36, 40]);
  assert.deepEqual(rowOf(session, "B").served_own, [10, 10, 20]);
  assert.deepEqual([rowOf(session, "B").walk_min, session.totals().walk_min], [7, 4.75]);
  session.give([2], "A");
  assert.deepEqual([rowOf(session, "A").served_own, rowOf(session, "B").served_own], [[20, 26, 26], [10, 10, 10]]);
  assert.deepEqual(session.preliminary(), []);
  session.moveCentre("s0", "s3");
  assert.deepEqual(session.preliminary(), ["served_any", "served_own", "walk_min"]);
  assert.equal(session.openCentre("s3").why, "nothing");
  session.undo();
  session.closeCentre("s0");
  assert.deepEqual(session.totals().served_any, [10, 10, 20]);
  while (session.canUndo) session.undo();
  assert.deepEqual(session.totals(), new EditSession(plan).totals());
});

test("notes stay with their edit; names are trimmed and come back", () => {
  const session = new EditSession(drawn(["AB"]));
  session.rename("A", "  东 ");
  session.setNote(0, "agreed");
  assert.deepEqual(session.undo(), {kind: "rename", part: "A", old: "Part A", name: "东", note: "agreed"});
  assert.equal(rowOf(session, "A").name, "Part A");
  session.redo();
  assert.equal(session.done[0].note, "agreed");
  assert.equal(session.rename("A", "东").why, "nothing");
});

test("an arrangement from outside is one edit", () => {
  const session = new EditSession(drawn(["AABB"]));
  assert.equal(session.assign(["A", "new-1", "new-1", "B"], {"new-1": "Middle"}).done, true);
  assert.equal(session.done.length, 1);
  assert.deepEqual(session.done[0].names, {"new-1": "Middle"});
  assert.equal(rowOf(session, "new-1").name, "Middle");
  session.undo();
  assert.deepEqual(session.slots().length, 2);
});

/** A small generator with a seed; chance of the platform would make a failure unrepeatable. */
function chance(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Most weight of an assignment by trying every subset of columns. */
function bestAssignment(weight) {
  const columns = weight[0].length;
  let best = new Map([[0, 0]]);
  for (const row of weight) {
    const next = new Map(best);
    for (const [used, sum] of best) {
      for (let c = 0; c < columns; c++) {
        if (used & (1 << c)) continue;
        const key = used | (1 << c);
        next.set(key, Math.max(next.get(key) ?? -Infinity, sum + row[c]));
      }
    }
    best = next;
  }
  return Math.max(...best.values());
}

/** Everything that the session keeps, from nothing but the plan, the parts and the open sites. */
function naive(session) {
  const {plan} = session;
  const ids = plan.unitIds.map((_, unit) => session.parts[session.of[unit]].id);
  const parts = [...new Set(ids)].sort();
  const cut = plan.pairs.one.map((a, k) => (ids[a] !== ids[plan.pairs.two[k]] ? plan.pairs.metre[k] : 0));
  const members = (id) => ids.flatMap((part, unit) => (part === id ? [unit] : []));
  const sum = (units, values) => units.reduce((total, unit) => total + values[unit], 0);
  const kept = parts.map((id) => plan.baseIds.map((_, b) => sum(members(id).filter((u) => plan.base[u] === b), plan.households)));
  const centres = (id) => plan.sites.flatMap((site, k) => (session.open[k] && site.unit >= 0 && (!id || ids[site.unit] === id) ? [k] : []));
  const served = (units, sites, circle) => {
    let total = 0;
    for (const unit of units) {
      for (let row = plan.walkers.start[unit]; row < plan.walkers.start[unit + 1]; row++) {
        let hit = false;
        for (let at = plan.walkers.reachStart[row]; at < plan.walkers.reachStart[row + 1]; at++) {
          hit ||= plan.walkers.step[at] <= circle && sites.includes(plan.walkers.site[at]);
        }
        if (hit) total += plan.walkers.households[row];
      }
    }
    return total;
  };
  const pieces = (units) => {
    const left = new Set(units);
    let count = 0;
    while (left.size) {
      count++;
      const stack = [[...left][0]];
      left.delete(stack[0]);
      while (stack.length) {
        const unit = stack.pop();
        plan.pairs.one.forEach((a, k) => {
          if (!plan.pairs.joins[k]) return;
          const other = a === unit ? plan.pairs.two[k] : plan.pairs.two[k] === unit ? a : -1;
          if (left.delete(other)) stack.push(other);
        });
      }
    }
    return count;
  };
  const rows = parts.map((id) => {
    const units = members(id);
    const own = centres(id);
    const to = own.length ? own : [...plan.sites.keys()].filter((k) => session.open[k]);
    const walk = units.reduce((total, u) => total + plan.households[u] * Math.min(...to.map((k) => plan.walk[u * plan.sites.length + k])), 0);
    const households = sum(units, plan.households);
    return {
      id, units: units.length, households, people: sum(units, plan.people), pieces: pieces(units), centres: own.length,
      boundary: plan.pairs.one.reduce((total, a, k) => total + (cut[k] && (ids[a] === id || ids[plan.pairs.two[k]] === id) ? cut[k] : 0), 0),
      any: plan.minutes.map((_, c) => served(units, [...plan.sites.keys()].filter((k) => session.open[k]), c)),
      own: plan.minutes.map((_, c) => served(units, own, c)),
      walk: to.length && households > 0 ? walk / households : NaN,
    };
  });
  const all = sum([...plan.unitIds.keys()], plan.households);
  return {rows, moved: all - bestAssignment(kept), boundary: cut.reduce((a, b) => a + b, 0)};
}

function compare(session) {
  const expected = naive(session);
  const slots = session.slots();
  assert.deepEqual(slots.map((slot) => session.parts[slot].id), expected.rows.map((row) => row.id));
  const near = (a, b) => assert.ok((Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) < 1e-3, `${a} is not ${b}`);
  expected.rows.forEach((row, k) => {
    const shown = session.figures(slots[k]);
    assert.deepEqual([shown.units, shown.pieces, shown.centres], [row.units, row.pieces, row.centres]);
    near(shown.households, row.households);
    near(shown.people, row.people);
    near(shown.boundary_m, row.boundary);
    near(shown.walk_min, row.walk);
    row.any.forEach((value, c) => near(shown.served_any[c], value));
    row.own.forEach((value, c) => near(shown.served_own[c], value));
  });
  near(session.totals().moved, expected.moved);
  near(session.totals().boundary_m, expected.boundary);
}

/** A plan with odd numbers, barriers, sites and walkers. */
function randomPlan(pick) {
  const [wide, high] = [4 + pick(3), 3 + pick(3)];
  const letters = "ABCDE".slice(0, 2 + pick(4));
  const rows = Array.from({length: high}, () => Array.from({length: wide}, () => letters[pick(letters.length)]).join(""));
  const plan = drawn(rows);
  const n = plan.unitIds.length;
  plan.households = plan.households.map(() => pick(4000) / 7);
  plan.people = plan.people.map(() => pick(9000) / 3);
  plan.pairs.metre = plan.pairs.metre.map(() => pick(3000) / 9);
  plan.pairs.joins = plan.pairs.joins.map(() => Number(pick(6) > 0));
  plan.sites = Array.from({length: pick(6)}, (_, k) => ({id: `s${k}`, name: "", unit: pick(n + 1) - 1, candidate: k % 2 > 0, open: k % 2 === 0, known: true}));
  plan.walk = Array.from({length: n * plan.sites.length}, () => pick(6000) / 100);
  const walkers = {start: [0], households: [], reachStart: [0], site: [], step: []};
  for (let unit = 0; unit < n; unit++) {
    for (let row = 0; row < pick(3); row++) {
      walkers.households.push(pick(500) / 3);
      plan.sites.forEach((_, site) => pick(2) && (walkers.site.push(site), walkers.step.push(pick(3))));
      walkers.reachStart.push(walkers.site.length);
    }
    walkers.start.push(walkers.households.length);
  }
  plan.walkers = walkers;
  return plan;
}

/** One edit out of all kinds; some are refused. */
function randomEdit(session, pick) {
  const slots = session.slots();
  const id = () => session.parts[slots[pick(slots.length)]].id;
  const units = Array.from({length: 1 + pick(5)}, () => pick(session.of.length));
  const site = () => `s${pick(Math.max(session.open.length, 1))}`;
  const edits = [
    () => session.give(units, id()), () => session.give(units, id()), () => session.give(units, id()),
    () => session.create(units, "N"), () => session.merge(id(), id()), () => session.openCentre(site()),
    () => session.closeCentre(site()), () => session.moveCentre(site(), site()), () => session.setLocked(id(), pick(3) > 1),
    () => session.rename(id(), `R${pick(99)}`), () => session.undo(), () => session.undo(), () => session.redo(),
    () => session.assign(plainParts(session, units, id())),
  ];
  edits[pick(edits.length)]();
}

const plainParts = (session, units, to) => [...session.of].map((slot, unit) => (units.includes(unit) ? to : session.parts[slot].id));

test("random edits give what a naive recomputation gives, and undo brings back every bit", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const pick = chance(seed);
    const plan = randomPlan(pick);
    const session = new EditSession(plan);
    const first = JSON.stringify([session.totals(), session.slots().map((slot) => session.figures(slot))]);
    compare(session);
    for (let k = 0; k < 30; k++) {
      randomEdit(session, pick);
      compare(session);
    }
    const last = JSON.stringify([session.totals(), session.slots().map((slot) => session.figures(slot))]);
    let back = 0;
    for (; session.canUndo; back++) session.undo();
    assert.equal(JSON.stringify([session.totals(), session.slots().map((slot) => session.figures(slot))]), first, `seed ${seed}`);
    while (back--) session.redo();
    assert.equal(JSON.stringify([session.totals(), session.slots().map((slot) => session.figures(slot))]), last, `seed ${seed}`);
  }
});

test("an edit looks at two communities and not at the town", () => {
  const [wide, high, side] = [200, 100, 10];
  const rows = Array.from({length: high}, (_, y) =>
    Array.from({length: wide}, (_, x) => String.fromCharCode(0x4e00 + Math.floor(y / side) * (wide / side) + Math.floor(x / side))).join(""),
  );
  const session = new EditSession(drawn(rows));
  assert.equal(session.slots().length, 200);
  const before = [session.touched, session.kept.paths];
  session.give([10], session.parts[session.of[9]].id);
  // the pieces of both communities, 100 units each, the unit itself in both, and its 3 neighbours
  assert.ok(session.touched - before[0] <= 205, `${session.touched - before[0]}`);
  assert.equal(session.kept.paths - before[1], 2);
});

test("the matching equals trying every assignment while rows change and are added", () => {
  const pick = chance(7);
  for (let round = 0; round < 60; round++) {
    let rows = 1 + pick(6);
    const columns = 1 + pick(6);
    const kept = new Matching(rows, columns);
    const weight = Array.from({length: rows}, () => new Array(columns).fill(0));
    for (let step = 0; step < 25; step++) {
      if (pick(6) === 0 && rows < 8) {
        weight.push(new Array(columns).fill(0));
        if (++rows > kept.size) kept.grow();
      }
      const changed = new Set([pick(rows), pick(rows)]);
      for (const row of changed) {
        const column = pick(columns);
        const by = pick(9) - Math.min(4, weight[row][column]);
        kept.add(row, column, by);
        weight[row][column] += by;
      }
      kept.rematch(changed);
      const sum = weight.reduce((total, row, k) => total + (kept.columnOf[k] < columns ? row[kept.columnOf[k]] : 0), 0);
      assert.equal(sum, bestAssignment(weight));
      assert.deepEqual([...kept.columnOf.slice(0, kept.size)].sort((a, b) => a - b), [...Array(kept.size).keys()]);
    }
  }
});
