"""Rules, the standards that hold them, and which of several rules binds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from geoplan.errors import Fault, InputError, msg

__all__ = ["STATUSES", "Rule", "Standard", "Status", "binding_rule", "find_rule", "rules_for"]

Status = Literal["verified", "secondary", "unverified", "derived"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""Read in the source itself; read in another's account; only remembered; worked out from others."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One figure of a standard.

    Attributes
    ----------
    id
        Name of the rule, unique among all presets.
    quantity
        What it is about, a machine name such as ``community.households``.
    value, low, high
        In ``unit``: the figure as such (a target, a speed), the lower limit, the upper limit; None where there is none.
        Limits are inclusive.
    source, edition, clause
        Where it is written.
    status
        How sure it is, one of :data:`STATUSES`.
    name
        What people call it, by language; may be empty.
    overridden
        Whether the planner set the figure in place of the preset's.
    """

    id: str
    quantity: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    source: str
    edition: str
    clause: str
    status: Status
    name: Mapping[str, str] = field(default_factory=dict, hash=False)
    overridden: bool = False

    @property
    def limit(self) -> float:
        """The figure that decides: the upper limit, else the lower, else the value (in ``unit``)."""
        for figure in (self.high, self.low, self.value):
            if figure is not None:
                return figure
        raise ValueError(f"rule {self.id} has no figure")

    @property
    def citation(self) -> str:
        """Source, edition and clause in one line."""
        parts = [self.source]
        if self.edition and self.edition not in self.source:
            parts.append(self.edition)
        parts.append(self.clause)
        return ", ".join(part for part in parts if part)

    def allows(self, figure: float) -> bool:
        """Whether a figure lies within the limits, ends included; a rule without limits allows everything.

        Parameters
        ----------
        figure
            In ``unit``.

        Returns
        -------
        bool
        """
        return (self.low is None or figure >= self.low) and (self.high is None or figure <= self.high)


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard: its rules under one name.

    Attributes
    ----------
    id
        Name for programs and settings, such as ``gb50180-2018``.
    name
        What people call it, by language (``zh``, ``en``).
    rules
        Its rules in the file's order.
    """

    id: str
    name: Mapping[str, str] = field(hash=False)
    rules: tuple[Rule, ...]

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id.

        Parameters
        ----------
        rule_id
            Its id.

        Returns
        -------
        Rule

        Raises
        ------
        InputError
            If the standard has no such rule; names those there are.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise InputError(
            Fault(
                code="unknown-rule",
                needed=msg("a rule of the standard {standard}", standard=self.id),
                given=msg("{rule}", rule=rule_id),
                mend=msg("use one of {rules}", rules=", ".join(rule.id for rule in self.rules)),
            )
        )

    def override(
        self, rule_id: str, value: float | None = None, *, low: float | None = None, high: float | None = None
    ) -> Standard:
        """The same standard with one figure set by the planner.

        Parameters
        ----------
        rule_id
            Rule to change.
        value
            New figure, in the rule's unit, for the end that decides (see :attr:`Rule.limit`): the upper limit of a
            range or of an upper limit, the lower limit of a rule that has only that, else the value.
        low, high
            New limits, where one wants to set an end by its name.

        Returns
        -------
        Standard
            The changed rule is marked ``overridden`` and its status is ``derived``.

        Raises
        ------
        InputError
            If there is no such rule, no figure is given, or the limits exclude everything.

        Examples
        --------
        >>> from geoplan.standards import load_standard
        >>> mine = load_standard("baoting").override("baoting.service-site-area-min", 400)
        >>> mine.rule("baoting.service-site-area-min").low
        400.0
        """
        rule = self.rule(rule_id)
        given: dict[str, Any] = {name: float(x) for name, x in (("low", low), ("high", high)) if x is not None}
        if value is not None:
            end = next((name for name in ("high", "low") if getattr(rule, name) is not None), "value")
            given.setdefault(end, float(value))
        changed = replace(rule, **given, status="derived", overridden=True)
        empty = changed.low is not None and changed.high is not None and changed.low > changed.high
        if not given or empty:
            raise InputError(
                Fault(
                    code="bad-override",
                    needed=msg("a figure for {rule} whose lower limit is not above its upper limit", rule=rule_id),
                    given=msg("value {value}, low {low}, high {high}", value=value, low=changed.low, high=changed.high),
                    mend=msg("give low, high or both"),
                )
            )
        return replace(self, rules=tuple(changed if r.id == rule_id else r for r in self.rules))


def rules_for(standards: Iterable[Standard], quantity: str) -> list[Rule]:
    """Every rule of the active standards about one quantity, the binding one first.

    Parameters
    ----------
    standards
        The active standards.
    quantity
        Machine name of the quantity.

    Returns
    -------
    list of Rule
        Strictest first (see :func:`binding_rule`); empty if no standard speaks of it.
    """
    found = {rule.id: rule for standard in standards for rule in standard.rules if rule.quantity == quantity}
    return sorted(found.values(), key=_strictness)


def find_rule(standards: Iterable[Standard], quantity: str) -> Rule | None:
    """The binding rule, or None where no active standard speaks of the quantity.

    Parameters
    ----------
    standards
        The active standards.
    quantity
        Machine name of the quantity.

    Returns
    -------
    Rule or None
    """
    return next(iter(rules_for(standards, quantity)), None)


def binding_rule(standards: Sequence[Standard], quantity: str) -> Rule:
    """The strictest rule of the active standards about one quantity.

    Among lower limits it is the largest, among upper limits the smallest, among ranges the one with the smallest upper
    end and then the largest lower end. A limit goes before a rule that only names a usual value. Ties go to the
    smallest id.

    Parameters
    ----------
    standards
        The active standards.
    quantity
        Machine name of the quantity, such as ``service_site.area_min``.

    Returns
    -------
    Rule

    Raises
    ------
    InputError
        If none of them speaks of the quantity.

    Examples
    --------
    >>> from geoplan.standards import load_standard
    >>> active = [load_standard("baoting"), load_standard("dezhou")]
    >>> binding_rule(active, "service_site.area_min").id
    'dezhou.service-site-area-min'
    """
    rule = find_rule(standards, quantity)
    if rule is None:
        raise InputError(
            Fault(
                code="no-rule",
                needed=msg("a rule about {quantity}", quantity=quantity),
                given=msg("the standards {standards}", standards=", ".join(s.id for s in standards)),
                mend=msg("add a standard that has such a rule"),
            )
        )
    return rule


def _strictness(rule: Rule) -> tuple[bool, float, float, str]:
    low = -(rule.low if rule.low is not None else float("-inf"))
    high = rule.high if rule.high is not None else float("inf")
    return (rule.low is None and rule.high is None, high, low, rule.id)
