"""Regimes of a two-layer linear network: the regions of the exponents between boundaries.

- *underparameterised*: the width is below the rank;
- *infinite noise*: the initial matrix has larger entries than the noise;
- *hidden*: the signal is below the noise (not in the paper's task);
- *lazy*: the signal is below the threshold c;
- *mixed*: c lies between noise and signal, which is learned actively while the noise moves lazily;
- *active*: c is below the noise, too.

For w < d the largest eigenvalue of C1 and C2, ``c (1 + d/w)``, takes the place of c.
Holds for d -> infinity.
Source: Tu, Aranguri and Jacot 2024 for lazy, infinite noise, underparameterised and the region of
proof (w >> d, below infinite noise), at p = 1, q = kappa = 0; the others are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.arguments import exact
from theory.regimes import quantities as of
from theory.regimes.minimal_error import limiting_term, minimal_error, time_to_minimum
from theory.regimes.scales import Scale
from theory.symbols import regimes as letters
from theory.symbols.regimes import REGIMES, gap, kappa, p, q

__all__ = ["NAMES", "Regime", "regime_name", "symbolic_regime"]

#: Names of the regimes, in the order in which they are decided.
NAMES = tuple(word.name for word in REGIMES)


@dataclass(frozen=True)
class Regime:
    """What the exponents say of a network.

    Attributes
    ----------
    name : str or sympy.Expr
        One of :data:`NAMES`.
    limited_by : str or sympy.Expr
        The term that sets the smallest test error: "spike estimation", "fitted noise",
        "initial matrix", "missing signal", "noise", "signal beyond width" or "undetected signal".
    proven : bool or sympy condition
        Whether the point lies in the paper's region of proof.
    threshold, min_test_error, time_to_minimum, iterations : Scale
        Exponents of d and powers of log d: c, the smallest test error per entry, the time at
        which it is reached (unit 1/A), that time over the paper's learning rate.
    """

    name: str | sp.Expr
    limited_by: str | sp.Expr
    proven: bool | Boolean
    threshold: Scale
    min_test_error: Scale
    time_to_minimum: Scale
    iterations: Scale


def symbolic_regime(
    gamma_sigma2: object,
    gamma_w: object,
    *,
    p: object = 1,
    q: object = 0,
    kappa: object = 0,
    gap: object = 0,
) -> Regime:
    """Name the regime at exponents that sympy expressions give, with the exponents it implies.

    Parameters
    ----------
    gamma_sigma2, gamma_w : real number or sympy expression
        Exponents of the variance of the layers' entries and of the width, ``gamma_w >= 0``.
    p, q, kappa : real number or sympy expression
        Exponents of signal, noise entries and rank, ``0 <= kappa < 1``.
    gap : real number or sympy expression
        Difference >= 0 of the exponents of the two layers' variances.

    Returns
    -------
    Regime
        Of words and numbers, or of Piecewise expressions where a symbol came in.

    Raises
    ------
    TypeError, ValueError
        If an exponent is no real number or expression, or out of range.

    Notes
    -----
    Floats count as the decimals that they print as, so that -0.7 + 1.7 lies on a boundary.  On a
    boundary a point belongs to the side that comes first in :data:`NAMES`, or below.  Arrays:
    ``numerics.regimes.exponent_plane``.

    Examples
    --------
    >>> here = symbolic_regime(-1.85, 2.25)
    >>> here.name, here.limited_by, here.min_test_error.exponent
    ('active', 'spike estimation', -1)
    >>> symbolic_regime(-0.5, 1.2).min_test_error
    Scale(exponent=0, log_power=0)
    """
    given = {
        "gamma_sigma2": gamma_sigma2,
        "gamma_w": gamma_w,
        "p": p,
        "q": q,
        "kappa": kappa,
        "gap": gap,
    }
    values = {_LETTERS[name]: exact(name, value) for name, value in given.items()}
    _check_ranges(values)
    proven = region_of_proof().xreplace(values)
    return Regime(
        name=_word(regime_name().xreplace(values)),
        limited_by=_word(limiting_term().xreplace(values)),
        proven=bool(proven) if proven in (sp.true, sp.false) else proven,
        threshold=of.threshold().scale.at(values),
        min_test_error=minimal_error().at(values),
        time_to_minimum=time_to_minimum().at(values),
        iterations=iterations_to_minimum().at(values),
    )


@cache
def iterations_to_minimum() -> Scale:
    """Return the time to the minimum over the paper's learning rate."""
    return time_to_minimum() / of.learning_rate().scale


def region_of_proof() -> Boolean:
    """Return the paper's region of proof: w >> d, and no infinite noise."""
    noise = of.initial_matrix().scale.compare(of.noise_variance().scale)
    width = of.fluctuation().scale.compare(Scale(sp.S.Zero))
    return sp.And(width.second_larger, noise.second_larger)


@cache
def regime_name() -> sp.Expr:
    """Return the name of the regime, a Piecewise of symbols in the exponents."""
    larger = lambda a, b: a.scale.compare(b.scale).first_larger  # noqa: E731
    edge, noise = of.kernel_edge(), of.noise_edge()
    conditions = (
        of.underparameterised(),
        larger(of.initial_matrix(), of.noise_variance()),
        of.hidden_signal(),
        larger(edge, of.signal()),
        larger(edge, noise),
        sp.true,
    )
    return sp.Piecewise(*zip(REGIMES, conditions, strict=True))


_LETTERS = {x.name: x for x in (letters.gamma_sigma2, letters.gamma_w, p, q, kappa, gap)}


def _check_ranges(values: dict[sp.Symbol, sp.Expr]) -> None:
    rank, width, difference = (values[x] for x in (kappa, letters.gamma_w, gap))
    if rank.is_number and not 0 <= rank < 1:
        raise ValueError(f"kappa must be >= 0 and < 1, got {rank}")
    if width.is_number and width < 0:
        raise ValueError(f"gamma_w must be >= 0, got {width}")
    if difference.is_number and difference < 0:
        raise ValueError(f"gap must be >= 0, got {difference}")


def _word(expression: sp.Expr) -> str | sp.Expr:
    return str(expression) if isinstance(expression, sp.Symbol) else expression
