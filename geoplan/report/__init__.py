"""Results as files: GeoPackage, workbook, summary."""

from __future__ import annotations

from geoplan.report.anonymise import anonymise_town
from geoplan.report.geopackage import write_coverage_gpkg
from geoplan.report.records import coverage_record
from geoplan.report.staging import check_outputs, staged
from geoplan.report.summary import fingerprint_files, write_summary
from geoplan.report.workbook import write_coverage_xlsx

__all__ = [
    "anonymise_town",
    "check_outputs",
    "coverage_record",
    "fingerprint_files",
    "staged",
    "write_coverage_gpkg",
    "write_coverage_xlsx",
    "write_summary",
]
