"""A town of a few blocks and its coverage with the numbers written by hand, in the shape that the maps take."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame
from shapely.geometry import LineString, MultiPoint, Point, Polygon, box

from geoplan.errors import msg
from geoplan.maps.container import read_container
from geoplan.model import Level, Notice, Town
from geoplan.standards import Profile, Rule, circle_limit, circle_rule, load_profile, load_standard

CRS = 4548
X0, Y0 = 500_000.0, 3_850_000.0


@dataclass(frozen=True)
class FakeCase:
    mode: str = "time"
    profile: str = "planner"
    tier: str = ""
    centre: str = "any"


def frame(rows: list[dict[str, Any]], ids: list[str], **columns: Any) -> GeoDataFrame:
    table = GeoDataFrame(rows, geometry="geometry", crs=CRS, index=pd.Index(ids, name="id"))
    for name, value in columns.items():
        if name not in table:
            table[name] = [value] * len(table)
    return table


def square(x: float, y: float, side: float) -> Polygon:
    return box(X0 + x, Y0 + y, X0 + x + side, Y0 + y + side)


def buildings() -> GeoDataFrame:
    """Five buildings: one in each class, and one where nobody lives."""
    places = {
        "b1": (100, 100),
        "b2": (400, 100),
        "b3": (900, 100),
        "b4": (1500, 100),
        "b5": (1700, 700),
        "b6": (300, 300),
    }
    shapes = {name: square(x, y, 40.0) for name, (x, y) in places.items()}
    shapes["b2"] = shapes["b2"].difference(square(410, 110, 20.0))
    households = {"b1": 100.0, "b2": 60.0, "b3": 40.0, "b4": 30.0, "b5": 20.0, "b6": 0.0}
    rows = [
        {
            "name": f"{name[1:]}号楼",
            "households": households[name],
            "people_resident": 3 * households[name],
            "estimated": name == "b2",
            "estate": "e1" if name in ("b1", "b2") else None,
            "address": "解放路1号" if name == "b1" else "",
            "geometry": shape,
        }
        for name, shape in shapes.items()
    ]
    return frame(rows, list(shapes))


WALKS = pd.DataFrame(
    {
        "cost": [120.0, 480.5, 900.0, 1400.0, np.inf, 300.0],
        "facility": ["f1", "f1", "f1", "f2", None, "f1"],
        "reason": ["", "", "", "", "walled", ""],
        "connector_m": [12.0, 7.5, 30.0, 8.0, np.nan, 5.0],
        "straight_m": [100.0, 320.0, 790.0, 1100.0, 1500.0, 210.0],
        "edge_affected": [False, False, False, True, False, False],
        "communities": ["c1", "c1", "c1", "c2", None, "c1"],
    },
    index=pd.Index(["b1", "b2", "b3", "b4", "b5", "b6"], name="id"),
)


def town(**changes: Any) -> Town:
    centre = MultiPoint([(X0 + 200, Y0 + 60), (X0 + 240, Y0 + 60)])
    facilities = frame(
        [
            {"name": "城东社区服务中心", "tier": "community", "candidate": False, "geometry": centre},
            {"name": "街道中心", "tier": "subdistrict", "candidate": False, "geometry": Point(X0 + 1000, Y0 + 500)},
            {"name": "拟建服务站", "tier": "community", "candidate": True, "geometry": Point(X0 + 1600, Y0 + 400)},
        ],
        ["f1", "f2", "f3"],
        kind="service_centre",
        serves=None,
        floor_area_m2=620.0,
        address="人民路8号",
    )
    units = frame(
        [
            {"name": "城东社区", "code": "371324001", "geometry": square(0, 0, 1000.0)},
            {"name": "城西社区", "code": "371324002", "geometry": square(1000, 0, 1000.0)},
        ],
        ["c1", "c2"],
        parent=None,
        office="",
    )
    streets = frame(
        [
            {"name": "解放路", "kind": "primary", "geometry": line((0, 60), (1000, 60))},
            {"name": "解放路", "kind": "primary", "geometry": line((1000, 60), (2000, 60))},
            {"name": "", "kind": "footway", "geometry": line((1000, 60), (1000, 900))},
        ],
        ["s1", "s2", "s3"],
    )
    parts: dict[str, Any] = {
        "name": "样例镇",
        "buildings": buildings(),
        "facilities": facilities,
        "streets": streets,
        "levels": (Level("communities", units),),
        "estates": frame(
            [{"name": "幸福家园", "kind": "estate", "walled": True, "geometry": square(60, 60, 500.0)}],
            ["e1"],
            address="",
        ),
        "gates": frame(
            [
                {"name": "南门", "open": True, "geometry": Point(X0 + 200, Y0 + 60)},
                {"name": "", "open": False, "geometry": Point(X0 + 60, Y0 + 300)},
            ],
            ["g1", "g2"],
        ),
        "barriers": frame(
            [
                {"name": "沂河", "kind": "river", "geometry": line((1050, 0), (1100, 1000))},
                {"name": "", "kind": "railway", "geometry": line((0, 800), (2000, 820))},
            ],
            ["r1", "r2"],
        ),
        "green": frame(
            [
                {"name": "河滨公园", "kind": "park", "geometry": square(1180, 80, 350.0)},
                {"name": "", "kind": "farmland", "geometry": square(1500, 850, 100.0)},
            ],
            ["p1", "p2"],
        ),
        "datum": "cgcs2000",
        "notices": (
            Notice("synthetic", msg("synthetic data"), True),
            Notice("attribution", msg("© OpenStreetMap contributors"), True),
            Notice("encoding", msg("read as GB18030")),
        ),
    }
    return Town(**(parts | changes))


def line(*points: tuple[float, float]) -> LineString:
    return LineString([(X0 + x, Y0 + y) for x, y in points])


@dataclass(frozen=True)
class FakeCoverage:
    """Answers as a Coverage does, from the tables above."""

    town: Town = field(default_factory=town)
    cases: tuple[FakeCase, ...] = (FakeCase(),)
    minutes: tuple[float, ...] = (5.0, 10.0, 15.0)
    kinds: tuple[str, ...] = ()
    walks: pd.DataFrame = field(default_factory=lambda: WALKS)

    @property
    def case(self) -> FakeCase:
        return self.cases[0]

    def find_case(self, case: FakeCase | None = None) -> FakeCase:
        return case or self.case

    def profile(self, case: FakeCase) -> Profile:
        return load_profile("planner")

    def facilities(self, case: FakeCase) -> pd.Index:
        table = self.town.facilities
        return table.index[~table["candidate"]]

    @property
    def notices(self) -> tuple[Notice, ...]:
        return self.town.notices

    def limit(self, case: FakeCase, minutes: float) -> float:
        return circle_limit([load_standard("gb50180-2018")], minutes, case.mode, self.profile(case))  # type: ignore[arg-type]

    def binding_rule(self, case: FakeCase, minutes: float) -> Rule:
        return circle_rule([load_standard("gb50180-2018")], minutes, case.mode)  # type: ignore[arg-type]

    def buildings(self, case: FakeCase) -> GeoDataFrame:
        table = self.town.buildings[["name", "households", "people_resident", "estimated", "estate", "geometry"]].join(
            self.walks
        )
        table["walk_min"] = table["cost"] / 60
        for minutes in self.minutes:
            table[f"served_{minutes:g}"] = table["cost"] <= self.limit(case, minutes)
        return table

    def counts(self, table: pd.DataFrame) -> dict[str, float]:
        row = {"households": table["households"].sum(), "people": table["people_resident"].sum()}
        for m in self.minutes:
            served = table[table[f"served_{m:g}"]]
            row[f"served_households_{m:g}"] = served["households"].sum()
            row[f"served_people_{m:g}"] = served["people_resident"].sum()
        return row

    def total(self, case: FakeCase) -> dict[str, float]:
        return self.counts(self.buildings(case))

    def summary(self, level: str, case: FakeCase) -> pd.DataFrame:
        table = self.buildings(case)
        units = self.town.estates if level == "estates" else self.town.level(level).table
        key = "estate" if level == "estates" else level
        rows = [self.counts(table[table[key] == unit]) for unit in units.index]
        rows.append(self.counts(table[table[key].isna()]))
        summary = pd.DataFrame(rows, index=pd.Index([*units.index, None], dtype=object, name="id"))
        summary = summary.assign(p50_min=4.5, p90_min=14.0, floor_area_m2=620.0, required_m2=900.0)
        summary.insert(0, "name", [*units["name"], ""])
        return summary

    def isochrones(self, case: FakeCase) -> GeoDataFrame:
        centre = Point(X0 + 220, Y0 + 60)
        limits = [self.limit(case, m) for m in self.minutes]
        shapes = [centre.buffer(0.8 * m * 60) for m in self.minutes]
        return GeoDataFrame({"minutes": self.minutes, "limit": limits}, geometry=shapes, crs=CRS)

    def unserved_clusters(self, case: FakeCase, minutes: float, *, keep: object = None) -> GeoDataFrame:
        table = self.buildings(case).sort_index()
        left = table[~table[f"served_{minutes:g}"] & (table["households"] > 0)]
        return GeoDataFrame(
            {"buildings": 1, "households": left["households"], "people": left["people_resident"]},
            geometry=left.geometry.buffer(10.0).convex_hull,
            crs=CRS,
        )


def data_of(html: str, number: int = 0) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.findall(r'<script id="[^"]+" type="text/plain">(.*?)</script>', html, re.DOTALL)
    return dict(read_container(found[number]))


def unpack(text: str) -> list[int]:
    """Zigzag varints, read one byte at a time."""
    values, value, shift = [], 0, 0
    for byte in base64.b64decode(text):
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            values.append(value // 2 if value % 2 == 0 else -(value + 1) // 2)
            value = shift = 0
    return values
