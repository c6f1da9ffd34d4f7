"""Keep the catalogue: ``python -m geoplan.text.catalogue [FILE.json]`` (needs babel, a developer's tool).

Takes every ``msg("...")`` template out of the package into ``geoplan.po``, adds translations from a JSON
object ``{template: translation}`` where one is named, compiles ``geoplan.mo``, and prints what is still
untranslated. Old translations stay; entries that no code uses any more are dropped.
"""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
_DATE = datetime(2026, 1, 1, tzinfo=UTC)
FOLDER = Path(__file__).parent / "locale" / "zh" / "LC_MESSAGES"


def extract_templates(package: Path = PACKAGE) -> list[str]:
    """Templates of all ``msg`` calls below a folder, sorted.

    Parameters
    ----------
    package
        Folder with Python files.

    Returns
    -------
    list of str
    """
    from babel.messages.extract import extract_from_dir

    found = extract_from_dir(str(package), [("**.py", "python")], keywords={"msg": None})
    return sorted({template for _, _, template, _, _ in found if isinstance(template, str) and template})


def read_translations(folder: Path = FOLDER) -> dict[str, str]:
    """Translations that the catalogue holds.

    Parameters
    ----------
    folder
        Folder with ``geoplan.po``.

    Returns
    -------
    dict
        Template to translation, untranslated ones left out.
    """
    from babel.messages.pofile import read_po

    path = folder / "geoplan.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string}


def compile_catalogue(templates: list[str], translations: dict[str, str]) -> tuple[bytes, bytes]:
    """Write the catalogue as the bytes of its ``.po`` and ``.mo`` files.

    Parameters
    ----------
    templates
        What the code says.
    translations
        Template to Chinese.

    Returns
    -------
    tuple of bytes
        ``.po`` and ``.mo``; the same input gives the same bytes.
    """
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import write_po

    # the header would hold the minute of writing
    catalog = Catalog(
        locale="zh_Hans", project="geoplan", charset="utf-8", fuzzy=False, creation_date=_DATE, revision_date=_DATE
    )
    for template in templates:
        catalog.add(template, translations.get(template, ""))
    catalog.mime_headers = [("Content-Type", "text/plain; charset=utf-8")]
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalog, width=0, sort_output=True, omit_header=True)
    write_mo(mo, catalog)
    return po.getvalue(), mo.getvalue()


def main(arguments: list[str]) -> None:
    """Update both files and print what is untranslated.

    Parameters
    ----------
    arguments
        At most one path of a JSON file with translations.
    """
    translations = read_translations()
    for name in arguments:
        translations |= json.loads(Path(name).read_text(encoding="utf-8"))
    templates = extract_templates()
    po, mo = compile_catalogue(templates, translations)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "geoplan.po").write_bytes(po)
    (FOLDER / "geoplan.mo").write_bytes(mo)
    missing = [t for t in templates if not translations.get(t)]
    sys.stdout.write(json.dumps(dict.fromkeys(missing, ""), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
