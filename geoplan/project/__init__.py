"""Project files: read, guessed, run."""

from __future__ import annotations

from geoplan.project.guessing import Guess, guess_project
from geoplan.project.loading import load, load_town
from geoplan.project.parsing import find_project, load_project, parse_project
from geoplan.project.running import Ask, RunResult, check_project, coverage_options, map_project, run_project
from geoplan.project.settings import PROJECT_FILE, Project

__all__ = [
    "PROJECT_FILE",
    "Ask",
    "Guess",
    "Project",
    "RunResult",
    "check_project",
    "coverage_options",
    "find_project",
    "guess_project",
    "load",
    "load_project",
    "load_town",
    "map_project",
    "parse_project",
    "run_project",
]
