"""Many towns in this process: who runs, what is kept, what is said about all of them."""

from __future__ import annotations

import json
import sqlite3
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import pytest
from many_towns import NAMES, break_town, mend_town, write_towns, written
from openpyxl import load_workbook
from small_town import TOML, write_town

from geoplan.batch.memory import memory_limit, parse_memory, peak_bytes, reset_peak
from geoplan.batch.shipping import pack_project, unpacked_project
from geoplan.batch.towns import TownsOptions, TownState, find_towns, place_towns, run_towns
from geoplan.errors import InputError
from geoplan.project import load_project
from geoplan.report.towns import TownRow, towns_total, write_towns_gpkg, write_towns_json, write_towns_xlsx

OPTIONS = TownsOptions(language="en")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], dict[str, bytes]]:
    """Three towns run one after the other, nothing wrong: what everything else is compared with."""
    projects = write_towns(tmp_path_factory.mktemp("whole"))
    assert not run_towns(projects, options=OPTIONS).failed
    return projects, written(projects)


def test_projects_are_found_by_file_folder_and_pattern(tmp_path: Path) -> None:
    projects = write_towns(tmp_path)
    (tmp_path / "no town").mkdir()
    assert find_towns([tmp_path / "*" / "geoplan.toml"]) == projects
    assert find_towns([tmp_path / "b", projects[1], tmp_path / "a"]) == projects[:2]
    with pytest.raises(InputError) as caught:
        find_towns([f"{tmp_path}/*/none.toml"])
    assert [fault.code for fault in caught.value.faults] == ["no-towns"]


def test_towns_are_named_by_their_folders(tmp_path: Path) -> None:
    files = [tmp_path / "x" / "a" / "geoplan.toml", tmp_path / "x" / "geoplan.toml", tmp_path / "x" / "plan.toml"]
    places, folder = place_towns(files)
    assert folder == tmp_path / "out"
    homes = {"x": "x/out", "x/a": "x/a/out", "x/plan": "x/out/plan"}
    assert {place.key: place.out for place in places} == {key: tmp_path / home for key, home in homes.items()}
    places, folder = place_towns(files, tmp_path / "all")
    assert folder == tmp_path / "all"
    assert [place.out for place in places] == [tmp_path / "all" / key for key in ("x", "x/a", "x/plan")]


def test_all_towns_stand_on_one_sheet(whole: tuple[list[Path], dict[str, bytes]]) -> None:
    projects, files = whole
    value = json.loads(files["summary.json"])
    assert [town["town"] for town in value["towns"]] == list(NAMES)
    # walks of the six buildings: 110, 410, 710, 900, 960 and 1210 s, with 10, 20, 30, 40, 50 and 5 households
    served = [(one["minutes"], one["served_households"]) for one in value["towns"][1]["circles"]]
    assert served == [(5, 10), (10, 30), (15, 100)]
    town = value["towns"][1]
    assert (town["name"], town["status"], town["page"]) == ("b（合成）", "done", "../b/out/map.html")
    assert (town["households"], town["people"], town["unserved_households"]) == (155, 392, 55)
    total = value["total"]
    assert (total["towns"], total["done"], total["failed"], total["households"]) == (3, 3, 0, 465)
    assert total["circles"][-1] == {"minutes": 15.0, "served_households": 300, "share": round(300 / 465, 6)}
    folder = projects[0].parents[1] / "out"
    layer = gpd.read_file(folder / "towns.gpkg", layer="towns")
    assert layer.crs == "EPSG:4490"
    assert list(layer["share_15"].round(6)) == [round(100 / 155, 6)] * 3
    # both communities together: 1150 m by 200 m
    assert layer.to_crs("EPSG:4548").area.to_list() == pytest.approx([230_000.0] * 3, rel=1e-3)
    book = load_workbook(folder / "towns.xlsx")
    assert [cell.value for cell in book["Towns"]["A"]][-4:] == [*(f"{name}（合成）" for name in NAMES), "All together"]
    assert any("ynthetic" in str(cell.value) for cell in book["Towns"]["A"])


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.hosts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = dict(attributes)
        if tag == "a":
            self.links.append(values["href"] or "")
        self.hosts += [value for name, value in attributes if name in ("src", "href") and "//" in (value or "")]


