"""The sample subdistrict: old town on a lake, centres in tiers, two population counts, 66 old estates."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from geoplan.samples.formats import write_csv, write_gbk_shapefile, write_geojson, write_gpkg, write_ledger
from geoplan.samples.plans import Band, Community, Extra, TownPlan, at, curve, road
from geoplan.samples.tables import SampleTown

__all__ = ["PLAN", "write"]

PLAN = TownPlan(
    name="江澜街道（合成示例）",
    epsg=4543,
    origin=(590_900.0, 2_766_000.0),
    outline=curve(
        at(
            "-1750 -700, -1850 100, -1500 850, -700 1300, 150 1250, 900 1500, 1600 1150, "
            "1900 400, 1700 -350, 1350 -900, 700 -1150, 100 -950, -500 -1200, -1200 -1150"
        ),
        closed=True,
        step_m=120.0,
    ),
    roads=[
        road("primary", "澜江大道", "-2200 500, -1200 430, -400 260, 300 250, 1100 480, 2200 700"),
        road("primary", "星湖路", "-350 1900, -260 900, -180 250, -80 -400, 60 -1500"),
        road("primary", "翠峰路", "850 2000, 760 1200, 700 380, 820 -400, 950 -1500"),
        road("secondary", "宁海路", "-2200 -250, -1200 -230, -500 -330, 300 -420, 900 -400, 2100 -250"),
        road("secondary", "抚仙路", "-1150 1600, -1050 800, -980 420, -1000 -240, -1100 -1500"),
        road("secondary", "大街", "-1000 0, -560 -20, -130 -30, 300 20, 720 60"),
        road("secondary", "文星街", "-1300 900, -650 800, -260 790, 250 860, 740 900, 1300 1000"),
        road("secondary", "龙泉路", "700 380, 1000 50, 1300 -260, 1600 -420"),
    ],
    bands=[
        Band(
            "river",
            "澜溪河",
            at("500 2000, 420 1300, 380 700, 320 250, 300 -150, 450 -600, 480 -1500"),
            64.0,
            34.0,
            "residential",
            ("澜溪西路", "澜溪东路"),
        )
    ],
    zones=[
        ("core", at("-900 250, -600 750, 200 780, 280 -300, -300 -450, -900 -200")),
        ("new", at("750 350, 850 950, 1700 950, 1800 400, 1100 100")),
        ("new", at("-1650 350, -1500 -200, -1050 -200, -1050 400")),
        ("village", at("900 -450, 900 -1000, 1400 -800, 1700 -300")),
        ("village", at("-1500 -350, -1600 -900, -1100 -1100, -1050 -350")),
        ("village", at("-700 900, -900 1250, -300 1250, -300 850")),
        ("fringe", at("700 1150, 900 1700, 1800 1300, 1400 1050")),
    ],
    default_zone="mixed",
    communities=[
        Community("大街社区", (-450, 120), 3900, 8, ("good",)),
        Community("文星社区", (-400, 560), 3500, 8, ()),
        Community("宁海社区", (-450, -500), 3300, 7, ("bad",)),
        Community("西门社区", (-1250, 150), 3100, 7, ("good",)),
        Community("抚仙社区", (-1200, 750), 2500, 6, ()),
        Community("龙街社区", (0, 1000), 2600, 6, ("good",)),
        Community("澜溪社区", (90, -50), 2900, 7, ()),
        Community("翠峰社区", (550, 600), 2800, 6, ()),
        Community("星湖社区", (1250, 650), 4600, 10, ("good",)),
        Community("龙泉社区", (1150, 0), 2900, 7, ()),
        Community("湖滨社区", (250, -750), 2200, 5, ()),
        Community("前卫社区", (-1300, -750), 1700, 4, ()),
    ],
    estates=58,
    households=36_000,
    enclaves=3,
    notches=4,
    units=60,
    people=(100_000, 85_000),
    bridges="澜溪河",
    tier="社区级",
    extras=[
        Extra("江澜区级党群服务中心", "区级", (-330, 330), 5200),
        Extra("江澜街道党群服务中心", "街道级", (650, 150), 2600),
        Extra("老街商圈党群服务站", "商圈级", (-500, -30), 260),
        Extra("澜江商圈党群服务站", "商圈级", (720, 420), 320),
        Extra("星湖新城商圈党群服务站", "商圈级", (1350, 800), 280),
        Extra("客运站党群服务站", "商圈级", (-1000, 430), 180),
        Extra("农贸市场党群服务站", "商圈级", (-130, 780), 150),
        Extra("湖滨夜市党群服务站", "商圈级", (300, -800), 120),
        Extra("龙泉拟建社区服务站", "社区级", (1150, -250), 900, candidate=True),
        Extra("抚仙拟建社区服务站", "社区级", (-1150, 850), 900, candidate=True),
    ],
    split_above=600,
    old_estates=66,
)
"""What is drawn by hand of the subdistrict."""

_ESTATE_FIELDS = {
    "BSM": (8, -1),
    "XQMC": (44, -1),
    "XQDZ": (44, -1),
    "XQLX": (8, -1),
    "ZJMJ": (10, 1),
    "ZHS": (6, 0),
    "CZRK": (7, 0),
    "HJRK": (7, 0),
    "JZND": (4, 0),
    "WYLX": (10, -1),
    "WYGS": (24, -1),
    "FBXQ": (2, -1),
    "GZPC": (14, -1),
    "GZXH": (4, 0),
}


def write(town: SampleTown, folder: Path) -> None:
    """Write the subdistrict's data files into a folder.

    Parameters
    ----------
    town
        The finished tables.
    folder
        An existing folder; files of the same names are replaced.
    """
    write_gbk_shapefile(folder / "小区.shp", _estates(town), _ESTATE_FIELDS)
    write_gpkg(folder / "楼栋与道路.gpkg", _layers(town))
    write_geojson(folder / "社区.geojson", _communities(town))
    write_geojson(folder / "服务中心.geojson", _centres(town))
    _people_ledger(town, folder / "楼栋人口台账.xlsx")
    _units_ledger(town, folder / "驻区单位.csv")


def _estates(town: SampleTown) -> gpd.GeoDataFrame:
    table = town.estates
    kinds = {"estate": "小区", "block": "街坊", "village": "城中村"}
    return gpd.GeoDataFrame(
        {
            "BSM": table["id"],
            "XQMC": table["name"],
            "XQDZ": "江澜街道" + table["community"].map(town.communities.set_index("id")["name"]),
            "XQLX": table["kind"].map(kinds),
            "ZJMJ": table["floor_area_m2"],
            "ZHS": table["households"],
            "CZRK": table["people_resident"],
            "HJRK": table["people_registered"],
            "JZND": table["year"],
            "WYLX": np.where(table["kind"] == "estate", "专业物业", np.where(table["walled"], "单位自管", "无物业")),
            "WYGS": np.where(table["kind"] == "estate", table["name"].str[:2] + "物业公司", ""),
            "FBXQ": np.where(table["walled"], "是", "否"),
            "GZPC": table["phase"],
            "GZXH": table["priority"],
        },
        geometry=table.geometry,
        crs=table.crs,
    )


def _layers(town: SampleTown) -> dict[str, gpd.GeoDataFrame]:
    houses = town.buildings[["id", "estate", "name", "use", "floors", "floor_area_m2", "residential_share", "geometry"]]
    streets = town.streets[["id", "name", "kind", "level", "crossing", "wait_share", "geometry"]]
    gates = town.gates.assign(open=np.where(town.gates["open"], "开放", "关闭"))
    return {
        "楼栋": houses.rename(
            columns={
                "id": "LDBH",
                "estate": "XQBSM",
                "name": "LDH",
                "use": "YT",
                "floors": "CS",
                "floor_area_m2": "JZMJ",
                "residential_share": "ZZBL",
            }
        ),
        "道路": streets.rename(
            columns={
                "id": "BSM",
                "name": "DLMC",
                "kind": "DLDJ",
                "level": "层级",
                "crossing": "过街",
                "wait_share": "等待比例",
            }
        ),
        "大门": gates.rename(columns={"id": "BSM", "name": "MC", "estate": "XQBSM", "open": "状态"}),
        "河流": town.barriers.rename(columns={"id": "BSM", "name": "MC", "kind": "LX"}),
        "网格": town.grids[["id", "name", "community", "geometry"]].rename(
            columns={"id": "WGBH", "name": "WGMC", "community": "SQDM"}
        ),
        "街道": _subdistrict(town),
    }


def _subdistrict(town: SampleTown) -> gpd.GeoDataFrame:
    whole = shapely.coverage_union_all(town.communities.geometry.to_numpy())
    return gpd.GeoDataFrame({"JDDM": ["JD01"], "JDMC": ["江澜街道"]}, geometry=[whole], crs=town.communities.crs)


def _communities(town: SampleTown) -> gpd.GeoDataFrame:
    table = town.communities.assign(JDDM="JD01")
    return table.rename(columns={"id": "SQDM", "name": "SQMC"})[["SQDM", "SQMC", "JDDM", "geometry"]]


def _centres(town: SampleTown) -> gpd.GeoDataFrame:
    table = town.centres.assign(candidate=np.where(town.centres["candidate"], "是", "否"))
    return table.rename(
        columns={
            "id": "编号",
            "name": "名称",
            "tier": "层级",
            "serves": "所属社区",
            "floor_area_m2": "建筑面积",
            "address": "地址",
            "candidate": "拟建",
        }
    )


def _people_ledger(town: SampleTown, path: Path) -> None:
    header = ["楼栋编号", "小区", "楼栋号", "户数", "常住人口", "户籍人口"]
    counts = ["households", "people_resident", "people_registered"]
    table = town.buildings
    rows = table[["id", "estate_name", "name", *counts]].to_numpy().tolist()
    total = ["合计", None, None, *(int(table[c].sum()) for c in counts)]
    write_ledger(path, "楼栋人口", "江澜街道楼栋人口台账（合成示例）", header, rows, total=total)


def _units_ledger(town: SampleTown, path: Path) -> None:
    degrees = town.units.to_crs(4490)
    rows = [
        [r.id, r.name, r.kind, f"{r.geometry.x:.6f}", f"{r.geometry.y:.6f}"] for r in degrees.itertuples(index=False)
    ]
    write_csv(path, ["编号", "单位名称", "类型", "经度", "纬度"], rows, encoding="gb18030")
