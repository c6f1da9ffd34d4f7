"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from paths import SHARED_DATA

# No timed tests: machines differ, and two cores may be shared by many.
# The same examples everywhere, so that a commit passes or fails for good; to hunt for new ones:
# pytest --hypothesis-profile=hunt
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("hunt", deadline=None)
settings.load_profile("house")

IN_CI = bool(os.environ.get("CI"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real extracts; a user's clone has none, CI must."""
    if not SHARED_DATA.is_dir():
        if IN_CI:
            pytest.fail(f"CI needs the real extracts in {SHARED_DATA}")
        pytest.skip("the real extracts (../shared/data) are not beside this checkout")
    return SHARED_DATA
