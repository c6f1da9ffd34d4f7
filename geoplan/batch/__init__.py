"""Runs: stages and their store, the ledger, scenarios."""

from __future__ import annotations

from geoplan.batch.running import RunResult, explain_run, run_project
from geoplan.batch.scenarios import run_scenarios
from geoplan.batch.store import open_store

__all__ = ["RunResult", "explain_run", "open_store", "run_project", "run_scenarios"]
