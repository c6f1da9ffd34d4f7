"""What a file's fields and layers probably mean: the names that Chinese surveys, ledgers and OSM use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.errors import Message, msg
from geoplan.model import Column
from geoplan.read.sources import SCHEMAS
from geoplan.read.values import clean_ids, is_missing, parse_number, read_share, read_yes_no

__all__ = ["ColumnGuess", "RoleGuess", "guess_columns", "guess_role"]

_SAMPLE = 500
_MOST = 0.8
_NAMES: Mapping[str, tuple[str, ...]] = {
    "buildings": (
        "LDMC",
        "楼栋名称",
        "LDH",
        "楼栋号",
        "幢号",
        "楼号",
        "栋号",
        "ZH",
        "建筑名称",
        "房屋名称",
        "JZMC",
        "FWMC",
    ),
    "facilities": ("服务站名称", "设施名称", "SSMC", "机构名称", "场所名称", "学校名称", "站点名称"),
    "streets": ("DLMC", "道路名称", "LM", "路名", "街道名称"),
    "estates": ("XQMC", "小区名称", "小区名", "楼盘名称", "院落名称"),
    "gates": ("大门名称", "门名称", "出入口名称"),
    "barriers": ("HLMC", "河流名称", "TLMC"),
    "green": ("绿地名称", "公园名称", "LDMC", "GYMC"),
    "units": (
        *("SQMC", "社区名称", "社区", "WGMC", "网格名称", "网格", "JDMC", "街道名称", "街道", "CMC", "村名称", "CJMC"),
        *("XZQMC", "XZQHMC", "行政区名称", "XZMC", "XZJDMC", "ZMC"),
    ),
    "": ("MC", "名称", "NAME", "名字", "全称", "标题"),
}
_IDS: Mapping[str, tuple[str, ...]] = {
    "buildings": (
        "LDBH",
        "LDBM",
        "LDDM",
        "楼栋编号",
        "楼栋编码",
        "房屋编号",
        "房屋编码",
        "FWBM",
        "FWBH",
        "建筑编号",
        "JZBH",
        "ZDDM",
    ),
    "facilities": ("设施编号", "SSBH", "站点编号", "场所编号", "CSBH"),
    "streets": ("道路编号", "DLBH", "DLBM"),
    "estates": ("XQBH", "小区编号", "XQDM", "小区代码", "小区编码", "XQID"),
    "gates": ("大门编号", "门编号", "DMBH"),
    "entrances": ("单元编号", "DYBH"),
    "green": ("绿地编号", "公园编号", "LDBH", "GYBH"),
    "units": (
        *(
            "WGBH",
            "WGBM",
            "WGDM",
            "网格编号",
            "网格编码",
            "网格代码",
            "SQDM",
            "SQBH",
            "SQBM",
            "社区代码",
            "社区编号",
            "社区编码",
        ),
        *("JDDM", "JDBH", "街道代码", "街道编号", "XZQDM", "XZQHDM", "行政区代码", "行政区划代码"),
    ),
    "": (
        "BSM",
        "标识码",
        "编号",
        "编码",
        "代码",
        "ID",
        "BH",
        "BM",
        "DM",
        "UID",
        "GID",
        "序号",
        "OBJECTID",
        "FID",
        "OSM_ID",
        "EntityHandle",
    ),
}
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "households": ("ZHS", "HS", "总户数", "户数", "住户数", "居民户数", "住户", "常住户数", "HOUSEHOLDS", "HH"),
    "people_resident": (
        "CZRK",
        "CZRKS",
        "常住人口",
        "常住人口数",
        "RKS",
        "RK",
        "ZRK",
        "人口数",
        "人口",
        "总人口",
        "居住人口",
        "POPULATION",
        "POP",
    ),
    "people_registered": ("HJRK", "HJRKS", "户籍人口", "户籍人口数", "户籍人数"),
    "floor_area_m2": ("JZMJ", "ZJZMJ", "ZJMJ", "总建筑面积", "建筑面积", "建面", "总面积", "使用面积", "FLOOR_AREA"),
    "address": ("XQDZ", "DZ", "地址", "详细地址", "门牌地址", "门牌号", "MPH", "坐落", "ZL", "位置", "ADDRESS", "ADDR"),
}
_COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "buildings": {
        **_COUNTS,
        "floors": (
            "CS",
            "层数",
            "楼层",
            "楼层数",
            "ZCS",
            "总层数",
            "总楼层",
            "DSCS",
            "地上层数",
            "LC",
            "LCS",
            "FLOORS",
            "FLOOR",
            "LEVELS",
            "BUILDING:LEVELS",
        ),
        "residential_share": (
            "住宅面积比",
            "住宅比例",
            "居住比例",
            "住宅占比",
            "ZZBL",
            "FWYT",
            "房屋用途",
            "用途",
            "JZYT",
            "建筑用途",
            "WYLX",
            "物业类型",
            "FWLX",
            "房屋类型",
        ),
        "estate": ("XQBH", "XQDM", "XQID", "小区编号", "小区代码", "所属小区编号", "所属小区", "SSXQ"),
    },
    "facilities": {
        "floor_area_m2": _COUNTS["floor_area_m2"],
        "address": _COUNTS["address"],
        "kind": ("SSLX", "设施类型", "类型", "类别", "LX", "LB", "KIND", "TYPE", "AMENITY"),
        "tier": ("层级", "级别", "JB", "等级", "TIER"),
        "serves": ("所属社区", "服务社区", "SSSQ", "SQDM", "所属社区代码"),
        "candidate": ("拟建", "是否拟建", "规划", "CANDIDATE"),
    },
    "streets": {
        "kind": ("DLDJ", "道路等级", "DJ", "等级", "LX", "道路类型", "HIGHWAY", "FCLASS", "KIND"),
        "level": ("层级", "CJ", "LAYER"),
        "crossing": ("过街", "过街方式", "CROSSING"),
        "wait_share": ("等待比例",),
    },
    "estates": {
        **{name: names for name, names in _COUNTS.items() if name != "floor_area_m2"},
        "kind": ("XQLX", "小区类型", "类型", "LX"),
        "walled": ("封闭", "是否封闭", "封闭小区", "SFFB", "WALLED"),
        "through": ("可穿行", "是否可穿行", "THROUGH"),
        "divisible": ("可拆分", "是否可拆分", "DIVISIBLE"),
        "year": ("JZND", "建成年代", "建筑年代", "建成年份", "建成时间", "JCND", "JCNF", "NF", "年代", "YEAR"),
        "phase": ("改造批次", "批次", "期次", "PHASE"),
        "priority": ("优先级", "优先序", "PRIORITY"),
    },
    "gates": {
        "estate": ("XQBH", "XQDM", "小区编号", "小区代码", "所属小区"),
        "open": ("状态", "开放", "是否开放", "开闭", "ZT", "OPEN"),
    },
    "entrances": {"building": ("LDBH", "LDBM", "楼栋编号", "房屋编号", "房屋编码", "FWBM", "所属楼栋", "BUILDING")},
    "barriers": {"kind": ("LX", "类型", "KIND", "TYPE", "WATERWAY", "RAILWAY")},
    "green": {
        "kind": ("绿地类型", "绿地类别", "LDLX", "LX", "类型", "类别", "KIND", "TYPE", "LEISURE", "LANDUSE", "NATURAL")
    },
    "units": {
        "code": ("XZQHDM", "XZQDM", "行政区划代码", "区划代码", "SQDM", "社区代码", "JDDM", "WGBM", "代码"),
        "parent": ("上级", "上级代码", "所属街道", "SSJD", "JDDM", "所属社区", "SSSQ", "SQDM"),
        "office": ("办公地址", "办公地点", "居委会地址", "BGDZ", "OFFICE"),
    },
}
_NAME_WORDS: tuple[tuple[str, str, str], ...] = (
    ("entrances", "", r"单元门|楼门|单元入口|entrance"),
    ("gates", "", r"大门|小区门|门岗|出入口|gate"),
    (
        "facilities",
        "",
        r"服务站|服务中心|服务点|服务场所|服务用房|党群|设施|学校|幼儿园|医院|卫生|养老|菜市场|站点|点位|poi|facilit|school|cent(er|re)s?\b",
    ),
    ("barriers", "", r"河|水系|水域|铁路|高速|阻隔|屏障|围墙|barrier|river|water|rail"),
    ("units", "grids", r"网格|grid|wg\b"),
    ("units", "groups", r"居民小组|村民小组|小组|group"),
    ("units", "communities", r"社区|居委|行政村|村界|村委|communit|village"),
    ("streets", "", r"道路|路网|街巷|中心线|路线|road|street|highway|network|edges"),
    ("units", "subdistricts", r"街道|乡镇|镇界|镇街|subdistrict|township"),
    ("buildings", "", r"房屋|楼栋|楼房|建筑|住宅楼|building|house|footprint"),
    # after buildings and communities, whose names may hold the word
    ("green", "", r"绿地|绿化|公园|林地|草地|农田|耕地|green|park(?!ing)|forest|farmland"),
    ("estates", "", r"小区|院落|地块|居住区|楼盘|城中村|街坊|estate|block|residential"),
    ("units", "communities", r"边界|行政|辖区|区划|boundar|admin|district"),
)
# organs and firms of the area serve nobody as a centre
_NO_ROLE = re.compile(r"驻区单位|驻街单位|辖区单位|企业|商户|resident.?units|compan(y|ies)", re.IGNORECASE)
_SHAPES: Mapping[str, frozenset[str]] = {
    "point": frozenset({"facilities", "gates", "entrances", "buildings"}),
    "line": frozenset({"streets", "barriers"}),
    "area": frozenset({"buildings", "estates", "units", "barriers", "green", "facilities"}),
}
_SIGNS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("units", "grids", ("WGMC", "WGBH", "网格名称", "网格编号")),
    ("buildings", "", ("LDH", "楼栋号", "幢号", "层数", "楼层", "FLOORS", "BUILDING", "FWBM")),
    ("estates", "", ("XQMC", "小区名称", "XQDZ", "RJL", "LHL", "WYGS")),
    ("units", "communities", ("SQMC", "SQDM", "社区名称")),
    ("units", "subdistricts", ("JDMC", "街道名称", "XZQMC", "XZQHMC")),
    ("streets", "", ("DLMC", "HIGHWAY", "ONEWAY", "道路名称")),
    ("barriers", "", ("WATERWAY", "RAILWAY")),
    ("green", "", ("绿地名称", "绿地类型", "公园名称")),
    ("facilities", "", ("AMENITY", "SSLX", "设施类型")),
)
_LEVEL_NAMES: Mapping[str, tuple[str, ...]] = {
    "grids": ("WG", "网格"),
    "communities": ("SQ", "社区", "CMC", "CJ", "村"),
    "subdistricts": ("JD", "街道", "XZJD", "镇", "ZMC"),
}


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """The field that probably holds a column, and why."""

    field: str
    reason: Message


@dataclass(frozen=True, slots=True)
class RoleGuess:
    """What a layer probably is, and why; ``sure`` where its name says so and its shapes agree.

    ``role`` is ``""`` for a table without coordinates; ``level`` is set for units.
    """

    role: str
    level: str
    reason: Message
    sure: bool


def _plain(name: str) -> str:
    """A field's name without blanks and what stands in brackets."""
    return re.sub(r"[(（\[【].*?[)）\]】]|\s", "", str(name)).casefold()