def test_the_page_leads_to_every_town_and_nowhere_else(whole: tuple[list[Path], dict[str, bytes]]) -> None:
    projects, files = whole
    page = _Links()
    page.feed(files["index.html"].decode())
    folder = projects[0].parents[1] / "out"
    assert len(page.links) == 6  # each town on the map and in the table
    assert {(folder / link).resolve() for link in page.links} == {p.parent / "out" / "map.html" for p in projects}
    assert page.hosts == []
    assert "script" not in page.tags


def test_names_of_towns_are_text_on_the_page(tmp_path: Path) -> None:
    write_town(tmp_path / "x", toml=TOML.replace("小镇", "<script>alert(1)</script>&"))
    result = run_towns([tmp_path / "x" / "geoplan.toml"], options=OPTIONS)
    text = (result.folder / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in text


def test_one_towns_failure_is_told_and_taken_up(tmp_path: Path, whole: tuple[list[Path], dict[str, bytes]]) -> None:
    projects = write_towns(tmp_path)
    break_town(tmp_path / "b")
    result = run_towns(projects, options=OPTIONS)
    assert [row.key for row in result.failed] == ["b"]
    value = json.loads((result.folder / "summary.json").read_text(encoding="utf-8"))
    assert [town["status"] for town in value["towns"]] == ["done", "failed", "done"]
    assert "town.gpkg" in value["towns"][1]["error"]
    assert str(tmp_path) not in value["towns"][1]["error"]
    assert value["total"]["households"] == 310
    book = load_workbook(result.folder / "towns.xlsx")
    assert "town.gpkg" in book["Not measured"]["C2"].value
    mend_town(tmp_path / "b")
    again = run_towns(projects, options=TownsOptions(language="en", retry_failed=True))
    assert [outcome.key for outcome in again.ran] == ["b"]
    assert not again.failed
    assert written(projects) == whole[1]
    # a result that somebody deleted is missing as well
    (tmp_path / "a" / "out" / "map.html").unlink()
    once_more = run_towns(projects, options=TownsOptions(language="en", retry_failed=True))
    assert [outcome.key for outcome in once_more.ran] == ["a"]
    assert written(projects) == whole[1]


def test_an_interruption_keeps_what_is_finished(tmp_path: Path, whole: tuple[list[Path], dict[str, bytes]]) -> None:
    projects = write_towns(tmp_path)

    def stop(state: TownState) -> None:
        if state.running == ("b",):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_towns(projects, options=OPTIONS, progress=stop)
    assert not (tmp_path / "out" / "index.html").exists()
    result = run_towns(projects, options=TownsOptions(language="en", retry_failed=True))
    assert [outcome.key for outcome in result.ran] == ["b", "丙镇"]
    assert written(projects) == whole[1]


def test_files_sent_along_give_the_same_bytes(tmp_path: Path, whole: tuple[list[Path], dict[str, bytes]]) -> None:
    projects = write_towns(tmp_path)
    result = run_towns(projects, options=TownsOptions(language="en", ship=True))
    assert not result.failed
    assert written(projects) == whole[1]


def test_a_shipped_town_that_fails_says_so_in_the_same_words(tmp_path: Path) -> None:
    texts = []
    for ship in (False, True):
        home = write_town(tmp_path / str(ship) / "x")
        # readable as a project, not as a ledger: told by whoever reads the files
        (home / "台账.xlsx").write_bytes(b"no workbook")
        result = run_towns([home / "geoplan.toml"], options=TownsOptions(language="en", ship=ship))
        texts.append([row.error for row in result.failed])
    assert texts[0] == texts[1]
    assert len(texts[0]) == 1
    assert str(tmp_path) not in texts[0][0]


def test_a_parcel_keeps_places_and_names(tmp_path: Path) -> None:
    home = write_town(tmp_path / "county" / "town")
    (home / "town.gpkg").rename(tmp_path / "shared.gpkg")
    text = (home / "geoplan.toml").read_text(encoding="utf-8").replace('"town.gpkg"', '"../../shared.gpkg"')
    (home / "geoplan.toml").write_text(text.replace('name = "小镇"\n', ""), encoding="utf-8")
    parcel = pack_project(load_project(home))
    with unpacked_project(parcel) as file:
        there = load_project(file)
        assert there.title == "town"
        assert all(path.read_bytes() for path in there.files())
        assert tmp_path not in file.parents
    assert not file.exists()


def test_absolute_paths_cannot_be_sent(tmp_path: Path) -> None:
    home = write_town(tmp_path / "town")
    text = (home / "geoplan.toml").read_text(encoding="utf-8")
    (home / "geoplan.toml").write_text(text.replace('"town.gpkg"', f'"{home.as_posix()}/town.gpkg"'), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        pack_project(load_project(home))
    assert [fault.code for fault in caught.value.faults] == ["absolute-path"]
    result = run_towns([home / "geoplan.toml"], options=TownsOptions(language="en", ship=True))
    assert "town.gpkg" in result.failed[0].error


def test_time_and_memory_go_to_the_ledger_alone(whole: tuple[list[Path], dict[str, bytes]]) -> None:
    projects, files = whole
    path = projects[0].parents[1] / "out" / ".geoplan" / "ledger.sqlite"
    database = sqlite3.connect(path)
    rows = database.execute("SELECT town, status, peak, seconds FROM towns ORDER BY town").fetchall()
    database.close()
    assert [row[:2] for row in rows] == [(name, "done") for name in sorted(NAMES)]
    assert all(peak > 10 * 1024**2 and seconds >= 0 for _, _, peak, seconds in rows)
    assert not {"peak", "seconds", "worker"} & set(json.loads(files["summary.json"])["towns"][0])


def test_nothing_measured_still_makes_a_sheet(tmp_path: Path) -> None:
    rows = [TownRow("x", "failed", "reason"), TownRow("y", "waiting")]
    assert towns_total(rows)["circles"] == []
    write_towns_gpkg(rows, tmp_path / "t.gpkg", language="zh")
    write_towns_xlsx(rows, tmp_path / "t.xlsx", language="zh")
    write_towns_json(rows, tmp_path / "t.json", version="0")
    assert list(gpd.read_file(tmp_path / "t.gpkg", layer="towns")["status"]) == ["failed", "waiting"]


@pytest.mark.parametrize(
    ("text", "size"), [("2G", 2 * 1024**3), ("1.5 GB", 3 * 1024**3 // 2), ("800MiB", 800 * 1024**2)]
)
def test_amounts_of_memory(text: str, size: int) -> None:
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1G", "0", "2X"])
def test_what_is_no_amount_of_memory(text: str) -> None:
    with pytest.raises(InputError):
        parse_memory(text)


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux limits the data of a process")
def test_a_limit_holds_and_goes() -> None:
    with memory_limit(1024**2), pytest.raises(MemoryError):
        bytearray(200 * 1024**2)
    assert len(bytearray(1024**2)) == 1024**2


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux forgets a peak")
def test_the_peak_is_that_of_one_town() -> None:
    size = 60 * 1024**2
    reset_peak()
    before = peak_bytes()
    assert before is not None
    block = bytearray(b"x") * size
    after = peak_bytes()
    assert after is not None
    assert after - before > 0.9 * size
    del block
    reset_peak()
    later = peak_bytes()
    assert later is not None
    assert later < after - size // 2
