"""Files in, checked tables: vector layers, OpenStreetMap extracts, street lines and graphs."""

from __future__ import annotations

from geoplan.read.osm import OSM_ATTRIBUTION, OsmOptions, OsmRead, read_osm

__all__ = ["OSM_ATTRIBUTION", "OsmOptions", "OsmRead", "read_osm"]
