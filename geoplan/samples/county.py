"""The sample county's files: GBK shapefile of houses, one GeoPackage, gates as GeoJSON, two ledgers."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geoplan.samples.formats import write_csv, write_gbk_shapefile, write_geojson, write_gpkg, write_ledger
from geoplan.samples.plans import Band, Community, Extra, TownPlan, at, curve, road
from geoplan.samples.town import SampleTown

__all__ = ["PLAN", "write"]

PLAN = TownPlan(
    name="苍兰县（合成示例）",
    epsg=4548,
    origin=(591_500.0, 3_853_000.0),
    outline=curve(
        at(
            "-2750 -900, -2900 250, -2650 1250, -1900 1900, -700 2180, 500 2120, 1450 2200, 2250 1650, "
            "2750 900, 2950 -50, 2800 -1000, 2200 -1750, 1150 -1980, 0 -2150, -1200 -1950, -2200 -1600"
        ),
        closed=True,
        step_m=150.0,
    ),
    roads=[
        road("primary", "中心大街", "-420 2600, -400 1500, -330 500, -380 -400, -480 -1200, -430 -2500"),
        road("primary", "迎宾大道", "-3300 820, -2000 640, -1000 600, -330 560, 500 640, 1500 700, 2300 420, 3300 350"),
        road("primary", "金山路", "-1900 2600, -1860 1400, -1780 600, -1720 -300, -1650 -1200, -1720 -2400"),
        road("primary", "东环路", "1500 2700, 1750 1700, 1840 700, 1760 -200, 1820 -1100, 2000 -2300"),
        road(
            "primary", "南环路", "-3300 -1250, -2000 -1270, -900 -1330, 300 -1420, 1500 -1430, 2400 -1250, 3300 -1300"
        ),
        road("secondary", "育才路", "820 2600, 760 1500, 660 640, 720 -100, 760 -900, 800 -1440"),
        road("secondary", "解放路", "-1750 120, -1000 80, -350 40, 300 110, 720 60, 1300 130, 1790 90"),
        road("secondary", "建设街", "-2850 1330, -1860 1180, -1000 1150, -380 1120, 300 1190, 760 1210, 1300 1260"),
        road("secondary", "文化路", "-1075 1704, -1060 1150, -1010 600, -980 80, -1010 -220"),
        road("secondary", "府前街", "160 1160, 180 620, 200 90, 250 -370"),
        road("secondary", "兴隆路", "-2900 -450, -2200 -600, -1690 -720, -1000 -760, -430 -800"),
        road("secondary", "望岭路", "-330 560, 200 900, 760 1210, 1090 1405"),
    ],
    bands=[
        Band(
            "river",
            "兰溪河",
            at(
                "-3400 150, -2600 60, -1900 -230, -1200 -420, -500 -480, "
                "200 -620, 900 -860, 1500 -960, 2200 -900, 3400 -1150"
            ),
            130.0,
            84.0,
            "tertiary",
            ("滨河北路", "滨河南路"),
        ),
        Band(
            "railway",
            "苍枣铁路",
            at("-3400 1250, -2300 1580, -1200 1720, -200 1640, 700 1540, 1600 1220, 2250 620, 2600 -100, 3000 -900"),
            56.0,
            8.0,
            "residential",
            ("铁路北巷", "铁路南巷"),
        ),
    ],
    zones=[
        ("core", at("-950 200, -900 1050, 100 1150, 800 1000, 850 150, 300 -300, -600 -200")),
        ("village", at("-1700 1250, -1500 1650, -900 1650, -700 1200")),
        ("village", at("900 250, 950 750, 1600 650, 1700 150, 1300 -300")),
        ("village", at("-1500 -900, -1400 -1300, -700 -1350, -600 -900")),
        ("village", at("-2800 500, -2700 1100, -2100 1150, -2050 600")),
        ("industry", at("2000 700, 2300 1500, 3000 700, 3100 -200, 2700 -200, 2450 300")),
        ("industry", at("-2900 -1000, -2200 -800, -1900 -1300, -2300 -1800, -2900 -1500")),
        ("new", at("-1700 650, -1650 -250, -2700 0, -2700 650")),
        ("new", at("-350 -600, 700 -850, 800 -1400, -300 -1350")),
        ("new", at("850 -200, 1700 -200, 1700 -850, 850 -800")),
        ("new", at("1000 1400, 1000 800, 1700 750, 1700 1200")),
        ("fringe", at("-3100 1900, -600 1650, 900 1600, 1900 1350, 2600 500, 3300 800, 2300 2500, -1900 2500")),
        ("fringe", at("-3000 -1450, 0 -1500, 3000 -1450, 2500 -2400, -2500 -2400")),
    ],
    default_zone="mixed",
    communities=[
        Community("城关社区", (-650, 850), 6350, 5),
        Community("府前社区", (250, 700), 4900, 4),
        Community("文化社区", (-1150, 250), 4500, 3),
        Community("金山社区", (-2200, 300), 5300, 4),
        Community("建设社区", (-1350, 1350), 3900, 3),
        Community("铁北社区", (-900, 1880), 430, 1),
        Community("望岭社区", (700, 1600), 2600, 2),
        Community("东关社区", (1250, 500), 6900, 5, ("bad",)),
        Community("育才社区", (1200, -450), 5800, 5),
        Community("滨河社区", (0, -150), 4200, 3),
        Community("东环社区", (2250, -100), 2100, 2),
        Community("开发区社区", (2500, 900), 400, 1),
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
    people=(172_000, 151_000),
    bridges="兰溪河",
    extras=[
        Extra("河湾拟建一号站", "社区", (-2250, -480), 600, candidate=True),
        Extra("金山北拟建二号站", "社区", (-2250, 900), 900, candidate=True),
        Extra("东关拟建三号站", "社区", (1350, 350), 1200, candidate=True),
        Extra("南环拟建四号站", "社区", (1500, -1600), 900, candidate=True),
    ],
)
"""What is drawn by hand of the county."""

_FIELDS = {
    "BSM": (8, -1),
    "XQBH": (8, -1),
    "XQMC": (44, -1),
    "LDH": (10, -1),
    "房屋用途": (10, -1),
    "CS": (3, 0),
    "JZMJ": (10, 1),
    "ZHS": (5, 0),
    "RKS": (6, 0),
    "住宅面积比例": (4, 1),
}
"""Width and decimals of the shapefile's fields; the last name is longer than ten bytes, so it is cut."""

