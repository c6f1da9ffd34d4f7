"""Binary models with connectivity, solved by HiGHS in rounds.

HiGHS has no lazy constraints: a model is solved, rows are added for the pieces that hang loose in its answer, and it is
solved again. Every round gives a valid bound, since the rows that are still missing could only raise it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import highspy
import numpy as np
from scipy.sparse import csr_array, vstack

__all__ = ["Cut", "Guard", "Model", "Rounds", "Solved", "solve", "solve_in_rounds", "tighten"]

NODES_PER_EFFORT = 20
"""Branch-and-bound nodes that count as much work as a million moves of the search."""

TINY = 1e-9

STALE_ROUNDS = 4
"""Rounds of cuts in a row that add nothing to the bound of a relaxation, before it is left as it is."""

PATIENCE = 200
"""Rounds in a row of a whole model that add nothing to its bound, before it is left as it is."""


@dataclass(slots=True)
class Guard:
    """What a proof may still use: a moment on the monotonic clock, and branch-and-bound nodes."""

    until: float = float("inf")
    nodes: int = 1_000_000

    @property
    def seconds(self) -> float:
        """Seconds left."""
        return max(self.until - time.monotonic(), 0.0)

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.seconds <= 0 or self.nodes <= 0


@dataclass(frozen=True, slots=True)
class Cut:
    """One row of a model: values at columns, between two limits."""

    columns: np.ndarray
    values: np.ndarray
    low: float
    high: float


@dataclass(slots=True)
class Model:
    """Minimise ``cost @ x`` over rows; ``x`` lies between 0 and ``top`` and is whole where ``whole`` says so."""

    cost: np.ndarray
    rows: csr_array
    low: np.ndarray
    high: np.ndarray
    top: np.ndarray
    whole: np.ndarray
    step: float = 0.0
    """Two different values of the objective lie at least so far apart (0: unknown)."""

    cuts: list[Cut] = field(default_factory=list)

    def matrix(self) -> tuple[csr_array, np.ndarray, np.ndarray]:
        """Rows with the cuts below them, and their limits."""
        if not self.cuts:
            return self.rows, self.low, self.high
        sizes = np.cumsum([0, *(len(c.columns) for c in self.cuts)])
        columns = np.concatenate([c.columns for c in self.cuts])
        values = np.concatenate([c.values for c in self.cuts]).astype(float)
        extra = csr_array((values, columns, sizes), (len(self.cuts), len(self.cost)))
        low = np.concatenate([self.low, [c.low for c in self.cuts]])
        high = np.concatenate([self.high, [c.high for c in self.cuts]])
        return csr_array(vstack([self.rows, extra])), low, high


@dataclass(frozen=True, slots=True)
class Solved:
    """One answer of the solver; ``x`` is None where it has none."""

    x: np.ndarray | None
    value: float
    bound: float
    optimal: bool
    infeasible: bool


@dataclass(frozen=True, slots=True)
class Rounds:
    """What all rounds gave: a valid bound, and an answer with no loose pieces, if one was met."""

    x: np.ndarray | None
    value: float
    bound: float
    optimal: bool
    infeasible: bool
    rounds: int


def solve(model: Model, guard: Guard, *, start: np.ndarray | None = None, slack: float = 0.0) -> Solved:
    """Solve a model once.

    Parameters
    ----------
    model
        The model with its cuts.
    guard
        What may be used; the nodes used are taken off.
    start
        A feasible ``x`` to start from.
    slack
        Stop when the answer is within so much of the bound.

    Returns
    -------
    Solved
    """
    # the objective near 1 keeps the tolerances of the solver meaningful
    scale = float(np.abs(model.cost).max()) or 1.0
    solver = _solver(model, scale, guard, slack)
    if start is not None:
        given = highspy.HighsSolution()
        given.col_value = start.astype(float).tolist()
        solver.setSolution(given)
    _run(solver)
    guard.nodes -= max(int(solver.getInfo().mip_node_count), 1)
    if start is not None and not _consistent(solver, model, scale, start):
        return solve(model, guard, slack=slack)
    return _answer(solver, model, scale)


def _consistent(solver: highspy.Highs, model: Model, scale: float, start: np.ndarray) -> bool:
    """Whether the solver's values are those of its answer.

    HiGHS 1.16 can lose the constant that presolve takes out of the objective when it is given a start: it then takes
    the start for better than it is, and proves too much.
    """
    info = solver.getInfo()
    known, fuzz = float(model.cost @ start) / scale, 1e-6 * max(1.0, len(start) ** 0.5)
    x = np.array(solver.getSolution().col_value)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible or not len(x):
        return solver.getModelStatus() != highspy.HighsModelStatus.kInfeasible
    value = float(model.cost @ x) / scale
    return abs(value - info.objective_function_value) <= fuzz and value <= known + fuzz


def _answer(solver: highspy.Highs, model: Model, scale: float) -> Solved:
    info, status = solver.getInfo(), solver.getModelStatus()
    states = highspy.HighsModelStatus
    has_x = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    x = np.array(solver.getSolution().col_value) if has_x else None
    value = float(model.cost @ np.where(model.whole, np.round(x), x)) if x is not None else float("inf")
    optimal = status == states.kOptimal
    bound = float(info.mip_dual_bound) * scale if model.whole.any() else (value if optimal else -np.inf)
    infeasible = status in (states.kInfeasible, states.kUnboundedOrInfeasible)
    return Solved(x, value, float("inf") if infeasible else bound, optimal, infeasible)


class _Quiet(highspy.Highs):
    """HiGHS writes its name to the console when its callbacks are switched on, before an option could forbid it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def enableCallbacks(self) -> None:  # noqa: N802 (the name is the base class's)
        super().setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def _solver(model: Model, scale: float, guard: Guard, slack: float) -> highspy.Highs:
    rows, low, high = model.matrix()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(model.cost), rows.shape[0]
    lp.col_cost_ = model.cost / scale
    lp.col_lower_, lp.col_upper_ = np.zeros(len(model.cost)), model.top
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger if w else kinds.kContinuous for w in model.whole]
    lp.row_lower_ = np.where(np.isfinite(low), low, -highspy.kHighsInf)
    lp.row_upper_ = np.where(np.isfinite(high), high, highspy.kHighsInf)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
    solver = _Quiet()
    options: dict[str, bool | float | str] = {
        "output_flag": False,
        "threads": 1,
        "random_seed": 0,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": max(0.9 * model.step / scale, slack / scale, 1e-9),
        "mip_max_nodes": max(guard.nodes, 1),
    }
    if np.isfinite(guard.until):
        options["time_limit"] = max(guard.seconds, 0.01)
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    return solver


