"""The sample county's files: GBK shapefile of houses, one GeoPackage, gates as GeoJSON, two ledgers."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geoplan.samples.formats import write_csv, write_gbk_shapefile, write_geojson, write_gpkg, write_ledger
from geoplan.samples.town import SampleTown

__all__ = ["write_county"]

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


def write_county(town: SampleTown, folder: Path) -> None:
    """Write the county's data files into a folder."""
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
