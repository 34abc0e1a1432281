"""The smallest test error along a run, as a power of d, in every region of the exponents.

A run has three moments at which its test error can be smallest: its *start*, where the signal S
is missing; a *sweet spot*, where an active network has learned the signal and little noise; and
its *end*, where it holds all the noise that its width allows.  At each moment the error is a sum
of terms (:mod:`theory.regimes.quantities`), so with ``Scale`` its exponent is a maximum, and

``E = min(max(S, v), [active, signal above the noise] max(2k/d, fitted noise, v), noise held)``.

Holds for the squared loss, gradient flow for as long as it takes, w of any order; for w << d
and c (1 + d/w) >> theta the end comes after a second stage whose length is not known, and the
time is nan.  Amplitudes (:func:`minimal_error_amplitude`) for w >> d alone.
Source: ours.  The exponent ``max(-1, 2(gamma_sigma2 + gamma_w - 1), 2 gamma_sigma2 + gamma_w)``
is the sweet spot's at p = 1, q = kappa = 0; lazy and infinite-noise regions have others.  The time
of the sweet spot is log(theta/c)/theta, or v/(2 c tau^2) where that is longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, reduce

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.regimes import quantities as of
from theory.regimes.quantities import L
from theory.regimes.scales import EQUAL_LAYERS, Quantity, Scale, d, narrow, tau, theta, wide
from theory.symbols.regimes import TERMS

__all__ = [
    "Region",
    "Stop",
    "limiting_term",
    "minimal_error",
    "minimal_error_amplitude",
    "minimal_error_exponent",
    "regions",
    "stops",
    "sweet_spot_logarithm",
    "sweet_spot_ratio",
    "time_to_minimum",
]

_WORD = {word.name: word for word in TERMS}


@dataclass(frozen=True)
class Stop:
    """A moment of the run, the terms of its test error, and where it comes at all."""

    name: str
    terms: tuple[Quantity, ...]
    where: Boolean = sp.true


def stops() -> tuple[Stop, Stop, Stop]:
    """Return the three moments at which the test error can be smallest; the first wins a tie."""
    beyond = of.signal_beyond_width()
    return (
        Stop(
            "sweet spot",
            (of.spike_estimation(), of.fitted_noise(), of.initial_matrix(), beyond),
            sp.And(sp.Not(of.lazy_signal()), sp.Not(of.hidden_signal())),
        ),
        Stop("start", (of.missing_signal(), of.initial_matrix())),
        Stop("end", (of.held_noise(), beyond, of.undetected_signal())),
    )


@dataclass(frozen=True)
class Region:
    """A part of the exponents in which each stop and each term is there or is not.

    ``facts`` says which of the four conditions of :func:`regions` hold.
    """

    facts: tuple[tuple[Boolean, bool], ...]

    def holds(self, condition: Boolean) -> bool:
        """Return whether a condition built from the facts holds in the region."""
        known = {fact: sp.sympify(value) for fact, value in self.facts}
        known |= {sp.Not(fact): sp.sympify(not value) for fact, value in self.facts}
        return bool(condition.xreplace(known))

    def decide(self, expression: sp.Basic) -> sp.Basic:
        """Return an exponent or a condition with the comparison of w and d decided."""
        if isinstance(expression, sp.core.relational.Relational):
            return expression.func(*(self.decide(side) for side in expression.args))
        return (narrow if self.holds(of.narrow_network()) else wide)(expression)

    def scale(self, quantity: Quantity) -> Scale:
        """Return the scale of a quantity in the region."""
        scale = quantity.scale
        return Scale(self.decide(scale.exponent), self.decide(scale.log_power))

    def terms(self, stop: Stop) -> tuple[Quantity, ...]:
        """Return the terms that are there."""
        return tuple(term for term in stop.terms if self.holds(term.where))

    def error(self, stop: Stop) -> Scale:
        """Return the test error at a stop, the dominant of its terms."""
        return reduce(lambda a, b: a + b, (self.scale(term) for term in self.terms(stop)))

    def stops(self) -> tuple[Stop, ...]:
        """Return the stops that come."""
        return tuple(stop for stop in stops() if self.holds(stop.where))


@cache
def regions() -> tuple[tuple[Boolean, tuple[tuple[Boolean, Region], ...]], ...]:
    """Return the nine regions: too narrow, narrow or wide; signal hidden, lazy or active.

    Nested as a Piecewise reads them: the first condition that holds counts.
    """
    flags = (of.underparameterised(), of.narrow_network(), of.hidden_signal(), of.lazy_signal())
    found = []
    for width in ((True, True), (False, True), (False, False)):
        inner = []
        for task in ((True, False), (False, True), (False, False)):
            region = Region(tuple(zip(flags, (*width, *task), strict=True)))
            inner.append((_first_true(region, flags[2:], task), region))
        found.append((_first_true(region, flags[:2], width), tuple(inner)))
    return tuple(found)


def _first_true(region: Region, flags: tuple[Boolean, ...], values: tuple[bool, ...]) -> Boolean:
    for flag, value in zip(flags, values, strict=True):
        if value:
            return region.decide(flag) if flag.has(sp.Max) else flag
    return sp.true


@cache
def minimal_error() -> Scale:
    """Return the scale of the smallest test error, for layers of any two variances."""

    def smallest(region: Region) -> Scale:
        exponent = sp.Min(*(region.error(stop).exponent for stop in region.stops()))
        return Scale(exponent, _by_stop(region, lambda stop: region.error(stop).log_power))

    return _by_region(smallest)


def minimal_error_exponent() -> sp.Expr:
    """Return the exponent of the smallest test error for equal layers.

    A Piecewise over :func:`regions` in gamma_sigma2, gamma_w, p, q and kappa.

    Examples
    --------
    >>> from theory.regimes.scales import PAPER_TASK, gamma_sigma2, gamma_w
    >>> exponent = minimal_error_exponent().subs(PAPER_TASK)
    >>> [exponent.subs({gamma_sigma2: a, gamma_w: b}) for a, b in ((-2, 2), (-1, 3), (-2, 3))]
    [-1, 0, 0]
    """
    return minimal_error().exponent.subs(EQUAL_LAYERS)


@cache
def limiting_term() -> sp.Expr:
    """Return the term that sets the smallest test error, a Piecewise of symbols of its names."""

    def term(region: Region, stop: Stop) -> sp.Expr:
        terms = region.terms(stop)
        exponents = [region.scale(x).exponent for x in terms]
        cases = [
            (_WORD[x.name], sp.And(*(exponent >= other for other in exponents)))
            for x, exponent in zip(terms, exponents, strict=True)
        ]
        return sp.Piecewise(*cases[:-1], (cases[-1][0], True))

    return _by_region(
        lambda region: Scale(_by_stop(region, lambda stop: term(region, stop)))
    ).exponent


@cache
def time_to_minimum() -> Scale:
    """Return the scale of the time at which the test error is smallest; nan where not known."""
    return _by_region(_time)


def _time(region: Region) -> Scale:
    """Return the time to the minimum in a region."""
    partial = region.scale(of.partial_time())
    _, start, end = stops()
    missing = region.scale(of.missing_signal()).exponent
    if region.holds(of.hidden_signal()):
        noise_grows = region.scale(of.kernel_edge()).compare(of.noise_edge().scale).second_larger
        cases = [(region.scale(of.bulk_time()), noise_grows)]
    elif region.holds(of.lazy_signal()):
        # A narrow lazy network first fits what its kernel reaches; then comes a second stage.
        later = region.error(end).exponent < sp.Min(missing, region.error(start).exponent)
        second = later if region.holds(of.narrow_network()) else sp.false
        cases = [(Scale(sp.nan, sp.nan), second)]
    else:
        # Beside a large initial matrix the signal is learned all the same, if it is worth it.
        noise = region.scale(of.spike_estimation()) + region.scale(of.fitted_noise())
        both = region.scale(of.waiting_time()) + region.scale(of.unlearning_time())
        cases = [(both, noise.exponent <= missing)]
    return _choose([*cases, (partial, sp.true)])


def sweet_spot_ratio() -> sp.Expr:
    """Return ``8 S theta^4/(tau^2 c^2 K)``, about ``2 (theta/c)^4 S/tau^2``."""
    c, missing = of.threshold().expression, of.missing_signal().expression
    return 8 * missing * theta**4 / (tau**2 * c**2 * of.kernel_square())


@cache
def sweet_spot_logarithm() -> sp.Expr:
    """Return ``L = theta T`` of the sweet spot, the solution of ``L exp(4L) = ratio``.

    ``log(theta/c)`` to leading order, with its corrections of order log log.
    """
    ratio = sp.Dummy("ratio", positive=True)
    (solution,) = sp.solve(L * sp.exp(4 * L) - ratio, L)
    return solution.subs(ratio, sweet_spot_ratio())


def minimal_error_amplitude() -> sp.Expr:
    """Return the smallest test error with its constants and logarithms, for w >> d.

    Lazy, or signal below the noise: everything is fitted by one fraction, and the best fraction
    leaves ``1/(1/(S + v) + 1/tau^2)``.  Active: the same with the error of the sweet spot in
    place of S + v, and no more than S + v.  Equal singular values theta.
    """
    noise = of.noise_variance().expression
    start = of.missing_signal().expression + of.initial_matrix().expression
    waited = of.spike_estimation().expression + of.fitted_noise().expression
    sweet = (waited + of.initial_matrix().expression).subs(L, sweet_spot_logarithm())
    c = of.threshold().expression
    return sp.Piecewise(
        (sp.Min(start, parallel(sweet, noise)), (c < theta) & (theta > tau * sp.sqrt(d))),
        (parallel(start, noise), True),
    )


def parallel(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """Return ``1/(1/first + 1/second)``."""
    return first * second / (first + second)


def _wins(region: Region, stop: Stop) -> Boolean:
    mine = region.error(stop).exponent
    return sp.And(*(mine <= region.error(other).exponent for other in region.stops()))


def _by_stop(region: Region, value: Callable[[Stop], sp.Expr]) -> sp.Expr:
    """Return what a function makes of the stop with the smallest error."""
    *first, last = region.stops()
    cases = [(value(stop), _wins(region, stop)) for stop in first]
    return sp.Piecewise(*cases, (value(last), True))


def _by_region(value: Callable[[Region], Scale]) -> Scale:
    return _choose(
        (_choose((value(region), where) for where, region in inner), width)
        for width, inner in regions()
    )


def _choose(cases: Iterable[tuple[Scale, Boolean]]) -> Scale:
    listed = tuple(cases)
    return Scale(
        sp.Piecewise(*((scale.exponent, where) for scale, where in listed)),
        sp.Piecewise(*((scale.log_power, where) for scale, where in listed)),
    )
