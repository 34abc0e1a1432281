"""What examines one mutant: each net returns the name of what caught it, or an empty text.

They run in a process of the mutant's own, forked before any package of the project was imported,
with the mutant's tree as folder and first import path.
"""

import contextlib
import io
import os
import sys
import traceback

#: Caught by the error that its import or its first call raised.
BROKEN = "an error"

#: What :func:`prepare` has imported is no fault of a test.
ALREADY = ("-W", "ignore::pytest.PytestAssertRewriteWarning")


def prepare():
    """Import what is not mutated, once for all forked processes."""
    import hypothesis  # noqa: F401
    import matplotlib  # noqa: F401
    import mpmath  # noqa: F401
    import numba  # noqa: F401
    import numpy  # noqa: F401
    import pytest  # noqa: F401
    import scipy.integrate
    import scipy.linalg
    import scipy.stats  # noqa: F401
    import sklearn  # noqa: F401
    import sympy  # noqa: F401
    import xarray  # noqa: F401


def enter(tree, cache):
    """Stand in a tree, and import from it alone."""
    os.chdir(tree)
    os.environ |= {"MIXED_DYNAMICS_CACHE": str(cache), "PYTHONPATH": str(tree)}
    sys.path[:] = [str(tree), *(x for x in sys.path if "mutation" not in x)]


def proofs(topics):
    """Derive topics; a proof that fails has noticed."""
    from theory.topics import derive

    for topic in topics:
        try:
            derive(topic)
        except Exception as raised:
            return f"{topic}: {type(raised).__name__}"
    return ""


def tests(files):
    """Run test files up to the first failure."""
    import pytest

    for file in files:
        first = _First()
        options = ["-q", "-x", "--no-header", "-p", "no:cacheprovider", *ALREADY, file]
        code = pytest.main(options, plugins=[first])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return first.name or f"{file}: {BROKEN}"
    return ""


class _First:
    """Remembers the first test that failed."""

    name = ""

    def pytest_runtest_logreport(self, report):
        if report.failed and not self.name:
            self.name = report.nodeid.removeprefix("tests/")

    def pytest_collectreport(self, report):
        if report.failed and not self.name:
            self.name = f"{report.nodeid.removeprefix('tests/')}: {BROKEN}"


def claims(names):
    """Examine claims by the quick profile up to the first that fails."""
    from verify.claims.registry import get_claim
    from verify.framework.runner import run_claim

    for name in names:
        if not run_claim(get_claim(name)).holds:
            return name
    return ""


def run_nets(wanted, tree, cache, folder):
    """Run nets one after the other in this process; a file each holds what caught the mutant."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        enter(tree, cache)
        for net, names in wanted.items():
            try:
                caught = globals()[net](names)
            except BaseException as raised:
                traceback.print_exc()
                caught = f"{BROKEN}: {type(raised).__name__}"
            (folder / net).write_text(caught)
