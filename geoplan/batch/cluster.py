"""Towns on a Dask cluster: ``dask scheduler`` and ``dask worker`` processes, on one machine or many."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from geoplan.batch.task import TownOutcome, TownTask, outcome_of_death, program_version, run_town, version_fault
from geoplan.errors import Fault, InputError, Message, msg

__all__ = ["LOCAL", "on_cluster"]

LOCAL = "local"
"""Instead of an address: a cluster on this machine, as long as the run lasts."""

_CONNECT_S = 15.0
_JOIN_S = 60.0
_PATIENCE_S = 60.0
_TICK_S = 1.0
_QUIET = {
    "distributed.admin.large-graph-warning-threshold": "1TB",  # files travel with their town on purpose
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.comm.timeouts.connect": "15s",
}

Started = Callable[[str], None]


def on_cluster(
    tasks: Iterable[TownTask],
    *,
    address: str,
    workers: int,
    memory_bytes: int,
    started: Started,
) -> Iterator[TownOutcome]:
    """Measure towns on a cluster; a town whose worker dies is run again by another one.

    No more towns are out than there are workers: the scheduler blames a death on all that a worker holds.

    Parameters
    ----------
    tasks
        The towns, taken one by one as workers become free.
    address
        Of the scheduler, or :data:`LOCAL`.
    workers, memory_bytes
        Of a cluster on this machine: number of processes and the most that each may hold, 0 for no limit.
    started
        Told the name of each town that is begun.

    Yields
    ------
    TownOutcome
        As towns are done, in any order.

    Raises
    ------
    InputError
        If Dask is not installed, nobody answers at the address, no worker joins, or all are lost.
    """
    distributed = _distributed()
    with _connected(distributed, address, workers, memory_bytes) as client:
        _check_workers(client)
        floor = _Floor(distributed, client, iter(tasks), started)
        try:
            while floor.hand_out():
                yield from floor.results()
        finally:
            floor.close()


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise InputError(
            Fault(
                "no-dask",
                msg("Dask, which gives out towns over a cluster"),
                msg("it is not installed"),
                msg('install it with: pip install "geoplan[cluster]", or use --workers N on this machine alone'),
            )
        ) from None


@contextmanager
def _connected(distributed: Any, address: str, workers: int, memory_bytes: int) -> Iterator[Any]:
    dask = importlib.import_module("dask")
    with dask.config.set(_QUIET):
        if address != LOCAL:
            try:
                client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
            except (OSError, ValueError) as error:
                raise _no_scheduler(address, error) from None
            with client:
                yield client
            return
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=memory_bytes or None,
            dashboard_address=None,
            host="127.0.0.1",
        )
        with cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield client


def _no_scheduler(address: str, error: Exception) -> InputError:
    return InputError(
        Fault(
            "no-scheduler",
            msg("a running scheduler, such as tcp://127.0.0.1:8786"),
            msg("{address}: {reason}", address=address, reason=str(error) or type(error).__name__),
            msg("start one with: dask scheduler, and workers with: dask worker ADDRESS --nthreads 1"),
        )
    )


def _no_workers(given: Message) -> InputError:
    return InputError(
        Fault(
            "no-workers",
            msg("workers that the scheduler can give towns to"),
            given,
            msg("start some with: dask worker ADDRESS --nthreads 1; go on with --retry-failed"),
        )
    )


def _check_workers(client: Any) -> None:
    """Workers with the same program, before any town goes out."""
    try:
        client.wait_for_workers(1, timeout=_JOIN_S)
    except TimeoutError:
        raise _no_workers(msg("none has joined")) from None
    answers = client.run(program_version, on_error="return")
    # a worker that does not answer in time may be busy or gone: each town checks the version once more
    heard = {worker: one for worker, one in answers.items() if isinstance(one, str | ImportError | AttributeError)}
    wrong = sorted(worker for worker, version in heard.items() if version != program_version())
    if wrong:
        raise InputError(version_fault(msg("none or others on {workers}", workers=", ".join(wrong[:5]))))


class _Floor:
    """Which towns are with the workers."""

    def __init__(self, distributed: Any, client: Any, tasks: Iterator[TownTask], started: Started) -> None:
        self.distributed, self.client, self.tasks, self.started = distributed, client, tasks, started
        self.running: dict[Any, TownTask] = {}
        self.more = True
        self.seen_at = time.monotonic()
        self.mark = f"{time.time_ns():x}"  # names of tasks on the scheduler, which others may use as well

    def hand_out(self) -> bool:
        """Give every free worker a town; False when there is nothing left to do."""
        places = self._workers()
        while len(self.running) < places:
            task = next(self.tasks, None) if self.more else None
            if task is None:
                self.more = False
                break
            # not tied to a worker: when that one dies, Dask waits for its address to come back, even if it need not
            future = self.client.submit(run_town, task, key=f"geoplan-{self.mark}-{task.key}", pure=False)
            self.running[future] = task
            self.started(task.key)
        return bool(self.running) or self.more

    def _workers(self) -> int:
        """How many there are; an error when there have been none for a while."""
        try:
            found = len(self.client.nthreads())
        except (OSError, TimeoutError, AttributeError) as error:
            raise _no_workers(msg("the scheduler is gone: {reason}", reason=error)) from None
        now = time.monotonic()
        if found:
            self.seen_at = now
        elif now - self.seen_at > _PATIENCE_S:
            raise _no_workers(msg("all of them are gone"))
        return found

    def results(self) -> Iterator[TownOutcome]:
        """Wait a moment for whoever is done."""
        if not self.running:
            time.sleep(_TICK_S)
            return
        try:
            with self.client.as_current():
                done = self.distributed.wait(list(self.running), timeout=_TICK_S, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return
        except self.distributed.CancelledError as error:
            raise _no_workers(msg("the scheduler is gone: {reason}", reason=error)) from None
        for future in sorted(done, key=lambda one: str(one.key)):
            yield self._outcome(future, self.running.pop(future))

    def _outcome(self, future: Any, task: TownTask) -> TownOutcome:
        if future.status in ("cancelled", "lost"):
            raise _no_workers(msg("the scheduler is gone: {reason}", reason=future.status))
        error = future.exception()
        if error is None:
            outcome: TownOutcome = future.result()
            return outcome
        if isinstance(error, self.distributed.KilledWorker):
            return outcome_of_death(task)
        if isinstance(error, ImportError):  # a worker that joined later
            raise InputError(version_fault(msg("{reason}", reason=error)))
        raise error

    def close(self) -> None:
        """Take back what is still out there."""
        if self.running:
            self.client.cancel(list(self.running), force=True)
