"""The formulas of the exponent plane, as text and as functions of arrays.

What sympy has to say of a plane, for one task ``(p, q, kappa, gap)`` or at finite d: the fields of
:class:`theory.regimes.regime.Regime`, and the boundaries of
:func:`theory.regimes.boundaries.boundaries` with their equations.  Numbers are put in exactly, as
the decimals that they print as.  :func:`numerics.kernels.derived.stored` and
:func:`numerics.kernels.evaluate.evaluate` call these functions once for all processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from theory.algebra.stable_form import StableForm
from theory.regimes import quantities as of
from theory.regimes import scales as scaling
from theory.regimes.boundaries import Boundary, boundaries
from theory.regimes.minimal_error import stops, sweet_spot_logarithm
from theory.regimes.regime import NAMES, regime_name, symbolic_regime
from theory.regimes.scales import Quantity, d, gamma_sigma2, gamma_w, sigma1, sigma2
from theory.symbols import TABLE, w

__all__ = [
    "SCALES",
    "boundary_equations",
    "exponents_by_width",
    "finite_boundaries",
    "finite_form",
    "finite_order_form",
    "latex",
    "limit_boundaries",
    "limit_form",
    "limiting_terms",
    "paper_equation",
    "paper_height_form",
    "plane_form",
    "regime_form",
]

#: Fields of a regime that are scales.
SCALES = ("min_test_error", "time_to_minimum", "iterations", "threshold")

_PLANE = (gamma_sigma2, gamma_w)


def plane_form(p: float, q: float, kappa: float, gap: float) -> StableForm:
    """Return the fields of a regime in the plane; words are places in their lists."""
    symbolic = symbolic_regime(*_PLANE, p=p, q=q, kappa=kappa, gap=gap)
    fields = {
        "regime": _coded(symbolic.name, NAMES),
        "limited_by": _coded(symbolic.limited_by, limiting_terms()),
        "proven": sp.sympify(symbolic.proven),
    }
    for name in SCALES:
        scale = getattr(symbolic, name)
        fields |= {name: scale.exponent, f"{name}_log_power": scale.log_power}
    return StableForm(_PLANE, (), fields)


def regime_form() -> StableForm:
    """Return the place of the regime's name, for any exponents of the task."""
    letters = (*_PLANE, scaling.p, scaling.q, scaling.kappa, scaling.gap)
    return StableForm(letters, (), {"regime": _coded(regime_name(), NAMES)})


def limiting_terms() -> list[str]:
    """Return the names of the terms that can set the smallest test error."""
    return list(dict.fromkeys(term.name for stop in stops() for term in stop.terms))


def exponents_by_width(p: float, q: float, kappa: float, gap: float) -> list[tuple[str, str]]:
    """Return the exponent of each of these terms for w < d and for w > d, as LaTeX."""
    terms = {term.name: term for stop in stops() for term in stop.terms}
    task = _exact(p, q, kappa, gap)
    found = (terms[name].scale.exponent.xreplace(task) for name in limiting_terms())
    return [(latex(scaling.narrow(x)), latex(scaling.wide(x))) for x in found]


def boundary_equations() -> list[tuple[str, str, str]]:
    """Return name, source and equation of every boundary, as text."""
    found = ((x, x.equation) for x in boundaries())
    return [(x.name, x.source, f"{equation.lhs} = {equation.rhs}") for x, equation in found]


def limit_boundaries(p: float, q: float, kappa: float, gap: float) -> list[dict[str, Any]]:
    """Return what is to be known of the boundaries in the limit; ``height`` of horizontal ones."""
    task = _exact(p, q, kappa, gap)
    rows = []
    for boundary in _in_the_limit(task):
        equation = boundary.equation.xreplace(task)
        horizontal = equation.lhs == gamma_w
        height = float(equation.rhs) if horizontal else None
        rows.append(_described(boundary, equation) | {"height": height})
    return rows


def limit_form(p: float, q: float, kappa: float, gap: float) -> StableForm:
    """Return the exponents of first/second and of first, for each row of these boundaries."""
    task = _exact(p, q, kappa, gap)
    outputs: dict[str, sp.Expr] = {}
    for k, boundary in enumerate(_in_the_limit(task)):
        outputs[f"excess_{k}"] = boundary.ratio_exponent.xreplace(task)
        outputs[f"term_{k}"] = boundary.first.scale.exponent.xreplace(task)
    return StableForm(_PLANE, (), outputs)


def finite_boundaries() -> list[dict[str, Any]]:
    """Return the boundaries at finite d; ``along`` is the axis on which their place is sought."""
    return [
        _described(x, x.finite()) | {"along": int(x.equation.lhs == gamma_w)}
        for x in _at_finite_dimension()
    ]


def finite_form(d: float, k: float, theta: float, tau: float) -> StableForm:
    """Return log_d of the ratio of the two quantities that tie, for each of these boundaries."""
    at = _sizes(d, k, theta, tau)
    found = enumerate(_at_finite_dimension())
    return StableForm(
        _PLANE, (), {f"ratio_{n}": _log_ratio(x.first, x.second, at) for n, x in found}
    )