def guess_columns(frame: pd.DataFrame, role: str, *, level: str = "") -> dict[str, ColumnGuess]:
    """Guess which fields hold the columns of a role.

    Parameters
    ----------
    frame
        Layer with all its fields; the values are looked at too.
    role
        Role of the layer; ``""`` for a table that is joined, which may hold columns of any role.
    level
        Level of units.

    Returns
    -------
    dict of str to ColumnGuess
        Columns of the schema, and ``id``; a field is used once, except that an id may also be the code.

    Examples
    --------
    >>> table = pd.DataFrame({"XQMC": ["兰花园"], "CS": ["临沂"], "ZHS": ["1,200"]})
    >>> {column: guess.field for column, guess in guess_columns(table, "estates").items()}
    {'name': 'XQMC', 'households': 'ZHS'}
    """
    fields = [str(name) for name in frame.columns if name != "geometry"]
    guesses: dict[str, ColumnGuess] = {}
    taken: set[str] = set()
    for column, names in _wanted(role, level).items():
        guess = _find(frame, fields, column, names, role, taken)
        if guess is not None:
            guesses[column] = guess
            if column != "id" or role == "":
                taken.add(guess.field)
    parent = guesses.get("parent")
    if parent is not None and parent.field in {guesses[c].field for c in ("id", "code") if c in guesses}:
        del guesses["parent"]
    return guesses


