"""Names of codes: one wording, in both languages, with the planner's own words left alone."""

from __future__ import annotations

import numpy as np
import pytest

from geoplan.text import translate
from geoplan.text.labels import case_name, known_message, known_name, title_name, walk_class


def test_planners_own_words_stay() -> None:
    assert known_name("level", "片区", "en") == title_name("level", "片区", "en") == "片区"
    assert known_message("tier", "县级") == "县级"


@pytest.mark.parametrize("missing", [None, np.nan, ""])
def test_missing_is_empty(missing: object) -> None:
    assert known_name("facility", missing, "zh") == title_name("facility", missing, "zh") == ""


def test_a_name_at_the_head_of_a_line_begins_with_a_capital() -> None:
    assert known_name("table", "grids", "en") == "grids"
    assert title_name("table", "grids", "en") == "Grids"
    assert title_name("table", "grids", "zh") == known_name("table", "grids", "zh") == "网格"


def test_braces_in_the_planners_words_are_no_placeholders() -> None:
    assert known_name("level", "{0}", "zh") == "{0}"


def test_classes_of_walks() -> None:
    said = [translate(walk_class(name, "15"), "en") for name in ("5", "beyond", "unreachable")]
    assert said == ["up to 5 min", "over 15 min", "no way there"]


def test_what_is_empty_leaves_no_gap() -> None:
    assert case_name("distance", "", "", "own", "en") == "by walking distance · own unit's centre only"
