"""The benchmarks' pieces agree, what disagrees is refused, and the files are written.

Nothing here looks at a time.
"""

import importlib
import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from numerics import SweepPlan

FOLDER = Path(__file__).parent / "benchmarks"
PLAN = SweepPlan(gamma_sigma2="-2:-1:2", gamma_w="0.5:1.5:2", d=8, rank=1, iterations=20)


@pytest.fixture(scope="module")
def load():
    """Import a module that stands beside the benchmarks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield importlib.import_module


@pytest.fixture
def sweeps_here(load, monkeypatch):
    """Run the sweeps of the workers' panel in this process."""
    module = load("worker_speedup")
    sweep = module._sweep
    monkeypatch.setattr(module, "cluster", lambda count, plan: nullcontext())
    monkeypatch.setattr(module, "_sweep", lambda plan, **engine: sweep(plan, workers=0))
    return module


def test_files_of_a_tiny_run(load, sweeps_here, tmp_path, capsys):
    files = load("benchmark_page").main(["--profile", "tiny", "--output", str(tmp_path)])
    assert len({path.name for path in files}) == 12
    assert all(path.stat().st_size for path in files)
    record = json.loads((tmp_path / "benchmarks.json").read_text())
    for panel in record["panels"]:
        for curve in panel["curves"]:
            assert len(curve["minimum"]) == len(curve["sizes"]) == len(curve["difference"])
            assert max(curve["difference"]) <= curve["tolerance"]
    again = tmp_path / "again"
    words = ["--redraw", str(tmp_path / "benchmarks.json"), "--output", str(again)]
    load("benchmark_page").main(words)
    for path in again.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_without_torch(load, monkeypatch, tmp_path):
    for name in ("width_cost", "kernel_cost"):
        monkeypatch.setattr(load(name), "torch", None)
    width = load("width_cost").width_panel(6, [12, 24], 0.001)
    kernel = load("kernel_cost").kernel_panel("inputs", [(4, 5, 6)], (2.0, 2.0), 0.001)
    assert not any("torch" in curve.method for curve in (*width.curves, *kernel.curves))
    machine = load("measuring").machine() | {"versions": {"torch": "not installed"}}
    text = load("cost_page").machine_text({"machine": machine, "command": "", "profile": "full"})
    assert "its curves are left out" in text


def test_another_step_is_refused(load, monkeypatch):
    module = load("width_cost")
    step = module.ExplicitNumpy.step
    monkeypatch.setattr(module.ExplicitNumpy, "step", lambda run: (step(run), step(run)))
    with pytest.raises(load("measuring").AgreementError, match="width-free"):
        module.width_panel(6, [12], 0.001)


def test_another_equation_is_refused(load, monkeypatch):
    module = load("dynamics_cost")
    monkeypatch.setitem(module.RATES, "SVD", lambda A, G, c: -2 * (c * G + A))
    for panel in (module.step_panel, module.run_panel):
        with pytest.raises(load("measuring").AgreementError, match="SVD"):
            panel([6], 0.001)


def test_another_kernel_is_refused(load, monkeypatch):
    module = load("kernel_cost")
    monkeypatch.setattr(module, "gradients_gram", lambda network, weights, X: X @ X.T)
    with pytest.raises(load("measuring").AgreementError, match="layer by layer"):
        module.kernel_panel("inputs", [(4, 5, 6)], (2.0, 2.0), 0.001)


def test_other_bits_are_refused(load, sweeps_here, monkeypatch):
    sweep = sweeps_here._sweep

    def other(plan, **engine):
        time, data = sweep(plan, **engine)
        return time, data * np.nextafter(1, 2) if engine.get("workers") == 1 else data

    monkeypatch.setattr(sweeps_here, "_sweep", other)
    with pytest.raises(load("measuring").AgreementError, match="1 workers"):
        sweeps_here.worker_panel(PLAN, [1], 1)


def test_a_difference_that_is_not_a_number_is_refused(load):
    with pytest.raises(load("measuring").AgreementError):
        load("measuring").agree("a method", np.nan, 1.0)


def test_slopes_are_fitted_to_the_largest_sizes(load):
    curve = load("measuring").Curve("a method", 3.0)
    for size in (1, 2, 4, 8, 16, 32):
        curve.add(size, [max(size, 2) ** 3.0], 0.0)
    fit, first = curve.fit()
    assert first == 2
    assert fit.exponent == pytest.approx(3)