def _wanted(role: str, level: str) -> dict[str, tuple[str, ...]]:
    """Names by column; the level's own names first."""
    if not role:
        joined: dict[str, tuple[str, ...]] = {"id": tuple(n for names in _IDS.values() for n in names)}
        joined["name"] = tuple(n for names in _NAMES.values() for n in names)
        for columns in _COLUMNS.values():
            for column, names in columns.items():
                joined[column] = (*joined.get(column, ()), *names)
        return joined
    own = _LEVEL_NAMES.get(level, ())

    def first(names: tuple[str, ...]) -> tuple[str, ...]:
        others = {prefix for key, prefixes in _LEVEL_NAMES.items() if key != level for prefix in prefixes}
        mine = tuple(n for n in names if n.startswith(own)) if own else names
        rest = tuple(n for n in names if n not in mine and not n.startswith(tuple(others)))
        return (*mine, *rest)

    ids = (*first(_IDS.get(role, ())), *_IDS[""])
    wanted = {"id": ids, "name": (*first(_NAMES.get(role, ())), *_NAMES[""])}
    for column, names in _COLUMNS.get(role, {}).items():
        wanted[column] = tuple(n for n in names if not (own and n.startswith(own))) if column == "parent" else names
        if column == "code":
            wanted[column] = first(names)
    for schema_column in SCHEMAS[role]:
        wanted[schema_column.name] = (schema_column.name, *wanted.get(schema_column.name, ()))
    return wanted


