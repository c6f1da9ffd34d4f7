"""Finding the wanted fields among those of a file, also where a ``.dbf`` cut their names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from geoplan.errors import Fault, Message, Where, msg
from geoplan.model import Notice
from geoplan.read.encoding import cut_name

__all__ = ["find_field", "resolve_fields"]

_SHOWN = 30


def find_field(wanted: str, fields: Sequence[str], *, encoding: str = "") -> str | None:
    """The field that a name means.

    Parameters
    ----------
    wanted
        Name as the planner wrote it.
    fields
        Fields of the file.
    encoding
        Codec of a ``.dbf``, whose names are cut at ten bytes; ``""`` for other files.

    Returns
    -------
    str or None
        The field of that name; else the only one that agrees but for case, blanks and the cut.

    Examples
    --------
    >>> find_field("总建筑面积平方米", ["户数", "总建筑面积"], encoding="gb18030")
    '总建筑面积'
    >>> find_field("zhs", ["ZHS"])
    'ZHS'
    """
    if wanted in fields:
        return wanted
    for names in ({wanted}, {wanted, cut_name(wanted, encoding)} if encoding else set()):
        plain = {_plain(name) for name in names}
        found = [field for field in fields if _plain(field) in plain]
        if len(found) == 1:
            return found[0]
    return None


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


def resolve_fields(
    wanted: Mapping[str, str], fields: Iterable[object], where: Where, *, encoding: str = ""
) -> tuple[dict[str, str], list[Fault], list[Notice]]:
    """Find every wanted field.

    Parameters
    ----------
    wanted
        geoplan column = name of the field.
    fields
        Fields of the file.
    where
        File and layer, for faults.
    encoding
        Codec of a ``.dbf``, ``""`` for other files.

    Returns
    -------
    found : dict
        geoplan column = field of the file, of those that are there.
    faults : list of Fault
        A fault for each that is not there, with what may have been meant.
    notices : list of Notice
        Names that agree only after being cut.
    """
    names = [str(field) for field in fields]
    found: dict[str, str] = {}
    faults: list[Fault] = []
    notices: list[Notice] = []
    for column, name in wanted.items():
        field = find_field(name, names, encoding=encoding)
        if field is None:
            faults.append(_missing(column, name, names, where))
            continue
        found[column] = field
        if field != name:
            notices.append(
                Notice(
                    "field-name-differs",
                    msg(
                        "{file}: the field '{wanted}' is there as '{field}'", file=where.file, wanted=name, field=field
                    ),
                )
            )
    return found, faults, notices


def _missing(column: str, name: str, fields: list[str], where: Where) -> Fault:
    near = difflib.get_close_matches(name, fields, 1, 0.6)
    mend: Message = msg("correct the name of the field in the project file")
    if near:
        mend = msg("correct the name of the field in the project file; perhaps '{field}' is meant", field=near[0])
    shown = ", ".join(fields[:_SHOWN]) + (" ..." if len(fields) > _SHOWN else "")
    return Fault(
        "missing-column",
        msg("the field '{field}' (for {column})", field=name, column=column),
        msg("the fields: {fields}", fields=shown or "-"),
        mend,
        Where(where.file, where.layer, name),
    )
