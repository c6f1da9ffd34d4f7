"""The editor of plans in a notebook: the same front end as the page, its edits in Python as they happen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import pandas as pd
import traitlets

from geoplan.errors import Fault, InputError, OutputError, Where, msg
from geoplan.maps.assets import leaflet_style, page_style, widget_script
from geoplan.maps.proposals import proposal_content
from geoplan.partition.plan import Partition

if TYPE_CHECKING:
    from geoplan.model import Town
    from geoplan.partition.editing import EditWalks
    from geoplan.partition.propose import Proposal

__all__ = ["PlanWidget"]


class PlanWidget(anywidget.AnyWidget):
    """A plan that is edited on a map in a notebook; :func:`geoplan.maps.edit` makes one.

    Parameters
    ----------
    proposal
        The plan to start from.
    town
        Its town.
    walks
        Walks to the centres; without them the editor shows no shares.
    language
        ``"zh"`` or ``"en"``.
    height
        Height of the map as CSS has it.

    Attributes
    ----------
    partition
        The units in their communities as they are now. Setting it changes the map; ``observe(run, "partition")`` runs
        after every change.
    edits
        The edits so far, as they stand in the file for ``geoplan apply-edits``.
    totals
        The editor's totals: ``total``, ``parts``, ``preliminary``.
    """

    _esm = widget_script("editwidget")
    _css = leaflet_style() + page_style()
    content = traitlets.Unicode().tag(sync=True)
    height = traitlets.Unicode("640px").tag(sync=True)
    _edited = traitlets.Dict().tag(sync=True)
    _given = traitlets.Dict().tag(sync=True)
    partition = traitlets.Instance(Partition)
    edits: Any = traitlets.List()
    totals = traitlets.Dict()

    def __init__(
        self,
        proposal: Proposal,
        *,
        town: Town | None = None,
        walks: EditWalks | None = None,
        language: str = "zh",
        height: str = "640px",
    ) -> None:
        content = proposal_content([proposal], town=town, language=language, walks=walks)
        self._from_page = True
        super().__init__(
            content=json.dumps(content, ensure_ascii=False, allow_nan=False),
            height=height,
            partition=proposal.partition,
        )
        self._from_page = False
        self._document: Mapping[str, Any] = {}

    @traitlets.observe("_edited")
    def _take(self, change: Mapping[str, Any]) -> None:
        """Edits from the page: the partition follows."""
        told = change["new"]
        if not told:
            return
        units = self.partition.units
        ids = told["ids"]
        part_of = pd.Series([ids[code] for code in told["codes"]], index=units.table.index, dtype=object)
        names = dict(zip(ids, told["names"], strict=True))
        self._document = told["document"]
        self._from_page = True
        try:
            self.partition = Partition(units, part_of, names)
        finally:
            self._from_page = False
        self.totals = dict(told["document"]["totals"])
        self.edits = list(told["document"]["edits"])

    @traitlets.validate("partition")
    def _check(self, proposed: Mapping[str, Any]) -> Partition:
        """Only a partition of the same units can be shown."""
        partition: Partition = proposed["value"]
        known = self.trait_has_value("partition") and self.partition
        if known and not partition.part_of.index.equals(self.partition.part_of.index):
            raise InputError(
                Fault(
                    code="other-units",
                    needed=msg("a partition of the {count} units that are shown", count=len(self.partition.part_of)),
                    given=msg("one of {count} other units", count=len(partition.part_of)),
                    mend=msg("use widget.partition.moved(...) or with_parts(...)"),
                )
            )
        return partition

    @traitlets.observe("partition")
    def _push(self, change: Mapping[str, Any]) -> None:
        """A partition from Python goes to the page, as one edit."""
        if self._from_page:
            return
        partition: Partition = change["new"]
        number = int(self._given.get("number", 0)) + 1
        self._given = {
            "number": number,
            "parts": [str(part) for part in partition.part_of],
            "names": {part: partition.names.get(part, part) for part in partition.parts},
        }

    def save_edits(self, path: str | Path) -> Path:
        """Write the edits as a file that ``geoplan apply-edits`` takes.

        Parameters
        ----------
        path
            File to write.

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If nothing has been edited yet.
        OutputError
            If the file cannot be written.
        """
        target = Path(path)
        if not self._document:
            raise InputError(
                Fault(
                    code="no-edits",
                    needed=msg("at least one edit"),
                    given=msg("none so far"),
                    mend=msg("edit the map first"),
                )
            )
        text = json.dumps(self._document, ensure_ascii=False, indent=1) + "\n"
        try:
            target.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise OutputError(
                Fault(
                    code="unwritable-output",
                    needed=msg("a place where the edits can be written"),
                    given=msg("{reason}", reason=error.strerror or str(error)),
                    mend=msg("name a folder that exists and may be written to"),
                    where=Where(file=str(target)),
                )
            ) from error
        return target