def _find(
    frame: pd.DataFrame, fields: Sequence[str], column: str, names: Sequence[str], role: str, taken: set[str]
) -> ColumnGuess | None:
    for name in names:
        for field in fields:
            if field in taken or not _means(field, name):
                continue
            reason = _fits(frame[field], column, role)
            if reason is not None:
                return ColumnGuess(field, reason)
    return None


def _means(field: str, name: str) -> bool:
    """Whether a field's name is the alias, or the alias cut by a ``.dbf`` inside Chinese (3 or 5 characters)."""
    plain, wanted = _plain(field), name.casefold()
    if plain == wanted:
        return True
    return not plain.isascii() and len(plain) in {3, 5} and len(wanted) > len(plain) and wanted.startswith(plain)


def _fits(values: pd.Series, column: str, role: str) -> Message | None:
    """Why a field's values may be what the column asks for; None if they cannot."""
    if column == "id":
        ids = clean_ids(values)
        return msg("named so, and all different") if len(ids) and ids.is_unique and (ids != "").all() else None
    kind = _kind(column, role)
    sample = [value for value in values.head(_SAMPLE) if not is_missing(value)]
    if not sample:
        return msg("named so; it is empty") if kind not in {"number", "integer", "boolean"} else None
    if kind in {"text", "reference"}:
        return msg("named so")
    read = {"boolean": lambda v: read_yes_no(v, column)}.get(
        kind, read_share if column == "residential_share" else _number
    )
    numbers = []
    for value in sample:
        try:
            numbers.append(float(read(value)))
        except (ValueError, TypeError):
            continue
    if len(numbers) < _MOST * len(sample) or not _plausible(column, numbers):
        return None
    if kind == "boolean":
        return msg("named so, and its values are yes and no")
    return msg("named so, and its values are numbers ({low:g} to {high:g})", low=min(numbers), high=max(numbers))