def finite_order_form(d: float, k: float, theta: float, tau: float) -> StableForm:
    """Return log_d of what must exceed 1 where two terms set the smallest test error.

    The second term of a boundary over the third one, the noise over it, and the signal over the
    threshold.
    """
    at = _sizes(d, k, theta, tau)
    outputs = {"signal": _log_ratio(of.signal(), of.threshold(), at)}
    for n, boundary in enumerate(_at_finite_dimension()):
        if boundary.sets:
            names = (boundary.first.name, boundary.second.name)
            (third,) = (term for term in _finite_terms() if term.name not in names)
            outputs[f"over_third_{n}"] = _log_ratio(boundary.second, third, at)
            outputs[f"below_noise_{n}"] = _log_ratio(of.noise_variance(), boundary.second, at)
    return StableForm(_PLANE, (), outputs)


def paper_equation(name: str) -> tuple[str, str]:
    """Return a boundary's equation in the paper's task, of rank k, as text and as LaTeX."""
    equation = _in_the_paper(name)
    return f"{equation.lhs} = {equation.rhs}", latex(equation)


def paper_height_form(name: str) -> StableForm:
    """Return gamma_w on that boundary, at a gamma_sigma2, d and k."""
    (height,) = sp.solve(_in_the_paper(name), gamma_w)
    return StableForm((gamma_sigma2, d, scaling.k), (), {"height": height})


def latex(expression: sp.Basic) -> str:
    """Return LaTeX fit for a line of a figure, with short fractions."""
    names = {entry.symbol: entry.latex for entry in TABLE.values()}
    return sp.latex(expression, fold_short_frac=True, symbol_names=names)


def _exact(p: float, q: float, kappa: float, gap: float) -> dict[sp.Symbol, sp.Rational]:
    letters = (scaling.p, scaling.q, scaling.kappa, scaling.gap)
    values = (sp.Rational(repr(float(x))) for x in (p, q, kappa, gap))
    return dict(zip(letters, values, strict=True))


def _sizes(d: float, k: float, theta: float, tau: float) -> dict[sp.Symbol, sp.Float]:
    letters = (scaling.d, scaling.k, scaling.theta, scaling.tau)
    return {x: sp.Float(value) for x, value in zip(letters, (d, k, theta, tau), strict=True)}


def _in_the_limit(task: dict[sp.Symbol, sp.Rational]) -> list[Boundary]:
    """Return the boundaries that the task has, without those that coincide with one before."""
    kept: list[Boundary] = []
    drawn: set[sp.Basic] = set()
    for boundary in boundaries():
        equation = boundary.equation.xreplace(task)
        if equation in drawn | {sp.true, sp.false} or not boundary.where.xreplace(task):
            continue
        drawn.add(equation)
        kept.append(boundary)
    return kept


def _in_the_paper(name: str) -> sp.Eq:
    rank = {scaling.kappa: sp.log(scaling.k) / sp.log(d)}
    (boundary,) = (x for x in boundaries() if x.name == name)
    return boundary.equation.xreplace(scaling.EQUAL_LAYERS | scaling.PAPER_TASK | rank)


def _finite_terms() -> tuple[Quantity, ...]:
    return of.spike_estimation(), of.fitted_noise(), of.initial_matrix()


def _at_finite_dimension() -> list[Boundary]:
    """Return the boundaries of wide networks between quantities whose constants are known."""
    known = {term.name for term in _finite_terms()}
    kept = []
    for boundary in boundaries():
        ties = {boundary.first.name, boundary.second.name}
        in_plane = boundary.ratio_exponent.has(gamma_sigma2) or boundary.ratio_exponent.has(gamma_w)
        constants = not boundary.sets or (boundary.sets == "error" and ties <= known)
        if boundary.side != "narrow" and in_plane and constants:
            kept.append(boundary)
    return kept


def _log_ratio(first: Quantity, second: Quantity, at: dict[sp.Symbol, sp.Float]) -> sp.Expr:
    """Return log_d of the ratio of two quantities at finite d, layers of one variance."""
    logarithm = sp.log(first.expression) - sp.log(second.expression)
    equal = {sigma1: d ** (gamma_sigma2 / 2), sigma2: d ** (gamma_sigma2 / 2), w: d**gamma_w}
    logarithm = logarithm.subs(of.L, sweet_spot_logarithm()).subs(equal) / sp.log(d)
    return logarithm.subs(at)


def _described(boundary: Boundary, equation: sp.Eq) -> dict[str, Any]:
    names = ("name", "source", "sets", "changes", "side")
    return {x: getattr(boundary, x) for x in names} | {"equation": latex(equation)}


def _coded(words: str | sp.Expr, known: Sequence[str]) -> sp.Expr:
    """Return places in a list for words, which are symbols in an expression."""
    codes = {sp.Symbol(name): sp.Integer(k) for k, name in enumerate(known)}
    return (sp.Symbol(words) if isinstance(words, str) else words).xreplace(codes)
