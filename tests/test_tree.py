"""The tree shows the architecture: small files, small folders; contracts stand in setup.cfg."""

from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("theory", "numerics", "verify", "tests")

MOST_LINES, MOST_FILES = 400, 15


def files():
    return [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]


def too_long(paths):
    lines = {path: path.read_text().count("\n") for path in paths}
    return {path.name: count for path, count in lines.items() if count > MOST_LINES}


def too_full(paths):
    counts = Counter(path.parent for path in paths)
    return {folder.name: count for folder, count in counts.items() if count > MOST_FILES}


def test_no_file_is_too_long():
    assert too_long(files()) == {}


def test_no_folder_is_too_full():
    assert too_full(files()) == {}


def test_what_is_too_long_or_too_full_is_found(tmp_path):
    for k in range(MOST_FILES + 1):
        (tmp_path / f"file_{k}.py").write_text("\n" * (MOST_LINES + (k == 3)))
    found = list(tmp_path.glob("*.py"))
    assert too_long(found) == {"file_3.py": MOST_LINES + 1}
    assert too_full(found) == {tmp_path.name: MOST_FILES + 1}
    assert too_full(found[1:]) == {}


@pytest.mark.parametrize("folder", ["prediction", "regimes", "crossover", "kernels"])
def test_a_subject_has_one_name_in_every_package(folder):
    for package in ("theory", "numerics", "tests/theory", "tests/numerics"):
        assert (ROOT / package / folder).is_dir(), f"{package}/{folder}"
