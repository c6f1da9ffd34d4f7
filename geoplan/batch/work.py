"""The work of one run: stages computed when another one needs them, and at most once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pandas as pd

from geoplan import __version__
from geoplan.batch.codec import digest_json
from geoplan.batch.difference import served_table
from geoplan.batch.inputs import Inputs
from geoplan.batch.pieces import Pieces
from geoplan.batch.stages import MAP_FILES, PROPOSAL_FILES, REPORT_FILES, Graph
from geoplan.batch.store import Store
from geoplan.batch.walks import StoredReach
from geoplan.check import Finding
from geoplan.coverage import Coverage, measure_coverage
from geoplan.coverage.measure import coverage_state, restore_coverage
from geoplan.errors import Message, msg
from geoplan.model import Progress
from geoplan.project import Project, check_project, write_map
from geoplan.report import coverage_record, write_coverage_gpkg, write_coverage_xlsx, write_summary

__all__ = ["Describe", "Work", "content_digests"]

Describe = Callable[[Coverage, str], str]
"""Puts a coverage into words of a language."""


class Work:
    """The stages of one run, each computed when another one needs it and at most once.

    Parameters
    ----------
    project
        The project.
    inputs
        Its town.
    store
        What has been computed.
    graph
        The plan of the run.
    line
        Line of runs whose walking times are brought up to date.
    progress
        Told what is being done.

    Attributes
    ----------
    made
        What has been computed or taken out of the store, by stage.
    """

    def __init__(
        self,
        project: Project,
        inputs: Inputs,
        store: Store,
        graph: Graph,
        *,
        line: str = "",
        progress: Progress | None = None,
    ) -> None:
        self.project, self.inputs, self.store, self.graph, self.line = project, inputs, store, graph, line
        self.tell = progress or _silent
        self.made: dict[str, Any] = {}
        self.keep = Pieces(inputs, store)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the data."""

        def check() -> tuple[Finding, ...]:
            self.tell(msg("checking the data"), 0.3)
            return tuple(check_project(self.project, self.inputs.town, keep=self.keep))

        key = self.graph.key("check")
        return cast("tuple[Finding, ...]", self._once("check", lambda: self.store.keep("check", key, check)))

    @property
    def reach(self) -> StoredReach:
        """The walks."""
        options = self.graph.options.reach
        return cast("StoredReach", self._once("reach", lambda: StoredReach(self.inputs, options, line=self.line)))

    @property
    def coverage(self) -> Coverage:
        """The measurement."""
        return cast("Coverage", self._once("coverage", self._coverage))

    def _coverage(self) -> Coverage:
        town, options = self.inputs.town, self.graph.options

        def measure() -> dict[str, Any]:
            tell: Progress = lambda message, share: self.tell(message, 0.35 + 0.35 * share)  # noqa: E731
            measured = measure_coverage(town, options=options, reach=self.reach, progress=tell, keep=self.keep)
            return coverage_state(measured)

        state = self.store.keep("coverage", self.graph.key("coverage"), measure)
        return restore_coverage(town, options, self.reach, state)

    @property
    def served(self) -> pd.DataFrame:
        """Who is served, building by building."""
        key = self.graph.key("coverage")
        make = lambda: self.store.keep("served", key, lambda: served_table(self.coverage))  # noqa: E731
        return cast("pd.DataFrame", self._once("served", make))

    def results(self) -> list[dict[str, Any]]:
        """What every circle of every case came to, as plain values.

        Returns
        -------
        list of dict
        """

        def make() -> list[dict[str, Any]]:
            coverage = self.coverage
            return [
                coverage_record(coverage, minutes=m, case=case) for case in coverage.cases for m in coverage.minutes
            ]

        return cast("list[dict[str, Any]]", self.store.keep("results", self.graph.key("coverage"), make))

    def answer(self, describe: Describe | None, language: str) -> str:
        """The results in words.

        Parameters
        ----------
        describe
            Puts a coverage into words; None says nothing.
        language
            In which language.

        Returns
        -------
        str
        """
        if describe is None:
            return ""
        key = digest_json([self.graph.key("map"), self.graph.key("coverage"), language])
        return cast("str", self.store.keep("answer", key, lambda: describe(self.coverage, language)))

    def write(self, stage: Path, language: str) -> list[str]:
        """Write the results that are not in their place already.

        Parameters
        ----------
        stage
            Folder to write to.
        language
            Their language.

        Returns
        -------
        list of str
            Names of the files.
        """
        written: list[str] = []
        if self.graph.runs("proposal"):
            written += self._propose(stage, language)
        if self.graph.runs("report"):
            gpkg, xlsx, summary = REPORT_FILES
            self.tell(msg("writing {file}", file=gpkg), 0.7)
            write_coverage_gpkg(self.coverage, stage / gpkg, language=language, keep=self.keep)
            self.tell(msg("writing {file}", file=xlsx), 0.8)
            write_coverage_xlsx(self.coverage, stage / xlsx, language=language, findings=self.findings)
            options = self.project.model_dump(mode="json", exclude={"path", "scenarios"})
            write_summary(
                self.coverage,
                stage / summary,
                version=__version__,
                inputs=content_digests(self.inputs.digests),
                options=options,
                language=language,
            )
            written += REPORT_FILES
        if self.graph.runs("map"):
            (name,) = MAP_FILES
            self.tell(msg("writing {file}", file=name), 0.9)
            write_map(self.coverage, stage / name, language, keep=self.keep)
            written.append(name)
        return written

    def _propose(self, stage: Path, language: str) -> tuple[str, ...]:
        """Look for proposals and write them, as ``geoplan propose`` does; what they come to is kept in words."""
        # the search takes half a second to load, and most runs do without it
        from geoplan.project.proposing import asked_of, propose_project, write_project
        from geoplan.report.proposaltexts import answer_lines

        town, asked = self.inputs.town, asked_of(self.project)
        telling: Progress = lambda message, share: self.tell(message, 0.5 + 0.2 * share)  # noqa: E731
        proposals = propose_project(self.project, town, asked, reach=self.reach, progress=telling)
        write_project(
            self.project,
            town,
            proposals,
            stage / "propose",
            asked=asked,
            inputs=content_digests(self.inputs.digests),
            language=language,
            anonymise=self.inputs.anonymise,
            reach=self.reach,
        )
        self.store.keep("proposal", self.graph.key("proposal"), lambda: answer_lines(proposals, language))
        return PROPOSAL_FILES


def content_digests(digests: Mapping[str, str]) -> dict[str, str]:
    """One digest a table: the same for the same content, whatever the file, its time or the order of its rows.

    Parameters
    ----------
    digests
        Digest of each ``table.column``.

    Returns
    -------
    dict
        Table to digest, sorted by name.
    """
    tables: dict[str, dict[str, str]] = {}
    for name, one in digests.items():
        table, dot, column = name.removeprefix("level ").partition(".")
        if dot:
            tables.setdefault(table, {})[column] = one
    return {table: digest_json(tables[table]) for table in sorted(tables)}


def _silent(message: Message, share: float) -> None:
    del message, share
