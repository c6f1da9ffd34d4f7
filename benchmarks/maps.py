"""Maps of many buildings side by side, in one run: geoplan, folium.GeoJson, GeoDataFrame.explore and lonboard.

    python benchmarks/maps.py [--buildings 10000] [--only geoplan] [--limit 120]
    python benchmarks/maps.py --editor [--units 20000]

Each peer writes one HTML file in a process of its own and a browser opens it, with the network blocked: as in a
meeting room. Printed are the size of the file, the seconds of export, the seconds until buildings are on the screen
(pixels of their colour, not of an empty map), the heap, and the longest frame while the map is dragged. What does not
draw says so. GeoDataFrame.explore needs mapclassify.

With ``--editor`` a plan of a grid of estates in a hundred communities is opened in its editor and fifty estates are
given to the community beside them, one by one. Printed are the milliseconds of the model alone, from the call until
the totals of the panel are renewed, of drawing the map anew, and until the frame after the next; median and worst.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import io
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

COLOUR = (215, 25, 28)  # no basemap and no control is of this red
HEX = "#d7191c"
NEEDS = {"lonboard": "lonboard", "explore": "mapclassify"}
PEERS = ("geoplan", "folium.GeoJson", "explore", "lonboard")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--enable-precise-memory-info",
]


def buildings(count: int) -> GeoDataFrame:
    """L-shaped buildings in rows, each with a name, households and a walk."""
    import geopandas
    import shapely

    rng = np.random.default_rng(1)
    side = int(np.ceil(np.sqrt(count)))
    place = np.arange(count)
    x = 500_000 + 32.0 * (place % side) + rng.uniform(-4, 4, count)
    y = 3_850_000 + 32.0 * (place // side) + rng.uniform(-4, 4, count)
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0], [0, 0], [0, 0.5], [-0.5, 0.5], [-0.5, -0.5]])
    sides = corners[None] * rng.uniform(8, 24, (count, 1, 2))
    turn = rng.uniform(0, np.pi, count)
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    rings = np.stack(
        [
            sides[..., 0] * cos - sides[..., 1] * sin + x[:, None],
            sides[..., 0] * sin + sides[..., 1] * cos + y[:, None],
        ],
        axis=-1,
    )
    columns = {
        "name": [f"{k % 40 + 1}号楼" for k in place],
        "households": rng.integers(0, 120, count),
        "walk_min": np.round(rng.gamma(3, 3, count), 1),
    }
    return geopandas.GeoDataFrame(columns, geometry=shapely.polygons(rings), crs=4548)


def write_geoplan(table: GeoDataFrame, path: Path) -> None:
    from geoplan.maps import LayerStyle, PackedLayer, offline_map, save_map

    style = LayerStyle(fill=HEX, line=None, opacity=1, legend=False)
    layer = PackedLayer(table, name="Buildings", style=style, tooltip=["name"], language="en")
    page = offline_map(title="Buildings", language="en")
    layer.add_to(page)
    page.fit_bounds(layer.get_bounds())
    save_map(page, path)


def write_folium(table: GeoDataFrame, path: Path) -> None:
    import folium

    degrees = table.to_crs(4326)
    west, south, east, north = degrees.total_bounds
    page = folium.Map(tiles=None)
    style = {"fillColor": HEX, "color": HEX, "weight": 0.5, "fillOpacity": 1}
    folium.GeoJson(degrees, style_function=lambda _: style, tooltip=folium.GeoJsonTooltip(["name"])).add_to(page)
    page.fit_bounds([[south, west], [north, east]])
    page.save(path)


def write_explore(table: GeoDataFrame, path: Path) -> None:
    style = {"color": HEX, "weight": 0.5, "fillOpacity": 1}
    table.explore(tiles=None, color=HEX, tooltip=["name"], style_kwds=style).save(path)


def write_lonboard(table: GeoDataFrame, path: Path) -> None:
    from lonboard import Map, PolygonLayer

    layer = PolygonLayer.from_geopandas(table, get_fill_color=list(COLOUR), stroked=False)
    Map(layer).to_html(path)


WRITERS: dict[str, Callable[[Any, Path], None]] = {
    "geoplan": write_geoplan,
    "folium.GeoJson": write_folium,
    "explore": write_explore,
    "lonboard": write_lonboard,
}


def export(peer: str, count: int, path: Path, said: Any) -> None:
    """Write the file twice in this process, the first time for a hundred buildings: imports do not count."""
    table = buildings(count)
    WRITERS[peer](table.iloc[:100].copy(), path)
    start = time.perf_counter()
    WRITERS[peer](table, path)
    said.put(time.perf_counter() - start)


BLANK = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC")


def coloured(picture: bytes) -> int:
    """Pixels of the buildings' colour on a screenshot."""
    from matplotlib.image import imread

    pixels = (imread(io.BytesIO(picture), format="png")[..., :3] * 255).round().astype(int)
    return int((np.abs(pixels - np.array(COLOUR)) <= 12).all(axis=2).sum())


