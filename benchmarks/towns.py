"""Many towns: a bare loop beside a real Dask cluster of one and of two workers, and one whose worker is killed.

    python benchmarks/towns.py                                            # 200 small towns and one of a county's size
    python benchmarks/towns.py --towns 30 --buildings 150 --county 5000   # some minutes

``dask scheduler`` and ``dask worker`` run as processes of this machine and stand in another folder; every side gets
folders of its own and computes everything. Compilation is warmed up on one more town and not counted, on every side.
All sides must give the same bytes. Needs the extra ``cluster``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from geoplan.batch.memory import peak_bytes, reset_peak
from geoplan.batch.running import FILES, run_project
from geoplan.batch.towns import SUMMARY_FILES, TownsOptions, TownState, place_towns, run_towns
from geoplan.project import load_project
from geoplan.samples.large import generate_large_town

UNITS = 3000
CLUSTERS = (1, 10, 100)
WANTED = 1.7
SPACING_M = 8000.0
ROW = 15
NODES_A_BUILDING = 2.5
TOML = """\
name = "{name}"
language = "en"
crs = "EPSG:4548"
synthetic = true
"""
LAYER = """
[[layers]]
role = "{role}"
file = "town.gpkg"
layer = "{layer}"
id = "id"
datum = "cgcs2000"
"""


@dataclass
class Side:
    """What one way of running took: seconds on the clock, and processor seconds of who gives out and who measures."""

    name: str
    seconds: float
    client_cpu: float
    worker_cpu: float


def make_town(folder: Path, buildings: int, number: int) -> Path:
    """Write a town of the generator as files of a project, apart from the others."""
    folder.mkdir(parents=True)
    town = generate_large_town(buildings, int(buildings * NODES_A_BUILDING), seed=number)
    east, north = number % ROW * SPACING_M, number // ROW * SPACING_M
    text = TOML.format(name=f"Town {number} (synthetic)")
    tables = {"communities": town.levels[0].table, "buildings": town.buildings}
    tables |= {"facilities": town.facilities, "streets": town.streets}
    for layer, table in tables.items():
        moved = table.set_geometry(table.translate(east, north)).dropna(axis="columns", how="all").reset_index()
        moved.to_file(folder / "town.gpkg", layer=layer)
        role = "units" if layer == "communities" else layer
        text += LAYER.format(role=role, layer=layer) + ('level = "communities"\n' if role == "units" else "")
    (folder / "geoplan.toml").write_text(text, encoding="utf-8")
    return folder / "geoplan.toml"


@contextmanager
def process(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Dask that ends with the measurement."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{words[0]}.log").open("ab") as log:
        command = [sys.executable, "-m", "dask", *words]
        running = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield running
        finally:
            running.kill()
            running.wait()


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers with one thread each."""
    from contextlib import ExitStack

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{one.getsockname()[1]}"
    host, port = address.split(":")
    with ExitStack() as stack:
        stack.enter_context(process(folder / "s", "scheduler", "--host", host, "--port", port, "--no-dashboard"))
        staff = []
        for number in range(workers):
            place = folder / f"w{number}"
            words = ("worker", f"tcp://{address}", "--nthreads", "1", "--no-nanny", "--no-dashboard")
            staff.append(stack.enter_context(process(place, *words, "--local-directory", str(place / "scratch"))))
        for _ in range(600):
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"tcp://{address}", staff


def cpu_of(staff: Sequence[subprocess.Popen[bytes]]) -> float:
    total = 0.0
    for one in staff:
        if one.poll() is None:
            times = psutil.Process(one.pid).cpu_times()
            total += times.user + times.system
    return total


def bare_loop(projects: Sequence[Path], out: Path) -> Side:
    """What a script of five lines would do."""
    places, _ = place_towns(projects, out)
    began, cpu = time.perf_counter(), time.process_time()
    for place in places:
        run_project(load_project(place.project), place.out, language="en")
    return Side("bare loop over run_project", time.perf_counter() - began, 0.0, time.process_time() - cpu)


def on_workers(
    projects: Sequence[Path], warm: Sequence[Path], base: Path, *, workers: int, ship: bool = False, kill: bool = False
) -> tuple[Side, Path]:
    """The same towns on a cluster, all of whose workers have seen one before."""
    name = f"{workers} worker{'s' * (workers > 1)}{', files sent along' * ship}{', one killed' * kill}"
    out = base / name.replace(" ", "-").replace(",", "")
    with cluster(base / f"dask-{out.name}", workers) as (address, staff):
        options = TownsOptions(language="en", scheduler=address, ship=ship)
        wait_for(address, workers)
        run_towns(warm, base / f"warm-{out.name}", options=options)
        before, began, cpu = cpu_of(staff), time.perf_counter(), time.process_time()
        victim: Callable[[TownState], None] = lambda state: (  # noqa: E731
            staff[0].kill() if kill and state.done >= len(projects) // 2 else None
        )
        result = run_towns(projects, out, options=options, progress=victim)
        seconds, client = time.perf_counter() - began, time.process_time() - cpu
        side = Side(name, seconds, client, cpu_of(staff) - before)
        if kill and staff[0].poll() is None:
            raise SystemExit("the worker was not killed")
    if result.failed:
        raise SystemExit(f"{name}: {[row.error for row in result.failed][:3]}")
    return side, out


