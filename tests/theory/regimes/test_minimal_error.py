"""The exponent of the smallest test error: continuous, and changing on boundaries alone."""

import itertools

import pytest
import sympy as sp

from theory.regimes import minimal_error
from theory.regimes.boundaries import boundaries
from theory.regimes.minimal_error import limiting_term, minimal_error_exponent, regions, stops
from theory.regimes.regime import NAMES, regime_name
from theory.regimes.scales import PAPER_TASK, gamma_sigma2, gamma_w, gap, kappa, p, q

R = sp.Rational

TASKS = (
    (1, 0, 0, 0),
    (R(4, 5), 0, R(3, 10), 0),
    (R(11, 10), R(1, 5), R(1, 5), R(3, 5)),
    (R(2, 5), 0, R(1, 10), R(1, 5)),
    (R(6, 5), R(-1, 5), R(1, 2), 0),
)


def lattice(task, steps=41):
    at = dict(zip((p, q, kappa, gap), map(sp.sympify, task), strict=True))
    # Off the round numbers, where boundaries are.
    first = [-3 + 3.51 * i / (steps - 1) + 1e-4 for i in range(steps)]
    second = [3.02 * i / (steps - 1) + 1.7e-4 for i in range(steps)]
    return at, first, second


@pytest.mark.parametrize("task", TASKS)
def test_the_limiting_term_changes_on_boundaries_alone(task):
    at, first, second = lattice(task)
    function = lambda x: sp.lambdify((gamma_sigma2, gamma_w), x.xreplace(at), "math")  # noqa: E731
    codes = {
        sp.Symbol(x.name): i
        for i, x in enumerate({x.name: x for stop in stops() for x in stop.terms}.values())
    }
    names = {sp.Symbol(x): i for i, x in enumerate(NAMES)}
    term = function(limiting_term().xreplace({x: sp.Integer(i) for x, i in codes.items()}))
    name = function(regime_name().xreplace({x: sp.Integer(i) for x, i in names.items()}))
    ties = [
        function(x.ratio_exponent)
        for x in boundaries()
        if x.equation.xreplace(at) not in (sp.true, sp.false)
    ]
    for i, j in itertools.product(range(len(first) - 1), range(len(second) - 1)):
        here = first[i], second[j]
        for there in ((first[i + 1], second[j]), (first[i], second[j + 1])):
            if (term(*here), name(*here)) != (term(*there), name(*there)):
                assert any(tie(*here) * tie(*there) <= 0 for tie in ties), (here, there)


@pytest.mark.parametrize("task", TASKS)
def test_the_error_is_continuous_and_never_above_start_and_end(task):
    at, first, second = lattice(task)
    exponent = minimal_error.minimal_error().exponent.xreplace(at)
    error = sp.lambdify((gamma_sigma2, gamma_w), exponent)
    missing = float((2 * p - 2 + kappa).subs(at))
    noise, rank = float(2 * at[q]), float(at[kappa])
    step = 2.2 * (first[1] - first[0]) + 1.2 * (second[1] - second[0])
    for i, j in itertools.product(range(len(first) - 1), range(len(second) - 1)):
        x, y = first[i], second[j]
        assert error(x, y) <= max(missing, 2 * x + y) + 1e-12
        if y > 1:
            assert error(x, y) <= noise + 1e-12
        crosses_rank = (y - rank) * (second[j + 1] - rank) <= 0
        assert abs(error(first[i + 1], y) - error(x, y)) <= step
        assert crosses_rank or abs(error(x, second[j + 1]) - error(x, y)) <= step


def test_the_exponent_as_first_stated_holds_in_the_active_region_alone():
    exponent = minimal_error_exponent().xreplace(PAPER_TASK)
    stated = sp.Max(-1, 2 * (gamma_sigma2 + gamma_w - 1), 2 * gamma_sigma2 + gamma_w)
    difference = lambda x, y: (exponent - stated).subs({gamma_sigma2: x, gamma_w: y})  # noqa: E731
    for point in ((-2, R(3, 2)), (R(-3, 2), R(9, 4)), (-1, R(3, 2)), (R(-7, 10), R(1, 2))):
        assert difference(*point) == 0
    for point in ((R(-8, 5), R(29, 10)), (R(-1, 2), R(6, 5)), (R(-3, 10), R(1, 2))):
        assert difference(*point) != 0


def test_regions_cover_each_case_once():
    found = [region for _, inner in regions() for _, region in inner]
    assert len(found) == 9
    assert len({region.facts for region in found}) == 9