FRAMES = """() => {
  window.gaps = [];
  let last = performance.now();
  const tick = (now) => {
    window.gaps.push(now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


def view(path: Path, limit_s: float) -> dict[str, Any]:
    """Open a file with the network blocked, wait for buildings on the screen, and drag the map."""
    from playwright.sync_api import Error, sync_playwright

    coloured(BLANK)  # loads what reads pictures: that is not the page's time
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    blocked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(limit_s * 1000)

        def gate(route: Any) -> None:
            if route.request.url.startswith("file:"):
                route.continue_()
            else:
                blocked.append(route.request.url)
                route.abort()

        page.route("**/*", gate)
        start = time.perf_counter()
        try:
            page.goto(path.as_uri(), wait_until="commit")
            drawn = 0
            # A page that asked for scripts it cannot have stays blank: no need to wait for it to the end.
            while time.perf_counter() - start < (15.0 if blocked else limit_s):
                drawn = coloured(page.screenshot())
                if drawn > 1000:
                    break
                page.wait_for_timeout(50)
            opened = time.perf_counter() - start
            result: dict[str, Any] = {"blocked": len(blocked), "drawn": drawn > 1000, "opened": opened}
            result["heap"] = page.evaluate("() => performance.memory.usedJSHeapSize / 1e6")
            if drawn > 1000:
                result["frame"] = drag(page)
        except Error as error:
            result = {"blocked": len(blocked), "drawn": False, "opened": limit_s, "said": str(error).splitlines()[0]}
        browser.close()
    return result


def drag(page: Any) -> float:
    """Longest gap between frames, in ms, while the map is dragged three times over half of the screen."""
    page.wait_for_timeout(500)
    page.evaluate(FRAMES)
    page.wait_for_timeout(100)
    page.evaluate("() => (window.gaps.length = 0)")
    for _ in range(3):
        page.mouse.move(900, 500)
        page.mouse.down()
        for step in range(40):
            page.mouse.move(900 - 10 * step, 500 - 4 * step)
        page.mouse.up()
        page.wait_for_timeout(300)
    return float(page.evaluate("() => Math.max(...window.gaps)"))


def measure(peer: str, count: int, limit_s: float, folder: Path) -> str:
    """One line of the table."""
    path = folder / f"{peer}.html"
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    process = context.Process(target=export, args=(peer, count, path, said))
    process.start()
    process.join(10 * limit_s)
    if process.is_alive() or process.exitcode:
        process.kill()
        return f"{peer:16}  no file within {10 * limit_s:.0f} s"
    size, seconds = path.stat().st_size / 1e6, said.get()
    found = view(path, limit_s)
    heap = f"{found['heap']:6.0f}" if "heap" in found else "     –"
    if not found["drawn"]:
        why = f"{found['blocked']} files blocked" if found["blocked"] else f"not within {limit_s:.0f} s"
        return f"{peer:16} {size:8.2f} {seconds:8.1f}      nothing drawn: {why} {heap}        –"
    return f"{peer:16} {size:8.2f} {seconds:8.1f} {found['opened']:8.1f} {heap} {found['frame']:8.0f}"


def plan(count: int) -> tuple[Any, Any]:
    """Estates of 100 m in a grid, a hundred communities with a centre each, and the walks to them."""
    import pandas as pd
    from geopandas import GeoDataFrame

    from geoplan.partition.measures import Limits
    from geoplan.partition.plan import today
    from geoplan.places.units import Units

    side = 10 * max(1, round(np.sqrt(count) / 10))
    step = side // 10
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(side), np.arange(side)))
    ids = pd.Index([f"e{row:06d}" for row in range(side * side)], name="id")
    parts = pd.Index([f"c{k:02d}" for k in range(100)], name="id")
    held = np.random.default_rng(1).integers(5, 60, len(ids)).astype(float)
    columns = {
        "name": [f"花园{i}" for i in ids],
        "kind": "estate",
        "households": held,
        "people_resident": 3 * held,
        "people_registered": np.nan,
        "base": parts[x // step + 10 * (y // step)],
        "estate": ids,
        "astride": False,
        "divisible": False,
        "estimated": False,
    }
    table = GeoDataFrame(columns, geometry=squares(x, y, 100.0), index=ids, crs=4548)
    right, up = np.flatnonzero(x < side - 1), np.flatnonzero(y < side - 1)
    one, two = np.concatenate([right, up]), np.concatenate([right + 1, up + side])
    open_ = {"barrier": "", "barrier_id": None, "crossed": False, "joins": True}
    pairs = pd.DataFrame({"unit": ids[one], "neighbor": ids[two], "shared_m": 100.0, **open_})
    block = np.arange(100)
    lands = squares(block % 10, block // 10, 100.0 * step)
    level = GeoDataFrame({"name": [f"社区{k}" for k in block]}, geometry=lands, index=parts, crs=4548)
    partition = today(Units(table, pairs, "communities", level))
    limits = Limits(lower=0.8 * held.sum() / 100, upper=1.2 * held.sum() / 100)
    walks = plan_walks(ids, held, x, y, step)
    return as_proposal(partition, limits, walks), walks


def squares(x: Any, y: Any, side_m: float) -> Any:
    """Squares side by side, by column and row."""
    import shapely

    west, south = 500_000 + side_m * x, 3_850_000 + side_m * y
    return shapely.box(west, south, west + side_m, south + side_m)


def plan_walks(ids: Any, held: Any, x: Any, y: Any, step: int) -> Any:
    """A centre in the middle of each community; walks along the grid, 1.6 min an estate."""
    import pandas as pd

    from geoplan.partition.editing import EditWalks

    block = np.arange(100)
    column, row = block % 10 * step + step // 2, block // 10 * step + step // 2
    minutes = 1.5 + 1.6 * (np.abs(x[:, None] - column) + np.abs(y[:, None] - row))
    circle = np.searchsorted([5.0, 10.0, 15.0], minutes)
    reach = [tuple((int(k), int(steps[k])) for k in np.flatnonzero(steps < 3)) for steps in circle]
    sites = pd.Index([f"f{k:02d}" for k in block], name="id")
    standing = {"name": [f"中心{k}" for k in block], "unit": ids[row * 10 * step + column], "candidate": block % 5 == 4}
    return EditWalks(
        minutes=(5.0, 10.0, 15.0),
        limits=(300.0, 600.0, 900.0),
        sites=pd.DataFrame(standing, index=sites),
        mean_min=pd.DataFrame(minutes, index=ids, columns=sites),
        walkers=pd.DataFrame({"unit": ids, "households": held, "reach": pd.Series(reach, dtype=object).to_numpy()}),
    )


def as_proposal(partition: Any, limits: Any, walks: Any) -> Any:
    """Today's communities in the shape that the page takes."""
    import pandas as pd

    from geoplan.partition.measures import measure_partition
    from geoplan.partition.propose import Proposal
    from geoplan.partition.reasons import CHANGES

    measures = measure_partition(partition, limits=limits, walk=walks.centres(walks.open_today))
    nobody = pd.DataFrame({"kind": [], "part": [], "units": []})
    return Proposal(
        name="none",
        favours="",
        partition=partition,
        changes=pd.DataFrame(columns=list(CHANGES)),
        before=measures,
        after=measures,
        enclaves_before=nobody,
        enclaves_after=nobody,
        bound=None,
        split_estates=(),
        limits=limits,
        feasible=False,
        reasons=(),
        stopped_by="converged",
        seed=0,
        effort=None,
        notices=(),
    )


