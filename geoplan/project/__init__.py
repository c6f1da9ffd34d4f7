"""Project files: read, guessed, run."""

from __future__ import annotations

from geoplan.project.guessing import Guess, guess_project
from geoplan.project.loading import assemble_options, layer_source, load, load_town
from geoplan.project.parsing import find_project, load_project, parse_project
from geoplan.project.running import (
    Ask,
    check_project,
    coverage_options,
    default_folder,
    map_project,
    protect_inputs,
    write_map,
)
from geoplan.project.settings import PROJECT_FILE, Project

__all__ = [
    "PROJECT_FILE",
    "Ask",
    "Guess",
    "Project",
    "assemble_options",
    "check_project",
    "coverage_options",
    "default_folder",
    "find_project",
    "guess_project",
    "layer_source",
    "load",
    "load_project",
    "load_town",
    "map_project",
    "parse_project",
    "protect_inputs",
    "write_map",
]