def _kind(column: str, role: str) -> str:
    for schema in [SCHEMAS[role]] if role else SCHEMAS.values():
        found: list[Column] = [c for c in schema if c.name == column]
        if found:
            return found[0].kind
    return "text"


def _number(value: object) -> float:
    return parse_number(value)[0]


def _plausible(column: str, numbers: Sequence[float]) -> bool:
    limits = {"floors": (0.0, 200.0), "year": (1000.0, 2200.0), "residential_share": (0.0, 1.0), "level": (-9.0, 9.0)}
    low, high = limits.get(column, (0.0, np.inf))
    inside = sum(low <= number <= high for number in numbers)
    return inside >= _MOST * len(numbers)


def guess_role(path: Path, frame: pd.DataFrame, *, layer: str = "") -> RoleGuess:
    """Guess what a layer is.

    Parameters
    ----------
    path
        Its file.
    frame
        Its rows; a GeoDataFrame, or a plain table of a ledger.
    layer
        Its name in the file.

    Returns
    -------
    RoleGuess

    Examples
    --------
    >>> guess_role(Path("小区台账.xlsx"), pd.DataFrame({"小区编号": ["1"], "户数": [3]})).role
    ''
    """
    shape = _shape(frame)
    if shape is None:
        return RoleGuess("", "", msg("a table without coordinates"), sure=False)
    possible = _SHAPES[shape]
    for text in (layer, Path(path).stem):
        if other := _NO_ROLE.search(text):
            return RoleGuess(
                "", "", msg("its name says '{word}', which no part of geoplan reads", word=other.group()), sure=True
            )
        for role, level, words in _NAME_WORDS:
            if text and role in possible and (found := re.search(words, text, re.IGNORECASE)):
                return RoleGuess(role, level, msg("its name says '{word}'", word=found.group()), sure=True)
    plain = {_plain(name) for name in frame.columns}
    for role, level, signs in _SIGNS:
        found_sign = next((sign for sign in signs if sign.casefold() in plain), None)
        if role in possible and found_sign:
            return RoleGuess(role, level, msg("it has the field {field}", field=found_sign), sure=False)
    if shape == "point":
        return RoleGuess("facilities", "", msg("its shapes are points"), sure=False)
    if shape == "line":
        return RoleGuess("streets", "", msg("its shapes are lines"), sure=False)
    return _by_size(gpd.GeoDataFrame(frame))


def _shape(frame: pd.DataFrame) -> str | None:
    """The kind of most shapes."""
    if not isinstance(frame, gpd.GeoDataFrame) or not len(frame):
        return None
    shapes = frame.geometry.to_numpy()
    dimensions = shapely.get_dimensions(shapes[~shapely.is_missing(shapes)])
    if not len(dimensions):
        return None
    closed = (dimensions == 1) & shapely.is_closed(shapes[~shapely.is_missing(shapes)])
    if closed.mean() > _MOST:
        return "area"
    return ("point", "line", "area")[int(np.bincount(np.clip(dimensions, 0, 2), minlength=3).argmax())]


def _by_size(frame: gpd.GeoDataFrame) -> RoleGuess:
    area = frame.geometry
    if frame.crs is not None and frame.crs.is_geographic:
        area = area.to_crs(area.estimate_utm_crs())
    median = float(np.median(area.area))
    if median < 3000.0:
        return RoleGuess("buildings", "", msg("its areas are small (median {area:.0f} m2)", area=median), sure=False)
    if median < 150000.0:
        return RoleGuess(
            "estates", "", msg("its areas are of the size of estates (median {area:.0f} m2)", area=median), sure=False
        )
    return RoleGuess("units", "communities", msg("its areas are large (median {area:.0f} m2)", area=median), sure=False)
