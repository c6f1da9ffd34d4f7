"""Standards: limits, radii and walking speeds, each with its source and how sure it is."""

from __future__ import annotations

from geoplan.standards.circles import Mode, circle_limit, circle_rule
from geoplan.standards.files import list_standards, load_standard, load_standards
from geoplan.standards.profiles import Profile, list_profiles, load_profile
from geoplan.standards.rules import STATUSES, Rule, Standard, Status, binding_rule, find_rule, rules_for

__all__ = [
    "STATUSES",
    "Mode",
    "Profile",
    "Rule",
    "Standard",
    "Status",
    "binding_rule",
    "circle_limit",
    "circle_rule",
    "find_rule",
    "list_profiles",
    "list_standards",
    "load_profile",
    "load_standard",
    "load_standards",
    "rules_for",
]
