"""The sample township: two communities in a mountain valley, 28 grids, service sites above and below 300 m2."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np

from geoplan.samples.formats import write_csv, write_gbk_shapefile, write_geojson, write_gpkg, write_ledger
from geoplan.samples.plans import Band, Community, Extra, TownPlan, at, curve, road
from geoplan.samples.tables import SampleTown

__all__ = ["PLAN", "write"]

PLAN = TownPlan(
    name="宝岭镇（合成示例）",
    epsg=4546,
    origin=(362_800.0, 2_057_600.0),
    outline=curve(
        at(
            "-1250 -250, -1300 350, -800 750, -200 700, 350 950, 950 800, "
            "1300 300, 1150 -250, 700 -700, 150 -620, -350 -850, -900 -700"
        ),
        closed=True,
        step_m=100.0,
    ),
    roads=[
        road("primary", "宝岭大道", "-1700 60, -900 130, -300 210, 350 330, 900 380, 1600 600"),
        road("secondary", "七仙路", "-420 1200, -330 600, -280 210, -200 -300, -260 -1100"),
        road("secondary", "民族路", "480 1300, 430 800, 380 330, 420 -150, 560 -1000"),
        road("secondary", "新星路", "-1700 -330, -900 -330, -220 -380, 430 -400, 1000 -250, 1600 -150"),
        road("tertiary", "文明路", "-850 900, -780 450, -800 140, -830 -320, -800 -1000"),
    ],
    bands=[
        Band(
            "river",
            "宝岭河",
            at("-1800 -120, -1100 -60, -500 10, 0 60, 450 80, 900 60, 1700 180"),
            58.0,
            30.0,
            "residential",
            ("河北路", "河南路"),
        )
    ],
    zones=[
        ("core", at("-500 100, -450 600, 350 700, 400 150")),
        ("new", at("450 150, 480 750, 1150 650, 1150 200")),
        ("new", at("-750 -300, -700 20, -250 20, -250 -350")),
        ("village", at("-1250 50, -1100 500, -820 500, -800 50")),
        ("village", at("450 -450, 600 -700, 1100 -350, 900 -220")),
    ],
    default_zone="mixed",
    communities=[
        Community("七仙社区", (0, 500), 6000, 15, ("good",)),
        Community("宝河社区", (-50, -350), 5000, 13, ("good",)),
    ],
    estates=24,
    households=11_000,
    enclaves=0,
    notches=1,
    units=24,
    people=(33_500, 29_800),
    bridges="宝岭河",
    extras=[
        Extra("七仙社区东片网格服务站", "网格", (150, 560), 420),
        Extra("七仙社区西片网格服务站", "网格", (-950, 300), 180),
        Extra("七仙社区老街网格服务站", "网格", (-100, 330), 260),
        Extra("宝河社区南片网格服务站", "网格", (100, -500), 310),
        Extra("宝河社区西片网格服务站", "网格", (-800, -450), 150),
        Extra("宝河社区东片拟建服务站", "网格", (800, -300), 300, candidate=True),
    ],
    split_above=420,
)
"""What is drawn by hand of the township."""

_HOUSE_FIELDS = {
    "LDBH": (8, -1),
    "XQBH": (8, -1),
    "XQMC": (40, -1),
    "LDH": (10, -1),
    "CS": (3, 0),
    "JZMJ": (10, 1),
    "ZHS": (5, 0),
    "RKS": (6, 0),
    "ZZBL": (4, 1),
}


def write(town: SampleTown, folder: Path) -> None:
    """Write the township's data files into a folder.

    Parameters
    ----------
    town
        The finished tables.
    folder
        An existing folder; files of the same names are replaced.
    """
    write_gbk_shapefile(folder / "楼栋.shp", _houses(town), _HOUSE_FIELDS)
    write_gpkg(folder / "镇区.gpkg", _layers(town))
    write_geojson(folder / "网格.geojson", _grids(town))
    write_csv(
        folder / "网格台账.csv",
        ["网格编号", "网格名称", "所属社区"],
        town.grids[["id", "name", "community"]].to_numpy().tolist(),
        encoding="gb18030",
    )
    _site_ledger(town, folder / "服务场所台账.xlsx")


def _houses(town: SampleTown) -> gpd.GeoDataFrame:
    table = town.buildings
    fields = {
        "LDBH": "id",
        "XQBH": "estate",
        "XQMC": "estate_name",
        "LDH": "name",
        "CS": "floors",
        "JZMJ": "floor_area_m2",
        "ZHS": "households",
        "RKS": "people_resident",
        "ZZBL": "residential_share",
    }
    return gpd.GeoDataFrame({k: table[v] for k, v in fields.items()}, geometry=table.geometry, crs=table.crs)


def _layers(town: SampleTown) -> dict[str, gpd.GeoDataFrame]:
    estates = town.estates.assign(
        kind=town.estates["kind"].map({"estate": "小区", "block": "街坊", "village": "自然村"}),
        walled=np.where(town.estates["walled"], "是", "否"),
        divisible=np.where(town.estates["divisible"], "是", "否"),
    )
    gates = town.gates.assign(open=np.where(town.gates["open"], "是", "否"))

    def pick(frame: gpd.GeoDataFrame, **fields: str) -> gpd.GeoDataFrame:
        return frame[[*fields.values(), "geometry"]].rename(columns={v: k for k, v in fields.items()})

    return {
        "社区": pick(town.communities, SQDM="id", SQMC="name"),
        "小区": pick(
            estates,
            XQBH="id",
            XQMC="name",
            XQLX="kind",
            ZHS="households",
            封闭="walled",
            可拆分="divisible",
            JZND="year",
        ),
        "道路": pick(
            town.streets, BSM="id", DLMC="name", DLDJ="kind", 层级="level", 过街="crossing", 等待比例="wait_share"
        ),
        "大门": pick(gates, BSM="id", MC="name", XQBH="estate", 开放="open"),
        "服务场所": town.centres[["id", "geometry"]].rename(columns={"id": "CSBH"}),
        "河流": pick(town.barriers, BSM="id", MC="name", LX="kind"),
        "驻区单位": pick(town.units, BSM="id", MC="name", LX="kind"),
    }


def _grids(town: SampleTown) -> gpd.GeoDataFrame:
    return town.grids[["id", "geometry"]].rename(columns={"id": "WGBH"})


def _site_ledger(town: SampleTown, path: Path) -> None:
    header = ["场所编号", "场所名称", "层级", "所属社区", "建筑面积", "地址", "是否拟建"]
    rows = [
        [r.id, r.name, r.tier, r.serves, r.floor_area_m2, r.address, "是" if r.candidate else "否"]
        for r in town.centres.itertuples(index=False)
    ]
    total = ["合计", None, None, None, float(town.centres["floor_area_m2"].sum()), None, None]
    write_ledger(path, "服务场所", "宝岭镇党群服务场所台账（合成示例）", header, rows, total=total)