_GREEN = {"green": "公园", "farm": "农田"}
"""Uses of blocks that are green land, and what the layer of green land calls them."""


def write(town: SampleTown, folder: Path) -> None:
    """Write the county's data files into a folder.

    Parameters
    ----------
    town
        The finished tables.
    folder
        An existing folder; files of the same names are replaced.
    """
    counted = _counted(town)
    write_gbk_shapefile(folder / "房屋.shp", _houses(town, counted), _FIELDS)
    write_gpkg(folder / "基础数据.gpkg", _layers(town))
    write_geojson(folder / "大门.geojson", _gates(town))
    _estate_ledger(town, folder / "小区台账.xlsx")
    _centre_ledger(town, folder / "服务站台账.csv")


def _counted(town: SampleTown) -> pd.Series:
    """Whether the households of each estate were counted building by building: four in five, villages less often."""
    order = np.arange(len(town.estates))
    left_out = (order % 5 == 2) | ((town.estates["kind"] == "village").to_numpy() & (order % 3 == 0))
    return pd.Series(~left_out, index=town.estates["id"])


def _houses(town: SampleTown, counted: pd.Series) -> gpd.GeoDataFrame:
    table = town.buildings
    known = table["estate"].map(counted).fillna(True).astype(bool)
    return gpd.GeoDataFrame(
        {
            "BSM": table["id"],
            "XQBH": table["estate"],
            "XQMC": table["estate_name"],
            "LDH": table["name"],
            "房屋用途": table["use"],
            "CS": table["floors"].astype("int32"),
            "JZMJ": table["floor_area_m2"],
            "ZHS": table["households"].where(known).astype("Int32"),
            "RKS": table["people_resident"].where(known).astype("Int32"),
            "住宅面积比例": table["residential_share"],
        },
        geometry=table.geometry,
        crs=table.crs,
    )


def _layers(town: SampleTown) -> dict[str, gpd.GeoDataFrame]:
    def pick(frame: gpd.GeoDataFrame, **fields: str) -> gpd.GeoDataFrame:
        return frame[[*fields.values(), "geometry"]].rename(columns={v: k for k, v in fields.items()})

    estates = town.estates.assign(
        kind=town.estates["kind"].map({"estate": "小区", "block": "街坊", "village": "城中村"}),
        walled=np.where(town.estates["walled"], "是", "否"),
        through=np.where(town.estates["through"], "是", "否"),
        divisible=np.where(town.estates["divisible"], "是", "否"),
    )
    green = town.blocks[town.blocks["use"].isin(list(_GREEN))]
    return {
        "社区": pick(town.communities, SQDM="id", SQMC="name"),
        "网格": pick(town.grids, WGBH="id", WGMC="name", SQDM="community"),
        "小区": pick(
            estates,
            XQBH="id",
            XQMC="name",
            XQLX="kind",
            封闭="walled",
            可穿行="through",
            可拆分="divisible",
            JZND="year",
        ),
        "道路": pick(
            town.streets, BSM="id", DLMC="name", DLDJ="kind", 层级="level", 过街="crossing", 等待比例="wait_share"
        ),
        "服务站": pick(
            town.centres.assign(拟建=np.where(town.centres["candidate"], "是", "否")), BSM="id", 拟建="拟建"
        ),
        "阻隔": pick(town.barriers, BSM="id", MC="name", LX="kind"),
        "街坊": pick(town.blocks, JFBH="id", MC="name", YT="use", ZHS="households", SQDM="community", WGBH="grid"),
        "驻区单位": pick(town.units, BSM="id", MC="name", LX="kind"),
        "绿地": pick(green.assign(kind=green["use"].map(_GREEN)), BSM="id", MC="name", LX="kind"),
    }


def _gates(town: SampleTown) -> gpd.GeoDataFrame:
    gates = town.gates.assign(open=np.where(town.gates["open"], "开放", "关闭"))
    return gates.rename(columns={"id": "编号", "name": "名称", "estate": "小区编号", "open": "状态"})


def _estate_ledger(town: SampleTown, path: Path) -> None:
    header = ["序号", "小区编号", "小区名称", "楼栋数", "总户数", "常住人口", "建成年份"]
    table = town.estates
    rows = [
        [n, r.id, r.name, r.houses, r.households, r.people_resident, r.year]
        for n, r in enumerate(table.itertuples(index=False), start=1)
    ]
    total = ["合计", None, None, *(int(table[c].sum()) for c in ("houses", "households", "people_resident")), None]
    write_ledger(path, "小区台账", "苍兰县城区小区（院落）基本情况台账（合成示例）", header, rows, total=total)


def _centre_ledger(town: SampleTown, path: Path) -> None:
    header = ["编号", "名称", "层级", "所属社区", "建筑面积（平方米）", "地址"]
    rows = [[r.id, r.name, r.tier, r.serves, r.floor_area_m2, r.address] for r in town.centres.itertuples(index=False)]
    write_csv(path, header, rows, encoding="gb18030")