EDITS = """async (count) => {
  const view = geoplan.views[0];
  const {editor} = view.state;
  const {session} = editor;
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const times = {model: [], panel: [], draw: [], frame: []};
  const {listeners} = session;
  const n = session.of.length;
  const next = (k) => {
    for (let unit = Math.floor((k * n) / count); ; unit = (unit + 1) % n) {
      editor.chosen = new Set([unit]);
      const [to] = editor.beside();
      if (to) return [unit, to];
    }
  };
  const draw = view.canvas._draw;
  let drawing = 0;
  view.canvas._draw = function () {
    const start = performance.now();
    draw.call(this);
    drawing = performance.now() - start;
  };
  for (const name of ["model", "panel"]) {
    session.listeners = name === "model" ? [] : listeners;
    for (let k = 0; k < count; k++) {
      const [unit, to] = next(k);
      await frame();
      await frame();
      const start = performance.now();
      const answer = session.give([unit], to);
      if (name === "model") session.totals();
      else editor.answer(answer, true);
      times[name].push(performance.now() - start);
      if (name === "model") continue;
      await frame();
      await frame();
      times.frame.push(performance.now() - start);
      times.draw.push(drawing);
    }
  }
  return {times, units: n, parts: session.slots().length};
}"""


def edit_speed(count: int) -> None:
    """Print how long one edit takes in the browser."""
    from playwright.sync_api import sync_playwright

    from geoplan.maps import proposal_map, save_map

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        proposal, walks = plan(count)
        path = save_map(proposal_map([proposal], walks=walks, title="Grid", language="en"), Path(folder) / "edit.html")
        size = path.stat().st_size / 1e6
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
        page.goto(path.as_uri())
        page.wait_for_selector(".gp-panel")
        start = time.perf_counter()
        page.locator(".gp-edit-start").click()
        page.locator(".gp-editor").wait_for()
        began = time.perf_counter() - start
        found = page.evaluate(EDITS, 50)
        browser.close()
    print(f"editor: {found['units']:,} units, {found['parts']} communities, {size:.1f} MB; begun in {began:.1f} s")
    print(f"{'50 edits, ms':16} {'median':>8} {'worst':>8}")
    for name, label in (
        ("model", "model"),
        ("panel", "totals renewed"),
        ("draw", "map drawn"),
        ("frame", "second frame"),
    ):
        values = np.array(found["times"][name])
        print(f"{label:16} {np.median(values):8.1f} {values.max():8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--buildings", type=int, default=10_000)
    parser.add_argument("--only", choices=PEERS, action="append")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds that a page may take")
    parser.add_argument("--editor", action="store_true", help="how long an edit takes, and nothing else")
    parser.add_argument("--units", type=int, default=20_000, help="of the plan that is edited")
    given = parser.parse_args()
    if given.editor:
        edit_speed(given.units)
        return
    print(f"{given.buildings:,} buildings, network blocked")
    print(f"{'':16} {'MB':>8} {'export s':>8} {'drawn s':>8} {'heap MB':>6} {'frame ms':>8}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for peer in given.only or PEERS:
            needed = NEEDS.get(peer, "geoplan")
            if importlib.util.find_spec(needed) is None:
                print(f"{peer:16}  {needed} is not installed")
                continue
            print(measure(peer, given.buildings, given.limit, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
