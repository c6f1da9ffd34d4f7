"""Towns on the processes of this machine, with nothing to install: one pipe a worker, so that a death has one cause."""

from __future__ import annotations

import signal
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from geoplan.batch.task import TownOutcome, TownTask, outcome_of_death, run_town

__all__ = ["DEATHS", "in_processes", "in_this_process"]

DEATHS = 3
"""So many workers may die of a town before it is given up."""

Started = Callable[[str], None]


def in_this_process(tasks: Iterable[TownTask], *, started: Started) -> Iterator[TownOutcome]:
    """Measure towns one after the other, here.

    Parameters
    ----------
    tasks
        The towns.
    started
        Told the name of each town that is begun.

    Yields
    ------
    TownOutcome
    """
    for task in tasks:
        started(task.key)
        yield run_town(task)


def in_processes(tasks: Iterable[TownTask], *, workers: int, started: Started) -> Iterator[TownOutcome]:
    """Measure towns on several processes; a town whose worker dies is run again by another one.

    Parameters
    ----------
    tasks
        The towns, taken one by one as workers become free.
    workers
        Number of processes.
    started
        Told the name of each town that is begun.

    Yields
    ------
    TownOutcome
        As towns are done, in any order.
    """
    office = _Office(iter(tasks), started)
    try:
        while office.staff_up(workers):
            yield from office.results()
    finally:
        office.close()


class _Worker:
    """A process, the pipe to it and the town that it is at."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other,), daemon=True)
        self.process.start()
        other.close()  # held by the worker alone, so that the pipe ends with it
        self.task: TownTask | None = None

    def give(self, task: TownTask) -> bool:
        """Hand a town over; False if the worker is dead."""
        try:
            self.pipe.send(task)
        except OSError:
            return False
        self.task = task
        return True

    def dismiss(self, *, at_once: bool) -> None:
        self.pipe.close()
        if at_once:
            self.process.terminate()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(10)


class _Office:
    """Who is at which town, and which towns have to be run again."""

    def __init__(self, tasks: Iterator[TownTask], started: Started) -> None:
        self.tasks, self.started = tasks, started
        self.again: deque[TownTask] = deque()
        self.deaths: Counter[str] = Counter()
        self.idle: list[_Worker] = []
        self.busy: list[_Worker] = []

    def staff_up(self, workers: int) -> bool:
        """Give every free place a town; False when there is nothing left to do."""
        while len(self.busy) < workers:
            task = self.again.popleft() if self.again else next(self.tasks, None)
            if task is None:
                break
            worker = self.idle.pop() if self.idle else _Worker()
            while not worker.give(task):
                worker.dismiss(at_once=True)
                worker = _Worker()
            self.busy.append(worker)
            self.started(task.key)
        return bool(self.busy)

    def results(self) -> Iterator[TownOutcome]:
        """Wait until somebody is done or dead."""
        pipes: dict[Any, _Worker] = {worker.pipe: worker for worker in self.busy}
        for pipe in wait(list(pipes)):
            worker = pipes[pipe]
            task = worker.task
            assert task is not None  # noqa: S101 - a busy worker has one
            self.busy.remove(worker)
            try:
                outcome: TownOutcome = worker.pipe.recv()
            except (EOFError, OSError):
                worker.dismiss(at_once=True)
                self.deaths[task.key] += 1
                if self.deaths[task.key] < DEATHS:
                    self.again.append(task)
                else:
                    yield outcome_of_death(task)
            else:
                worker.task = None
                self.idle.append(worker)
                yield outcome

    def close(self) -> None:
        """Send everybody home; whoever is at a town is stopped, and its folder stays as it was."""
        for worker in self.idle:
            worker.dismiss(at_once=False)
        for worker in self.busy:
            worker.dismiss(at_once=True)


def _serve(pipe: Connection) -> None:
    """What a worker does until its pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who gives out the towns
    while True:
        try:
            task: TownTask = pipe.recv()
        except (EOFError, OSError):
            return
        outcome = run_town(task)
        try:
            pipe.send(outcome)
        except OSError:
            return
