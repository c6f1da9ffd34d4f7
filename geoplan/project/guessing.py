"""x"""

from pathlib import Path


class Guess:
    pass


def guess_project(folder, **k): ...
def guess_osm(path): ...
