"""The published rules: what they say, and that nothing else states them."""

import ast
import re
from pathlib import Path

import pytest
import sympy as sp

from theory.published_rules import (
    OBSERVED,
    SETTINGS,
    learning_rate_rule,
    stop_conditions,
    stop_form,
    stopping_rule,
    width_rule,
)
from theory.published_settings import FIGURE1, FIGURE2, STOPPING
from theory.symbols import c
from theory.symbols.published import divisor, theta_1
from theory.symbols.regimes import gamma_sigma2, gamma_w
from theory.symbols.task import d

ROOT = Path(__file__).parents[2]

#: Where the numbers may stand.
HOME = ROOT / "theory" / "published_settings.py"

#: Published numbers that nothing else in the sources happens to be equal to.
DISTINCT = {STOPPING.stall, FIGURE2.iterations, FIGURE1.gamma_sigma2, FIGURE1.gamma_w}
DISTINCT_TEXT = {FIGURE2.gamma_sigma2, FIGURE2.gamma_w}

#: Other published numbers, by the names of the quantities that they would be given to.
NAMED = {
    r"fraction$|divisor$": {FIGURE1.divisor, FIGURE2.divisor},
    r"iterations": {FIGURE1.iterations, FIGURE2.iterations},
    r"train_error|floor": {STOPPING.train_error},
    r"fall\b": {STOPPING.fall},
    r"rises": {STOPPING.test_rises},
    r"last_free|\bafter\b": {STOPPING.after},
    r"^rank$": {FIGURE1.rank},
    r"\bd\b": {FIGURE1.d, FIGURE2.d},
}

#: Defaults of other experiments that happen to have the same value.
EXCEPTIONS = {("numerics/crossover/linear_networks.py", "rank", 5)}


def numbers_and_names(tree):
    """Yield (number, name of what it is given to or compared with, line)."""
    for node in ast.walk(tree):
        pairs = []
        if isinstance(node, ast.Assign):
            pairs = [(ast.unparse(target), node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs = [(ast.unparse(node.target), node.value)]
        elif isinstance(node, ast.keyword):
            pairs = [(node.arg or "", node.value)]
        elif isinstance(node, ast.Compare):
            pairs = [(ast.unparse(node.left), x) for x in node.comparators]
        elif isinstance(node, ast.arguments):
            given = [*node.posonlyargs, *node.args][-len(node.defaults) :] if node.defaults else []
            pairs = list(zip((x.arg for x in given), node.defaults, strict=True))
            pairs += zip((x.arg for x in node.kwonlyargs), node.kw_defaults, strict=True)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            # option("--iterations", default=750)
            name = str(node.args[0].value).lstrip("-").replace("-", "_")
            pairs = [(name, x.value) for x in node.keywords]
        for name, value in pairs:
            for number in ast.walk(value) if value is not None else ():
                if isinstance(number, ast.Constant) and not isinstance(number.value, bool):
                    yield number.value, name, number.lineno


def copies(text, path):
    """Return the published numbers that a source states."""
    tree, found = ast.parse(text), []
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node) is not None
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in prose:
            continue
        if isinstance(node.value, str):
            words = re.findall(r"[-\d.e:]+", node.value)
            if any(x in DISTINCT_TEXT or _number(x) in DISTINCT for x in words):
                found.append((path, node.lineno, node.value))
        elif type(node.value) in (int, float) and {node.value, -node.value} & DISTINCT:
            found.append((path, node.lineno, node.value))
    for number, name, line in numbers_and_names(tree):
        for pattern, values in NAMED.items():
            number = _number(number)
            if number in values and re.search(pattern, name, re.IGNORECASE):
                if (path, name, number) not in EXCEPTIONS:
                    found.append((path, line, f"{name}: {number:g}"))
    return sorted(set(found), key=str)


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def sources():
    for package in ("theory", "numerics", "verify"):
        yield from (path for path in (ROOT / package).rglob("*.py") if path != HOME)


def test_the_sources_state_each_number_once():
    found = [x for path in sources() for x in copies(path.read_text(), str(path.relative_to(ROOT)))]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "ITERATIONS = 750",
        "def f(fraction: float = 50.0): ...",
        "option('--iterations', type=int, default=750)",
        "option('--d', help='(default -3:0:30)')",
        "TRAIN_STEP = sp.Float('2e-4')",
        "if rises == 2: pass",
        "if train_error < 1e-3: pass",
    ],
)
def test_a_copy_is_found(text):
    assert copies(text, "planted.py")


def stops(**values):
    defaults = {"iteration": 10, "rises": 0, "train": 0.5, "train_1": 0.6, "train_start": 2.0}
    return bool(stopping_rule().subs({x: (defaults | values)[str(x)] for x in OBSERVED}))


def test_the_stopping_rule():
    assert not stops()
    assert stops(train=9e-4)
    assert stops(rises=2)
    assert not stops(rises=1)
    assert stops(rises=2, iteration=4)
    assert not stops(rises=2, iteration=3)  # too early
    assert stops(train_1=0.5001)
    assert not stops(train_1=0.5001, iteration=3)
    assert not stops(train_1=0.5001, train_start=0.505)  # it has not fallen yet


def test_the_first_condition_that_holds_is_the_reason():
    everything = {"iteration": 9, "rises": 9, "train": 1e-4, "train_1": 1e-4, "train_start": 1}
    values = {x: everything[str(x)] for x in OBSERVED} | dict(zip(SETTINGS, STOPPING, strict=True))
    (reason,) = stop_form().outputs.values()
    names = [str(x) for x in SETTINGS]
    assert names == list(STOPPING._fields)
    assert reason.subs(values) == 0
    small, rises = SETTINGS[:2]
    assert reason.subs(values | {small: 0}) == 1
    assert reason.subs(values | {small: 0, rises: 0}) == 2
    assert list(stop_conditions()) == [
        "train_error_small",
        "test_error_rose",
        "train_error_stalled",
    ]


def test_the_learning_rate_rule():
    values = {divisor: 50, theta_1: 90, c: 400, gamma_sigma2: -1}
    assert learning_rate_rule().subs(values | {gamma_w: 2}) == sp.Rational(1, 4500)
    lazy = learning_rate_rule().subs(values | {gamma_w: sp.Rational(5, 2)})
    assert lazy == sp.Rational(1, 20000)


def test_the_width_is_an_integer():
    assert width_rule().subs({d: 100, gamma_w: sp.Rational(1, 4)}) == 3