def wait_for(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address, timeout=120, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=120)


def same(projects: Sequence[Path], first: Path, second: Path, *, summary: bool = True) -> bool:
    """Whether all files of all towns, and those about all of them, have the same bytes."""
    places, _ = place_towns(projects, first)
    names = [f"{place.out.relative_to(first)}/{name}" for place in places for name in FILES]
    names += SUMMARY_FILES if summary else ()
    return all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def county(base: Path, buildings: int) -> tuple[float, int]:
    """Seconds and peak memory of one unit of a county's size, everything computed."""
    project = load_project(make_town(base / "county", buildings, 1))
    reset_peak()
    began = time.perf_counter()
    run_project(project, base / "county-out", language="en")
    return time.perf_counter() - began, peak_bytes() or 0


def report(sides: Sequence[Side], towns: int, buildings: int) -> tuple[float, float]:
    """Print the table; give the overhead a town in processor seconds, and the share that the client takes."""
    bare, one, two = sides[:3]
    print(f"\n{towns} towns of {buildings} buildings; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':44}{'seconds':>9}{'a town':>9}{'CPU s, workers':>16}{'CPU s, client':>15}")
    for side in sides:
        cpu = f"{side.worker_cpu:16.1f}{side.client_cpu:15.1f}"
        print(f"{side.name:44}{side.seconds:9.1f}{side.seconds / towns:9.3f}{cpu}")
    print(f"\ntwo workers against one: {one.seconds / two.seconds:.2f} times as fast (wanted: {WANTED})")
    clock = (one.seconds - bare.seconds) / towns
    work = (one.worker_cpu + one.client_cpu - bare.worker_cpu) / towns
    print(
        f"overhead a town against the bare loop: {1000 * clock:.0f} ms on the clock, {1000 * work:.0f} ms of processor"
    )
    print(f"  of which the client, which gives out and enters: {1000 * one.client_cpu / towns:.0f} ms of processor")
    return max(clock, work, 0.0), one.client_cpu / towns


def forecast(seconds: float, peak: int, buildings: int, overhead: float, client: float, efficiency: float) -> None:
    """Hours for all county-level units, with the reasoning."""
    print(f"\nA unit of a county's size ({buildings:,} buildings, {int(buildings * NODES_A_BUILDING):,} street nodes)")
    print(f"takes {seconds:.1f} s when everything is computed and holds {peak / 1024**2:,.0f} MB at most.")
    each = seconds + overhead
    print(f"With {overhead:.3f} s for giving it out and entering it: {each:.1f} s on one worker.")
    ceiling = each / max(client, 1e-3)
    print(f"The client spends {client:.3f} s a unit, one after the other: it keeps up to {ceiling:,.0f} workers busy.")
    print(f"Two workers on this machine reached {efficiency:.0%} of twice one; workers with cores of their own share")
    print("nothing but the client and the disk, so that is taken as the lower bound of their efficiency.")
    print(f"{UNITS:,} units x {each:.1f} s / workers / efficiency, plus one unit for the last ones to end:")
    for workers in CLUSTERS:
        best = (UNITS / min(workers, ceiling) * each + (each if workers > 1 else 0)) / 3600
        worst = best if workers == 1 else best / min(efficiency, 1.0)
        span = f"{best:.1f}" if workers == 1 else f"{best:.2f} to {worst:.2f}"
        print(f"  {workers:>3} worker{'s' * (workers > 1):1}: {span} hours")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--towns", type=int, default=200)
    parser.add_argument("--buildings", type=int, default=300)
    parser.add_argument("--county", type=int, default=100_000, help="buildings of a county-level unit")
    parser.add_argument("--folder", type=Path, default=None, help="where to work; a temporary folder by default")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes of Dask end as well
    base = Path(tempfile.mkdtemp(prefix="towns-", dir=given.folder))
    try:
        projects = [make_town(base / "towns" / f"t{i:03}", given.buildings, i) for i in range(given.towns)]
        # more than workers, so that each of them sees one
        warm = [make_town(base / "warm" / f"t{i}", given.buildings, given.towns + i) for i in range(4)]
        bare_loop(warm, base / "warm-bare")
        sides, outs = [bare_loop(projects, base / "bare")], [base / "bare"]
        for options in ({"workers": 1}, {"workers": 2}, {"workers": 2, "ship": True}, {"workers": 2, "kill": True}):
            side, out = on_workers(projects, warm, base, **options)  # type: ignore[arg-type]
            sides.append(side)
            outs.append(out)
            print(f"{side.name}: {side.seconds:.1f} s", file=sys.stderr, flush=True)
        overhead, client = report(sides, given.towns, given.buildings)
        alike = [same(projects, outs[0], outs[1], summary=False), *(same(projects, outs[1], out) for out in outs[2:])]
        print(f"complete and the same bytes on every side, the one with a killed worker too: {all(alike)}")
        efficiency = sides[1].seconds / sides[2].seconds / 2
        forecast(*county(base, given.county), given.county, overhead, client, efficiency)
        if not all(alike):
            raise SystemExit(1)
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
