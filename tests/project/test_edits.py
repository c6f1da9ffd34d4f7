"""Edits back: what a page gave is checked line by line, done, measured again and compared; a row of eight estates."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from edits_world import HELD, NAMES, document, write_project

from geoplan.cli import main
from geoplan.errors import InputError
from geoplan.maps.container import read_container
from geoplan.partition.editing import plan_fingerprint
from geoplan.partition.plan import today
from geoplan.places.units import build_units
from geoplan.project import load_project, load_town
from geoplan.project.editfile import read_edits
from geoplan.project.meeting import MeetingResult, apply_project_edits

GIVE: dict[str, Any] = {"kind": "give", "units": ["e4"], "from": ["B"], "to": "A", "note": '=agreed, "yes"'}
OPEN: dict[str, Any] = {"kind": "open", "site": "s4"}

# e4 goes to A: 440 and 300 households. Within 5 minutes (300 s) of a centre are its own estate and the next two; e3 is
# 312 s from A's and e4 412 s. Walks to A's centre, minutes: 0.20, 1.87, 3.53, 5.20 (40 households), 6.87.
TOTAL = {
    "parts": 2,
    "units": 8,
    "households": 740,
    "people": 1850,
    "outside": 2,
    "boundary_m": 120,
    "moved": 100,
    "detached": 0,
    "served_any": [600, 740, 740],
    "served_own": [600, 740, 740],
    "walk_min": (20 + 187 + 353 + 208 + 687 + 353 + 187 + 20) / 740,
}
WHOLE = {"pieces": 1, "centres": 1, "boundary_m": 120, "range": -1}
PARTS: list[dict[str, Any]] = [
    {"id": "A", "name": "东社区", "units": 5, "households": 440, "people": 1100, "moved": 100, **WHOLE}
    | {"served_any": [300, 440, 440], "served_own": [300, 440, 440], "walk_min": (20 + 187 + 353 + 208 + 687) / 440},
    {"id": "B", "name": "西社区", "units": 3, "households": 300, "people": 750, "moved": 0, **WHOLE}
    | {"served_any": [300, 300, 300], "served_own": [300, 300, 300], "walk_min": (353 + 187 + 20) / 300},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("edits") / "town")


@pytest.fixture(scope="module")
def fingerprint(folder: Path) -> str:
    return plan_fingerprint(today(build_units(load_town(load_project(folder)))))


def apply(folder: Path, tmp_path: Path, text: str | bytes, **options: Any) -> MeetingResult:
    path = tmp_path / "edits.any"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    options.setdefault("out", tmp_path / "out")
    return apply_project_edits(load_project(folder), path, language="en", **options)


def codes(folder: Path, tmp_path: Path, text: str | bytes, **options: Any) -> list[str]:
    with pytest.raises(InputError) as error:
        apply(folder, tmp_path, text, **options)
    assert not (tmp_path / "out" / "edits").exists()
    return [fault.code for fault in error.value.faults]


def differing(result: MeetingResult) -> list[tuple[str, str, float | str | None, float | str | None]]:
    """Totals that the file has otherwise, without those that it lacks."""
    return [(d.name, d.part, d.page, d.python) for d in result.differences if d.page is not None]


def test_edits_are_done_measured_and_agree_with_the_page(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    totals = {"total": TOTAL, "parts": PARTS}
    result = apply(folder, tmp_path, document(fingerprint, [GIVE], totals))
    assert result.whole
    assert result.differences == ()
    # 9 numbers and two lists of 3 in total; of each community 9 numbers, two lists of 3 and the name
    assert result.compared == 15 + 2 * 16
    assert result.proposal.after.parts["households"].to_dict() == {"A": 440, "B": 300}
    assert sorted(path.name for path in result.files if path.exists()) == [
        "coverage.xlsx",
        "edit_list.csv",
        "edited.gpkg",
        "edited.xlsx",
        "map.html",
        "plans.json",
        "summary.json",
    ]
    record = json.loads((result.folder / "summary.json").read_text(encoding="utf-8"))
    assert record["edits"]["taken"] == 1
    assert record["edits"]["plan"] == fingerprint
    assert record["alternatives"][0]["moved_households"] == 100
    changes = result.proposal.changes
    assert changes[["unit", "from", "to"]].to_numpy().tolist() == [["e4", "B", "A"]]
    assert str(changes["reason"][0]) == '=agreed, "yes"'


def test_a_centre_opened_counts_in_the_community_it_stands_in(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    # The site stands in e4, now A's: every estate of A is within 5 minutes of one of A's two centres.
    totals = {
        "total": {"served_any": [740, 740, 740], "served_own": [740, 740, 740]},
        "parts": [{"id": "A", "centres": 2}],
    }
    result = apply(folder, tmp_path, document(fingerprint, [GIVE, OPEN], totals))
    assert (differing(result), result.compared) == ([], 7)
    assert result.applied.opened == ("s4",)


def test_other_totals_than_the_page_s_are_named(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    totals = {
        "total": {**TOTAL, "moved": 101, "served_own": [600, 739, 740], "walk_min": 99},
        "parts": [
            {**PARTS[0], "moved": 99, "name": "东"},
            {**PARTS[1], "pieces": 2, "range": 0},
            {"id": "Z", "units": 3},
        ],
        "preliminary": ["walk_min"],
    }
    result = apply(folder, tmp_path, document(fingerprint, [GIVE], totals))
    found = [(d.name, d.part, d.page, d.python) for d in result.differences]
    # Python knows the walks to every site: that the page calls one preliminary excuses nothing
    assert found == [
        ("moved", "", 101, 100),
        ("walk_min", "", 99, pytest.approx(TOTAL["walk_min"])),
        ("served_own 10 min", "", 739, 740),
        ("name", "A", "东", "东社区"),
        ("moved", "A", 99, 100),
        ("range", "B", 0, -1),
        ("pieces", "B", 2, 1),
        ("units", "Z", 3, 0),
    ]
    assert not result.whole
    assert str(result.differences[3].message) == "name, A: the page says 东, geoplan 东社区"


def test_totals_that_are_missing_are_no_proof(
    folder: Path, fingerprint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    total = {name: value for name, value in TOTAL.items() if name not in ("moved", "served_any")}
    first = {name: value for name, value in PARTS[0].items() if name != "walk_min"}
    result = apply(folder, tmp_path, document(fingerprint, [GIVE], {"total": total, "parts": [first]}))
    assert [(d.name, d.part, d.page) for d in result.differences] == [
        ("moved", "", None),
        ("served_any", "", None),
        ("walk_min", "A", None),
        ("units", "B", None),
    ]
    assert str(result.differences[0].message) == "moved, in total: missing in the file; geoplan 100.000"
    assert not result.whole
    path = tmp_path / "none.json"
    path.write_text(document(fingerprint, [GIVE]), encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        main(["apply-edits", str(folder), str(path), "--out", str(tmp_path / "out"), "--language", "en"])
    assert caught.value.code == 1
    assert "the file holds no totals of the page: nothing could be compared" in capsys.readouterr().out


def test_several_best_matchings_of_old_and_new_communities_agree(
    folder: Path, fingerprint: str, tmp_path: Path
) -> None:
    # A falls into two halves under new ids: either may stand for the old A, and 170 households have moved.
    held = {**HELD, "e3": 100.0}
    other = write_project(tmp_path / "even", held)
    start = plan_fingerprint(today(build_units(load_town(load_project(other)))))
    edits = [
        {"kind": "new", "units": ["e0", "e1"], "from": ["A", "A"], "to": "new-1", "name": "N"},
        {"kind": "new", "units": ["e2", "e3"], "from": ["A", "A"], "to": "new-2", "name": "M"},
    ]
    for one, two, whole in ((200, 0, True), (0, 200, True), (100, 100, False)):
        rows = [{"id": "new-1", "moved": one}, {"id": "new-2", "moved": two}, {"id": "B", "moved": 0}]
        result = apply(other, tmp_path, document(start, edits, {"total": {"moved": 200}, "parts": rows}))
        assert (differing(result) == []) is whole


def test_a_new_community_must_be_new_and_locks_are_warned_of(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    into = {"kind": "new", "units": ["e4"], "from": ["B"], "to": "A", "name": "x"}
    assert codes(folder, tmp_path, document(fingerprint, [into])) == ["part-exists"]
    lock: dict[str, Any] = {"kind": "lock", "part": "A"}
    result = apply(folder, tmp_path, document(fingerprint, [lock, GIVE, {"kind": "unlock", "part": "A"}]))
    assert [str(warning) for warning in result.applied.warned] == ["edit 2: 东社区 is locked by an earlier edit"]
    # an assignment names the communities that it brings, and no others
    names = {"A": "changed", "new-1": "N"}
    assign: dict[str, Any] = {
        "kind": "assign",
        "units": ["e0", "e4"],
        "from": ["A", "B"],
        "to": ["new-1", "A"],
        "names": names,
    }
    result = apply(folder, tmp_path, document(fingerprint, [assign]))
    assert result.proposal.partition.names == {"A": "东社区", "B": "西社区", "new-1": "N"}


def test_every_fault_is_gathered_with_its_place(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    edits = [
        {"kind": "give", "units": ["e4", "e9"], "from": ["A", "B"], "to": "A"},
        {"kind": "merge", "part": "B", "units": ["e5"], "from": ["B"], "to": "Q"},
        {"kind": "open", "site": "f0"},
        {"kind": "close", "site": "f9"},
        {"kind": "rename", "part": "Q", "old": "", "name": "x"},
    ]
    with pytest.raises(InputError) as error:
        apply(folder, tmp_path, document(fingerprint, edits))
    found = [(fault.code, str(fault.given)) for fault in error.value.faults]
    assert found == [
        ("from-differs", "edit 1: from A"),
        ("unknown-unit", "edit 1: e9"),
        ("unknown-part", "edit 2: Q"),
        ("site-differs", "edit 3: f0 is so already"),
        ("unknown-site", "edit 4: f9"),
        ("unknown-part", "edit 5: Q"),
    ]
    assert str(error.value.faults[0].needed) == "unit e4 in B, where it is now"


def test_another_plan_is_refused_unless_rebased(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    other = write_project(tmp_path / "other", {**HELD, "e3": 50.0})
    edits = [
        GIVE,
        {"kind": "give", "units": ["e5", "e9"], "from": ["A", "B"], "to": "A"},
        {"kind": "lock", "part": "A"},
    ]
    text = document(fingerprint, edits, {"total": TOTAL, "parts": PARTS})
    assert codes(other, tmp_path, text) == ["wrong-fingerprint"]
    result = apply(other, tmp_path, text, rebase=True)
    assert result.rebased
    assert result.compared == 0
    assert result.applied.taken == 2
    assert [str(reason) for reason in result.applied.left] == [
        "needed unit e5 in B, where it is now; given edit 2: from A",
        "needed a unit of the plan; given edit 2: e9",
    ]
    assert not result.whole
    assert result.proposal.partition.part_of["e4"] == "A"
    assert apply(other, tmp_path, document(fingerprint, [GIVE]), rebase=True).whole


def test_edits_of_the_result_are_found_back(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    first = apply(folder, tmp_path, document(fingerprint, [GIVE, OPEN]))
    after = json.loads((first.folder / "summary.json").read_text(encoding="utf-8"))["edits"]["result"]
    page = (first.folder / "map.html").read_text(encoding="utf-8")
    data = re.search(r'type="text/plain">(.*?)</script>', page, re.DOTALL)
    assert data
    starts = read_container(data[1])["edit"]["starts"]
    assert [(start["name"], start["fingerprint"]) for start in starts] == [("today", fingerprint), ("edited", after)]
    new = {"kind": "new", "units": ["e0", "e1"], "from": ["A", "A"], "to": "new-1", "name": "新社区"}
    totals = {"total": {"parts": 3, "moved": 240, "detached": 0}, "parts": [{"id": "new-1", "centres": 1}]}
    second = apply(folder, tmp_path, document(after, [new, {"kind": "close", "site": "s4"}], totals))
    # The new community keeps 200 of old A's households, A only 140: it stands for old A, and e2 to e4 have moved.
    assert (differing(second), second.compared) == ([], 4)
    assert second.proposal.after.parts["name"].to_dict() == {"A": "东社区", "B": "西社区", "new-1": "新社区"}
    assert second.proposal.after.parts["centres"].to_dict() == {"A": 0, "B": 1, "new-1": 1}
    # the first result is still on record: the same edits can be done again
    again = apply(folder, tmp_path, document(after, [new]))
    assert len(again.proposal.after.parts) == 3


def csv_text(fingerprint: str, delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(["edit", "kind", "unit", "name", "from", "to", "note", "plan"])
    writer.writerow(["1", "give", "e4", "花园e4", "B", "A", '\'=agreed, "yes"', fingerprint])
    writer.writerow(["2", "new", "e0", "花园e0", "A", "new-1", "", fingerprint])
    writer.writerow(["2", "name", "", "新\n社区", "", "new-1", "", fingerprint])
    writer.writerow(["3", "open", "", "", "s4", "", "", fingerprint])
    writer.writerow(["4", "rename", "", "'2号社区", "B", "西社区", "", fingerprint])
    writer.writerow(["", "total", "", "served_any", "", "740 740 740", "", fingerprint])
    writer.writerow(["", "total", "A", "households", "", "340", "", fingerprint])
    writer.writerow(["", "preliminary", "", "", "", "", "", fingerprint])
    return out.getvalue()


def test_csv_says_the_same(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    result = apply(folder, tmp_path, csv_text(fingerprint).encode("utf-8-sig"))
    assert (differing(result), result.compared) == ([], 4)
    assert result.proposal.partition.part_of[["e0", "e4"]].tolist() == ["new-1", "A"]
    assert result.proposal.partition.names == {"A": "东社区", "B": "2号社区", "new-1": "新\n社区"}
    assert result.applied.notes == {"e4": '=agreed, "yes"'}


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "gb18030"), ("\t", "utf-8")])
def test_csv_may_have_been_saved_by_a_spreadsheet(tmp_path: Path, delimiter: str, encoding: str) -> None:
    files = []
    for name, text in (
        ("page", csv_text("x").encode("utf-8-sig")),
        ("saved", csv_text("x", delimiter).encode(encoding)),
    ):
        (tmp_path / name).write_bytes(text)
        files.append(read_edits(tmp_path / name))
    page, saved = files
    assert (saved.edits, saved.total, saved.parts, saved.fingerprint) == (page.edits, page.total, page.parts, "x")


def test_a_table_finds_the_plan_of_its_name_again(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    first = apply(folder, tmp_path, document(fingerprint, [GIVE]))
    other = write_project(tmp_path / "other", {**HELD, "e3": 50.0})
    (other / "plans.json").write_bytes((first.folder / "plans.json").read_bytes())
    lines = [f"1,give,e3,A,B,{'0' * 64},{name}" for name in ("edited", "")]
    parts = []
    for line in lines:
        text = "edit,kind,unit,from,to,plan,plan_name\r\n" + line
        (other / "table.csv").write_text(text, encoding="utf-8")
        result = apply_project_edits(load_project(other), other / "table.csv", tmp_path / "o", rebase=True)
        parts.append("".join(result.proposal.partition.part_of))
    # the edited plan has e4 in A, today's has it in B; tables without the name start from today's
    assert parts == ["AAABABBB", "AAABBBBB"]


def test_csv_faults_name_their_line(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    text = csv_text(fingerprint).replace("e0,", "e77,").replace("e4,花园e4,B", "e4,花园e4,A")
    with pytest.raises(InputError) as error:
        apply(folder, tmp_path, text)
    assert [str(fault.given) for fault in error.value.faults] == ["line 2: from A", "line 3: e77"]


def test_a_line_twice_is_told_and_a_very_long_cell_is_only_an_unknown_unit(
    folder: Path, fingerprint: str, tmp_path: Path
) -> None:
    long = "e" * 200_000
    lines = [f"1,give,{unit},B,A,{fingerprint}" for unit in ("e4", "e4", long)]
    with pytest.raises(InputError) as error:
        apply(folder, tmp_path, "\r\n".join([" Edit ,kind,unit,from,to,plan", *lines]))
    assert [(fault.code, str(fault.given)[:30]) for fault in error.value.faults] == [
        ("unit-twice", "line 3: e4 a second time"),
        ("unknown-unit", f"line 4: {long}"[:30]),
    ]
    assert csv.field_size_limit() == 131_072, "other readers count on the limit of the process"


def test_a_list_of_shares_that_is_too_short_does_not_agree(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    result = apply(folder, tmp_path, document(fingerprint, [GIVE], {"total": {"served_any": [600]}}))
    assert [name for name, *_ in differing(result)] == ["served_any 10 min", "served_any 15 min"]
    assert result.compared == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-edits"),
        (" \n\n", "not-edits"),
        (b"PK\x03\x04 a workbook", "not-edits"),
        ("[1, 2]", "not-edits"),
        (document("x", [{"kind": "give", "units": ["e1"], "from": ["A"], "to": "B", "names": [1]}]), "bad-edit"),
        (document("x", [{"kind": "new", "units": ["e1"], "from": ["A"], "to": "N", "name": ["x"]}]), "bad-edit"),
        (document("x", [{"kind": "give", "units": [1], "from": ["A"], "to": "B"}]), "bad-edit"),
        (document("x", [{"kind": "give", "units": ["e1"], "from": ["A"], "to": {"B": 1}}]), "bad-edit"),
        (document("x", [{"kind": "rename", "part": "A", "name": " "}]), "bad-edit"),
        (document("x", [{"kind": "lock", "part": "A", "note": 3}]), "bad-edit"),
        (document("x", [], {"total": {"households": 10**400}}), "bad-edit"),
        (document("x", [], {"total": [1]}), "bad-edit"),
        (document("x", [], {"parts": [3]}), "bad-edit"),
        (document("x", [], {"total": {"households": "many"}}), "bad-edit"),
        (document("x", [], {"parts": [{"id": "A", "served_any": [1, None]}]}), "bad-edit"),
        ("edit,kind,unit,from,to,plan\n²,give,e1,A,B,x\n", "bad-edit"),
        ("edit,kind,unit,from,to,plan\n1,give,e1,A,B,\n", "bad-edit"),
        ("{", "not-edits"),
        ('{"format": "geoplan-edits"}', "not-edits"),
        ('{"format": "geoplan-edits", "version": 2, "plan": {}, "edits": []}', "not-edits"),
        ('{"format": "geoplan-edits", "version": 1, "plan": {}, "edits": [{"kind": "burn"}]}', "bad-edit"),
        (document("x", [{"kind": "give", "units": ["e1"], "from": [], "to": "A"}]), "bad-edit"),
        (document("x", [{"kind": "give", "units": "e1", "from": "A", "to": "B"}]), "bad-edit"),
        (document("x", [{"kind": "give", "units": [], "from": [], "to": "A"}]), "bad-edit"),
        (document("x", [3]), "bad-edit"),
        ("a,b\n1,2\n", "not-edits"),
        ("edit,kind,unit,from,to,plan\n1,burn,e1,A,B,x\n", "bad-edit"),
        ("edit,kind,unit,from,to,plan\none,give,e1,A,B,x\n", "bad-edit"),
        ("edit,kind,unit,from,to,plan\n1,give,e1,A,B,x\n1,give,e2,A,B,y\n", "bad-edit"),
        (b"\xff\xfe\x00", "not-edits"),
    ],
)
def test_what_is_no_file_of_edits_is_refused(tmp_path: Path, text: str | bytes, code: str) -> None:
    path = tmp_path / "edits.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    with pytest.raises(InputError) as error:
        read_edits(path)
    assert {fault.code for fault in error.value.faults} == {code}


def test_no_cell_of_the_list_is_a_formula(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    edit = {"kind": "give", "units": ["e2"], "from": ["A"], "to": "B", "note": "@x"}
    result = apply(folder, tmp_path, document(fingerprint, [edit, {"kind": "rename", "part": "A", "name": "+1"}]))
    rows = list(csv.reader(io.StringIO((result.folder / "edit_list.csv").read_text(encoding="utf-8-sig"))))
    assert rows[1][3:] == [f"'{NAMES['e2']}", "东社区" if rows[1][4] == "东社区" else "'+1", "西社区", "'@x"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_the_same_edits_give_the_same_bytes(folder: Path, fingerprint: str, tmp_path: Path) -> None:
    text = document(fingerprint, [GIVE, OPEN], {"total": TOTAL})
    results = [apply(folder, tmp_path, text, out=tmp_path / name) for name in ("one", "two")]
    for one, two in zip(*(sorted(r.files) for r in results), strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name


def test_the_fingerprint_is_of_the_content(folder: Path, fingerprint: str) -> None:
    base = today(build_units(load_town(load_project(folder))))
    assert plan_fingerprint(base) == fingerprint
    assert plan_fingerprint(base.moved(["e0"], "B")) != fingerprint
    assert plan_fingerprint(base, opened=["s4"]) != fingerprint
