/** Files of edits: what the page writes it reads back, as JSON and as a table, and what does not fit is refused. */
import assert from "node:assert/strict";
import {test} from "node:test";

import {EditSession} from "../../geoplan/maps/js/editcore.js";
import {cellsOf, decoded, parsed} from "../../geoplan/maps/js/editcsv.js";
import {guard, replay, toCsv, toDocument, toJson, unguard} from "../../geoplan/maps/js/editfile.js";
import {drawn} from "./drawn.js";

const site = (id, unit, candidate) => ({id, name: id, unit, candidate, open: !candidate, known: true});
const plan = () => drawn(["AABB", "AACC"], {sites: [site("s0", 0, false), site("s1", 3, true)]});
const head = {format: "geoplan-edits", version: 1, plan: {fingerprint: "f", name: "today"}};
const why = (...edits) => replay(new EditSession(plan()), {...head, edits})?.why ?? "";

/** A session with one edit of every kind. */
function edited() {
  const session = new EditSession(plan());
  session.give([1], "B", '=a "note",\nin two lines');
  session.create([2, 3], "新, \"社区\"");
  session.rename("A", "MAR1");
  session.setLocked("C", true);
  session.assign(["A", "B", "new-1", "new-2", "A", "A", "C", "C"], {"new-2": "-2"});
  session.openCentre("s1");
  session.closeCentre("s1");
  session.moveCentre("s0", "s1");
  session.setLocked("C", false);
  session.merge("C", "B");
  return session;
}

test("JSON and CSV are read back as they were written", () => {
  const session = edited();
  const doc = toDocument(session, "town");
  for (const text of [toJson(doc), toCsv(session, doc), toCsv(session, doc).replaceAll("\r\n", "\n")]) {
    const back = new EditSession(plan());
    assert.equal(replay(back, parsed(text)), null);
    assert.deepEqual(back.totals(), session.totals());
    assert.deepEqual(back.done.map(({kind}) => kind), session.done.map(({kind}) => kind));
    assert.deepEqual(back.slots().map((slot) => back.figures(slot)), session.slots().map((slot) => session.figures(slot)));
  }
  const again = new EditSession(plan());
  replay(again, parsed(toCsv(session, doc)));
  assert.deepEqual(again.done, session.done);
});

test("a table names its plan and holds every total", () => {
  const session = edited();
  const doc = toDocument(session, "town");
  const rows = cellsOf(toCsv(session, doc).replace(/^\ufeff/, ""), ",");
  assert.deepEqual(rows[0].slice(-2), ["plan", "plan_name"]);
  assert.ok(rows.slice(1).every((row) => row[7] === "f" && row[8] === "today"));
  const totals = rows.filter((row) => row[1] === "total" && row[2] === "A");
  assert.deepEqual(totals.filter((row) => ["name", "range"].includes(row[3])).map((row) => row[5]), ["'MAR1", "0"]);
});

test("a spreadsheet may have saved it with semicolons and in GB18030", () => {
  const text = "edit;kind;unit;name;from;to;note;plan\r\n1;give;u00001;;A;B;;f\r\n";
  const doc = parsed(decoded(new TextEncoder().encode(text).buffer));
  assert.equal(replay(new EditSession(plan()), doc), null);
  assert.equal(decoded(new Uint8Array([0xc9, 0xe7, 0xc7, 0xf8]).buffer), "社区");
  assert.equal(parsed("a,b\n1,2\n"), null);
  assert.equal(parsed("{"), null);
  assert.equal(parsed(text.replace("1;give", "one;give")), null);
  assert.equal(replay(new EditSession(plan()), parsed(text.replace(";f\r", ";g\r")))?.why, "plan");
});

test("what Python refuses, the page refuses", () => {
  const give = {kind: "give", units: ["u00001"], from: ["A"], to: "B"};
  assert.equal(why(give), "");
  assert.equal(why({...give, to: "Q"}), "part");
  assert.equal(why({...give, to: ""}), "format");
  assert.equal(why({...give, units: ["u00001", "u00001"], from: ["A", "A"]}), "twice");
  assert.equal(why({...give, units: [1]}), "format");
  assert.equal(why({...give, note: {}}), "format");
  assert.equal(why({...give, units: ["u9"]}), "unit");
  assert.equal(why({...give, from: ["B"]}), "from");
  assert.equal(why({...give, kind: "new", name: "x"}), "exists");
  assert.equal(why({...give, kind: "new", to: "new-1", name: ["x"]}), "format");
  assert.equal(why({...give, kind: "new", to: "new-1", name: "x"}, {...give, kind: "new", units: ["u00000"], to: "new-1"}), "exists");
  assert.equal(why({...give, kind: "assign", to: ["Q"]}), "part");
  assert.equal(why({...give, kind: "assign", to: ["Q"], names: {Q: 3}}), "format");
  assert.equal(why({...give, kind: "assign", to: ["Q"], names: {Q: "q"}}), "");
  assert.equal(why({...give, kind: "assign", to: ["toString"], names: {}}), "part");
  assert.equal(why({kind: "open", site: "s0"}), "site");
  assert.equal(why({kind: "move", site: "s0", other: "s0"}), "site");
  assert.equal(why({kind: "close", site: "s1"}), "site");
  assert.equal(why({kind: "rename", part: "A", name: " "}), "format");
  assert.equal(why({kind: "rename", part: "A", name: 3}), "format");
  assert.equal(why({kind: "lock", part: "Q"}), "part");
  assert.equal(why({kind: "toString", part: "A"}), "format");
});

test("fields of another kind of edit do nothing", () => {
  const session = new EditSession(plan());
  assert.equal(replay(session, {...head, edits: [{kind: "lock", part: "A", units: ["u00000"], site: "s0"}]}), null);
  assert.deepEqual(session.done, [{kind: "lock", part: "A"}]);
});

test("edits of a locked community are told", () => {
  const told = [];
  const edits = [{kind: "lock", part: "B"}, {kind: "give", units: ["u00000"], from: ["A"], to: "B"}, {kind: "give", units: ["u00001"], from: ["A"], to: "C"}];
  assert.equal(replay(new EditSession(plan()), {...head, edits}, (edit) => told.push(edit)), null);
  assert.deepEqual(told, [2]);
});

test("what a spreadsheet would read as a date, a number or a formula is guarded", () => {
  for (const text of ["MAR1", "sep-12", "Oct 3", "TRUE", "1E5", "=x", "'x", "＝x"]) assert.equal(guard(text), `'${text}`);
  for (const text of ["new-1", "marble", "东社区", "A1", "truel"]) assert.equal(guard(text), text);
  for (const text of ["MAR1", "'x", "new-1"]) assert.equal(unguard(guard(text)), text);
});
