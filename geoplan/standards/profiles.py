"""Walking profiles: how fast whom, and how long one waits at crossings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geoplan.errors import Fault, InputError, msg
from geoplan.standards.files import FaultList, parse_toml
from geoplan.standards.rules import Status

__all__ = ["Profile", "list_profiles", "load_profile"]

_PROFILES = Path(__file__).parent / "profiles"
_WAITS = ("signal", "minor", "bridge")


@dataclass(frozen=True, slots=True)
class Profile:
    """How somebody walks.

    Attributes
    ----------
    id
        Name for programs and settings.
    name
        What people call it, by language (``zh``, ``en``).
    speed_m_s
        Speed on the level, m/s.
    stairs_speed_m_s
        Speed along stairs, m/s of the line on the map.
    wait_s
        Expected wait in seconds at a ``signal``, a ``minor`` crossing and a ``bridge`` or underpass.
    slope
        Whether a slope changes the speed, where climbs are given.
    source, status
        Where the speeds are from and how sure they are.
    """

    id: str
    name: Mapping[str, str] = field(hash=False)
    speed_m_s: float
    stairs_speed_m_s: float
    wait_s: Mapping[str, float] = field(hash=False)
    slope: bool
    source: str
    status: Status


def list_profiles() -> list[str]:
    """Ids of the profiles that come with geoplan, sorted.

    Returns
    -------
    list of str

    Examples
    --------
    >>> list_profiles()
    ['adult', 'child', 'frail', 'older', 'planner']
    """
    return sorted(path.stem for path in _PROFILES.glob("*.toml"))


def load_profile(id_or_path: str | Path) -> Profile:
    """Load a walking profile by its id, or a planner's own from a TOML file.

    Parameters
    ----------
    id_or_path
        One of :func:`list_profiles`, or the path of a file that ends in ``.toml``.

    Returns
    -------
    Profile

    Raises
    ------
    InputError
        If there is no such profile (names those there are), or for everything wrong in the file at once.

    Examples
    --------
    >>> load_profile("planner").speed_m_s
    1.0
    """
    path = Path(id_or_path)
    if path.suffix != ".toml":
        known = list_profiles()
        if str(id_or_path) not in known:
            raise InputError(
                Fault(
                    code="unknown-profile",
                    needed=msg("a walking profile out of {profiles}", profiles=", ".join(known)),
                    given=msg("{profile}", profile=str(id_or_path)),
                    mend=msg("correct the name, or name a .toml file with your own profile"),
                )
            )
        path = _PROFILES / f"{id_or_path}.toml"
    return _parse_profile(parse_toml(path), str(path))


def _parse_profile(data: dict[str, Any], file: str) -> Profile:
    faults = FaultList(file)
    faults.known(data, {"id", "name", "speed_m_s", "stairs_speed_m_s", "wait_s", "slope", "source", "status"})
    speeds = {key: faults.number(data, key) for key in ("speed_m_s", "stairs_speed_m_s")}
    for key, speed in speeds.items():
        if speed is not None and speed <= 0:
            faults.add(
                "bad-value",
                msg("a speed above 0 m/s"),
                msg("{value}", value=speed),
                msg("correct it"),
                column=key,
            )
    waits = data.get("wait_s", {})
    wait_s = {key: faults.number(waits, key) for key in _WAITS} if isinstance(waits, dict) else {}
    for key, wait in wait_s.items():
        if wait is not None and wait < 0:
            faults.add(
                "bad-value", msg("a wait of 0 s or more"), msg("{value}", value=wait), msg("correct it"), column=key
            )
    if not isinstance(waits, dict):
        faults.add(
            "bad-value",
            msg("waits for {kinds}", kinds=", ".join(_WAITS)),
            msg("{value}", value=repr(waits)),
            msg("correct it"),
            column="wait_s",
        )
    texts = {key: faults.text(data, key) for key in ("id", "source")}
    name, status = faults.names(data), faults.status(data)
    faults.finish()
    return Profile(
        id=texts["id"],
        name=name,
        speed_m_s=speeds["speed_m_s"] or 0.0,
        stairs_speed_m_s=speeds["stairs_speed_m_s"] or 0.0,
        wait_s={key: wait or 0.0 for key, wait in wait_s.items()},
        slope=bool(data.get("slope", False)),
        source=texts["source"],
        status=status,
    )