def _run(solver: highspy.Highs) -> None:
    """Run in a thread, so that Ctrl-C stops the solver at once instead of after it."""
    solver.HandleUserInterrupt = True
    thread = solver.startSolve()
    try:
        while thread.is_alive():
            thread.join(0.05)
    except KeyboardInterrupt:
        solver.cancelSolve()  # type: ignore[no-untyped-call]
        thread.join()
        raise


def solve_in_rounds(
    model: Model,
    find_cuts: Callable[[np.ndarray], Sequence[Cut]],
    guard: Guard,
    *,
    start: np.ndarray | None = None,
    enough: float = float("inf"),
    slack: float = 0.0,
    patience: int = PATIENCE,
) -> Rounds:
    """Solve, cut off loose pieces, and solve again.

    Parameters
    ----------
    model
        The model; cuts are added to it.
    find_cuts
        Given an answer, the rows that it breaks; none if it is whole.
    guard
        What may be used in all.
    start
        A feasible ``x`` without loose pieces.
    enough
        Stop when the bound reaches this value.
    slack
        Rounds whose answer still has loose pieces need not be solved nearer to their bound than this.
    patience
        Rounds in a row that may leave the bound as it is: there are more ways to hang loose than rows can forbid.

    Returns
    -------
    Rounds
    """
    best, value = start, float(model.cost @ start) if start is not None else float("inf")
    bound, rounds, stale = -np.inf, 0, 0
    while not guard.spent and stale < patience:
        solved = solve(model, guard, start=start, slack=slack)
        rounds += 1
        stale = stale + 1 if solved.bound <= bound + TINY * abs(solved.bound) else 0
        bound = max(bound, solved.bound)
        if solved.infeasible:
            return Rounds(best, value, value, best is not None, best is None, rounds)
        if solved.x is None:
            break
        cuts = find_cuts(solved.x)
        if not cuts and solved.value < value:
            best, value = solved.x, solved.value
            start = best
        if not cuts and (slack == 0.0 or solved.value - solved.bound <= max(0.9 * model.step, TINY * abs(value))):
            return Rounds(best, value, min(bound, value), solved.optimal, False, rounds)
        if bound >= enough:
            break
        slack = slack if cuts else 0.0
        model.cuts += cuts
    return Rounds(best, value, min(bound, value), best is not None and bound >= value - model.step / 2, False, rounds)


def tighten(
    model: Model,
    find_cuts: Callable[[np.ndarray], Sequence[Cut]],
    guard: Guard,
    *,
    rounds: int,
    enough: float = float("inf"),
) -> float:
    """Raise the bound of the relaxation, fractions of units allowed, by rows that its answers break.

    A round costs one linear program, a small part of what one round of the whole model costs.

    Parameters
    ----------
    model
        The model; the cuts that bind in the last answer are added to it.
    find_cuts
        Given a fractional answer, rows that it breaks and that no whole answer breaks.
    guard
        What may be used; a round counts as one node.
    rounds
        The most rounds.
    enough
        Stop when the bound reaches this value.

    Returns
    -------
    float
        A valid bound; ``-inf`` where no round was solved, ``inf`` where the relaxation has no answer.
    """
    relaxed = replace(model, whole=np.zeros(len(model.whole), bool), cuts=list(model.cuts))
    bound, stale = -np.inf, 0
    for _ in range(rounds):
        if guard.spent:
            break
        solved = solve(relaxed, guard)
        if solved.infeasible or solved.x is None or not solved.optimal:
            bound = max(bound, solved.bound)
            break
        stale = stale + 1 if solved.bound <= bound + max(model.step, TINY) else 0
        bound = max(bound, solved.bound)
        # rows that do not bind are dropped while the bound rises, so that the program stays small
        binding = [cut for cut in relaxed.cuts if _binds(cut, solved.x)]
        model.cuts = binding
        found = list(find_cuts(solved.x))
        if not found or bound >= enough or stale >= STALE_ROUNDS:
            break
        relaxed.cuts = (relaxed.cuts if stale else binding) + found
    return bound


def _binds(cut: Cut, x: np.ndarray) -> bool:
    value = float(cut.values @ x[cut.columns])
    return value >= cut.high - 1e-7 or value <= cut.low + 1e-7
