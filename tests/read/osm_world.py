"""OpenStreetMap worlds drawn by hand, in metres."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

from pyproj import Transformer

CRS = "EPSG:4547"  # CGCS2000, central meridian 114E
EAST, NORTH = 500_000.0, 3_380_000.0
_TO_DEGREES = Transformer.from_crs(CRS, 4326, always_xy=True)


class OsmWorld:
    """Collects nodes (metres east and north of one corner), ways and relations, and writes them as OSM XML."""

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.ways: list[str] = []
        self.relations: list[str] = []

    def node(self, number: int, x: float, y: float, tags: dict[str, str] | None = None) -> None:
        lon, lat = _TO_DEGREES.transform(EAST + x, NORTH + y)
        self.nodes.append(f'<node id="{number}" version="1" lat="{lat:.7f}" lon="{lon:.7f}">{_tags(tags)}</node>')

    def nodes_at(self, *places: tuple[int, float, float]) -> None:
        for number, x, y in places:
            self.node(number, x, y)

    def way(self, number: int, refs: list[int], tags: dict[str, str] | None = None) -> None:
        body = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        self.ways.append(f'<way id="{number}" version="1">{body}{_tags(tags)}</way>')

    def box(
        self, number: int, x: float, y: float, wide: float, high: float, tags: dict[str, str] | None = None
    ) -> None:
        """A closed way whose corners are nodes ``number * 10`` to ``number * 10 + 3``, anticlockwise."""
        corners = [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]
        self.nodes_at(*((number * 10 + i, *corner) for i, corner in enumerate(corners)))
        self.way(number, [number * 10, number * 10 + 1, number * 10 + 2, number * 10 + 3, number * 10], tags)

    def relation(self, number: int, members: list[tuple[int, str]], tags: dict[str, str]) -> None:
        body = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
        self.relations.append(f'<relation id="{number}" version="1">{body}{_tags(tags)}</relation>')

    def text(self, *, ways_first: bool = False) -> str:
        parts = [self.ways, self.nodes] if ways_first else [self.nodes, self.ways]
        body = "\n".join(line for part in (*parts, self.relations) for line in part)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n{body}\n</osm>\n'

    def write(self, folder: Path, name: str = "world.osm", *, ways_first: bool = False) -> Path:
        path = folder / name
        path.write_text(self.text(ways_first=ways_first), encoding="utf-8")
        return path


def _tags(tags: dict[str, str] | None) -> str:
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in (tags or {}).items())
