"""Named repairs: each gives a new town and says what it changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from geopandas import GeoDataFrame, GeoSeries
from numpy.typing import NDArray

from geoplan.check.tiling import overlaps
from geoplan.errors import Message, msg
from geoplan.model import Level, Notice, Town
from geoplan.places import valid_polygons

__all__ = ["repair_geometry", "repair_overlaps"]

_SHOWN = 5


def repair_geometry(town: Town) -> tuple[Town, tuple[Notice, ...]]:
    """Make invalid outlines valid; what is no area after that (spikes) is left out.

    Parameters
    ----------
    town
        The town; it stays as it is.

    Returns
    -------
    town : Town
        With the notices added.
    notices : tuple of Notice
        For each table the rows changed and by how much their area; empty if nothing had to be changed.
    """
    notices: list[Notice] = []
    changes: dict[str, Any] = {}
    for name in ("buildings", "estates", "barriers", "green"):
        table = getattr(town, name)
        if table is not None:
            changes[name] = _repair_table(name, table, notices)
    levels = tuple(replace(level, table=_repair_table(level.name, level.table, notices)) for level in town.levels)
    if not notices:
        return town, ()
    return replace(town, **changes, levels=levels, notices=(*town.notices, *notices)), tuple(notices)


def _repair_table(name: str, table: GeoDataFrame, notices: list[Notice]) -> GeoDataFrame:
    shapes = np.array(table.geometry.array, dtype=object)
    bad = ~shapely.is_valid(shapes)
    if not bad.any():
        return table
    before = shapely.area(shapes[bad]).sum()
    shapes[bad] = [
        _keep_dimension(whole, shape) for whole, shape in zip(shapely.make_valid(shapes[bad]), shapes[bad], strict=True)
    ]
    message = msg(
        "{table}: {count} invalid outlines were made valid ({rows}); their area went from {before} to {after} m²",
        table=name,
        count=int(bad.sum()),
        rows=_some(table.index[bad]),
        before=f"{before:.0f}",
        after=f"{shapely.area(shapes[bad]).sum():.0f}",
    )
    notices.append(Notice(f"repaired-geometry-{name}", message))
    return table.set_geometry(GeoSeries(shapes, index=table.index, crs=table.crs))


def _keep_dimension(made: Any, given: Any) -> Any:
    """The parts of the made shape that are of the kind that was given; all of it if there is none."""
    wanted = shapely.get_dimensions(given)
    parts = shapely.get_parts(made)
    parts = np.concatenate([shapely.get_parts(part)[:] for part in parts]) if len(parts) else parts
    kept = parts[shapely.get_dimensions(parts) == wanted]
    return shapely.union_all(kept) if len(kept) else made


def repair_overlaps(town: Town, level: str, *, max_width_m: float = 1.0) -> tuple[Town, tuple[Notice, ...]]:
    """Give slivers that two units share to the one with the smaller id.

    Parameters
    ----------
    town
        The town; it stays as it is.
    level
        Name of the level.
    max_width_m
        Overlaps that are somewhere wider than this are claims for people to settle, and stay, metres.

    Returns
    -------
    town : Town
        With the notice added.
    notices : tuple of Notice
        The units changed and the area moved; empty if there was no sliver.
    """
    target = town.level(level)
    table = target.table.sort_index()
    shapes = valid_polygons(table)
    _, second, shared = overlaps(shapes)
    narrow = shapely.is_empty(shapely.buffer(shared, -max_width_m / 2))
    if not narrow.any():
        return town, ()
    taken: dict[int, list[Any]] = {}
    for row, shape in zip(second[narrow], shared[narrow], strict=True):
        taken.setdefault(int(row), []).append(shape)
    for row, parts in taken.items():
        shapes[row] = _keep_dimension(shapely.difference(shapes[row], shapely.union_all(parts)), shapes[row])
    message: Message = msg(
        "{level}: {count} overlapping slivers, {area} m² in all, were taken from {rows}",
        level=level,
        count=int(narrow.sum()),
        area=f"{shapely.area(shared[narrow]).sum():.1f}",
        rows=_some(table.index[sorted(taken)]),
    )
    notice = Notice(f"repaired-overlaps-{level}", message)
    mended = target.table.set_geometry(_aligned(shapes, table, target))
    levels = tuple(replace(one, table=mended) if one.name == level else one for one in town.levels)
    return replace(town, levels=levels, notices=(*town.notices, notice)), (notice,)


def _aligned(shapes: NDArray[np.object_], table: GeoDataFrame, target: Level) -> GeoSeries:
    return GeoSeries(shapes, index=table.index, crs=table.crs).reindex(target.table.index)


def _some(rows: Any) -> str:
    ids = sorted(str(row) for row in rows)
    return ", ".join(ids[:_SHOWN]) + (" …" if len(ids) > _SHOWN else "")
