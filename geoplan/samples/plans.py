"""What is drawn by hand of each sample town: outline, main roads, river, railway, zones and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from scipy.interpolate import CubicSpline

from geoplan.samples.planar import XY, Line

__all__ = ["PLANS", "Band", "Community", "TownPlan", "band_lines", "curve"]


@dataclass(frozen=True, slots=True)
class Band:
    """A river, railway or expressway: its centre line, the strip of land it takes, and what runs along the strip."""

    kind: str
    name: str
    points: Sequence[XY]
    land_m: float
    width_m: float
    bank: str
    bank_names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Community:
    """A community: its rough middle, its households, and how its service centres are placed.

    ``centres`` are ``"good"`` (near the middle of its people) or ``"bad"`` (at its far edge).
    """

    name: str
    middle: XY
    households: float
    grids: int
    centres: tuple[str, ...] = ("good",)


@dataclass(frozen=True, slots=True)
class TownPlan:
    """The hand-drawn part of a town, in metres from ``origin``."""

    name: str
    epsg: int
    origin: XY
    outline: Sequence[XY]
    roads: Sequence[Line]
    bands: Sequence[Band]
    zones: Sequence[tuple[str, Sequence[XY]]]
    default_zone: str
    communities: Sequence[Community]
    estates: int
    households: int
    enclaves: int
    notches: int
    units: int
    candidates: Sequence[XY] = ()

    def zone_at(self, polygon: shapely.Polygon) -> str:
        """Zone that holds the middle of a face; the first drawn wins."""
        point = polygon.representative_point()
        for name, shape in _zone_shapes(self):
            if shape.contains(point):
                return name
        return self.default_zone


@cache
def _shapes(zones: tuple[tuple[str, tuple[XY, ...]], ...]) -> list[tuple[str, shapely.Polygon]]:
    return [(name, shapely.Polygon(curve(points, closed=True))) for name, points in zones]


def _zone_shapes(plan: TownPlan) -> list[tuple[str, shapely.Polygon]]:
    return _shapes(tuple((name, tuple(points)) for name, points in plan.zones))


def curve(points: Sequence[XY], *, closed: bool = False, step_m: float = 60.0) -> list[XY]:
    """A smooth line through hand-drawn points."""
    at = np.array([*points, points[0]] if closed else points, dtype=float)
    if len(at) == 2:
        return [(float(x), float(y)) for x, y in at]
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(at, axis=0).T))]
    spline = CubicSpline(along, at, bc_type="periodic" if closed else "natural")
    count = max(2, round(along[-1] / step_m))
    dense = spline(np.linspace(0, along[-1], count + 1))
    return [(float(x), float(y)) for x, y in (dense[:-1] if closed else dense)]


def band_lines(band: Band) -> list[Line]:
    """Centre line and both edges of a band; the edges are streets where the band has banks."""
    centre = shapely.LineString(curve(band.points))
    edges = [centre.offset_curve(side * band.land_m / 2, join_style="round") for side in (1, -1)]
    lines: list[Line] = [("", "", list(centre.coords))]
    for edge, name in zip(edges, band.bank_names, strict=True):
        lines.append((band.bank, name, list(edge.simplify(1.5).coords)))
    return lines


_COUNTY = TownPlan(
    name="苍兰县（合成示例）",
    epsg=4548,
    origin=(591_500.0, 3_853_000.0),
    outline=curve(
        [
            (-2750, -900),
            (-2900, 250),
            (-2650, 1250),
            (-1900, 1900),
            (-700, 2180),
            (500, 2120),
            (1450, 2200),
            (2250, 1650),
            (2750, 900),
            (2950, -50),
            (2800, -1000),
            (2200, -1750),
            (1150, -1980),
            (0, -2150),
            (-1200, -1950),
            (-2200, -1600),
        ],
        closed=True,
        step_m=150.0,
    ),
    roads=[
        (
            "primary",
            "中心大街",
            curve([(-420, 2600), (-400, 1500), (-330, 500), (-380, -400), (-480, -1200), (-430, -2500)]),
        ),
        (
            "primary",
            "迎宾大道",
            curve(
                [
                    (-3300, 820),
                    (-2000, 640),
                    (-1000, 600),
                    (-330, 560),
                    (500, 640),
                    (1500, 700),
                    (2300, 420),
                    (3300, 350),
                ]
            ),
        ),
        (
            "primary",
            "金山路",
            curve([(-1900, 2600), (-1860, 1400), (-1780, 600), (-1720, -300), (-1650, -1200), (-1720, -2400)]),
        ),
        (
            "primary",
            "东环路",
            curve([(1500, 2700), (1750, 1700), (1840, 700), (1760, -200), (1820, -1100), (2000, -2300)]),
        ),
        (
            "primary",
            "南环路",
            curve(
                [
                    (-3300, -1250),
                    (-2000, -1270),
                    (-900, -1330),
                    (300, -1420),
                    (1500, -1430),
                    (2400, -1250),
                    (3300, -1300),
                ]
            ),
        ),
        ("secondary", "育才路", curve([(820, 2600), (760, 1500), (660, 640), (720, -100), (760, -900), (800, -1440)])),
        (
            "secondary",
            "解放路",
            curve([(-1750, 120), (-1000, 80), (-350, 40), (300, 110), (720, 60), (1300, 130), (1790, 90)]),
        ),
        (
            "secondary",
            "建设街",
            curve([(-2850, 1330), (-1860, 1180), (-1000, 1150), (-380, 1120), (300, 1190), (760, 1210), (1300, 1260)]),
        ),
        ("secondary", "文化路", curve([(-1080, 1900), (-1060, 1150), (-1010, 600), (-980, 80), (-1010, -220)])),
        ("secondary", "府前街", curve([(160, 1160), (180, 620), (200, 90), (250, -370)])),
        ("secondary", "兴隆路", curve([(-2900, -450), (-2200, -600), (-1690, -720), (-1000, -760), (-430, -800)])),
        ("secondary", "望岭路", curve([(-330, 560), (200, 900), (760, 1210), (1180, 1560), (1450, 2100)])),
    ],
    bands=[
        Band(
            "river",
            "兰溪河",
            [
                (-3400, 150),
                (-2600, 60),
                (-1900, -230),
                (-1200, -420),
                (-500, -480),
                (200, -620),
                (900, -860),
                (1500, -960),
                (2200, -900),
                (3400, -1150),
            ],
            130.0,
            84.0,
            "tertiary",
            ("滨河北路", "滨河南路"),
        ),
        Band(
            "railway",
            "苍枣铁路",
            [
                (-3400, 1250),
                (-2300, 1580),
                (-1200, 1720),
                (-200, 1640),
                (700, 1540),
                (1600, 1220),
                (2250, 620),
                (2600, -100),
                (3000, -900),
            ],
            56.0,
            8.0,
            "",
            ("", ""),
        ),
    ],
    zones=[
        ("core", [(-950, 200), (-900, 1050), (100, 1150), (800, 1000), (850, 150), (300, -300), (-600, -200)]),
        ("village", [(-1700, 1250), (-1500, 1650), (-900, 1650), (-700, 1200)]),
        ("village", [(900, 250), (950, 750), (1600, 650), (1700, 150), (1300, -300)]),
        ("village", [(-1500, -900), (-1400, -1300), (-700, -1350), (-600, -900)]),
        ("village", [(-2800, 500), (-2700, 1100), (-2100, 1150), (-2050, 600)]),
        ("industry", [(2000, 700), (2300, 1500), (3000, 700), (3100, -200), (2700, -200), (2450, 300)]),
        ("industry", [(-2900, -1000), (-2200, -800), (-1900, -1300), (-2300, -1800), (-2900, -1500)]),
        ("new", [(-1700, 650), (-1650, -250), (-2700, 0), (-2700, 650)]),
        ("new", [(-350, -600), (700, -850), (800, -1400), (-300, -1350)]),
        ("new", [(850, -200), (1700, -200), (1700, -850), (850, -800)]),
        ("new", [(1000, 1400), (1000, 800), (1700, 750), (1700, 1200)]),
        (
            "fringe",
            [
                (-3100, 1900),
                (-600, 1650),
                (900, 1600),
                (1900, 1350),
                (2600, 500),
                (3300, 800),
                (2300, 2500),
                (-1900, 2500),
            ],
        ),
        ("fringe", [(-3000, -1450), (0, -1500), (3000, -1450), (2500, -2400), (-2500, -2400)]),
    ],
    default_zone="mixed",
    communities=[
        Community("城关社区", (-650, 850), 6350, 5),
        Community("府前社区", (250, 700), 4900, 4),
        Community("文化社区", (-1150, 250), 4500, 3),
        Community("金山社区", (-2200, 300), 5300, 4),
        Community("建设社区", (-1350, 1350), 3900, 3),
        Community("铁北社区", (-900, 1880), 450, 1),
        Community("望岭社区", (700, 1600), 2600, 2),
        Community("东关社区", (1250, 500), 6900, 5, ("bad",)),
        Community("育才社区", (1200, -450), 5800, 5),
        Community("滨河社区", (0, -150), 4200, 3, ("bad",)),
        Community("东环社区", (2250, -100), 2100, 2),
        Community("开发区社区", (2500, 900), 455, 1),
        Community("兴隆社区", (-1200, -700), 3000, 2),
        Community("河湾社区", (-2300, -450), 1500, 1, ()),
        Community("南苑社区", (100, -1150), 7480, 6, ("good", "bad")),
        Community("南环社区", (1700, -1300), 3500, 3),
    ],
    estates=89,
    households=63_000,
    enclaves=9,
    notches=7,
    units=86,
    candidates=[(-2250, -480), (-2250, 900), (1350, 350), (1500, -1600)],
)

PLANS = {"county": _COUNTY}
