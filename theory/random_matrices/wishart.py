"""Moments of the random start, and the typical singular values of a random low-rank matrix.

The rows of the stacked factor's columns are Gaussian, so fourth moments factor into pairs and
``cov(Q_ab, Q_cd) = (Sigma_ac Sigma_bd + Sigma_ad Sigma_bc)/w`` for ``Q = Theta Theta^T`` of
mean Sigma: independent fluctuations of C1, C2 and A of variance ``c1^2/w``, ``c2^2/w``,
``c1 c2/w``, twice as large on the diagonals of C1 and C2.

For ``A* = C D^T`` of rank k with unit entries, ``theta_j = exp(b + (1/2) sqrt(1/m + 1/n) (g_j -
mean g))`` with ``b = E log det/(2k)`` exactly and g_j the mean ordered eigenvalues of the k x k
Gaussian orthogonal ensemble (off-diagonal variance 1).

Holds: moments exactly for Gaussian weights of any width; typical values to first order in
``k/sqrt(m)`` around their geometric mean, which is exact.
Source: Isserlis 1918 (proved here for four variables); Bartlett 1933 (determinant); rest ours.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations, combinations_with_replacement

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.stable_form import StableForm
from theory.symbols import c1, c2, w
from theory.symbols.notation import mean
from theory.symbols.random_matrices import (
    GAUSSIANS,
    SIGMA,
    VARIANCES,
    b,
    chi2,
    covariances,
    g_bar,
    g_j,
    log_theta,
    nu,
    u_power,
    var_H,
)
from theory.symbols.random_matrices import i as index
from theory.symbols.random_matrices import m as rows
from theory.symbols.random_matrices import n as columns
from theory.symbols.task import k as rank

__all__ = [
    "excitation_form",
    "fluctuation_covariance",
    "gaussian_fourth_moment",
    "log_chi_square_mean",
    "typical_log_mean",
    "typical_spread",
    "wishart",
]

#: Rows of Theta: two of the input side and two of the output side show every case.
SIDES = (0, 0, 1, 1)


@cache
def gaussian_fourth_moment() -> tuple[sp.Expr, dict[tuple[int, int], sp.Symbol]]:
    """Return E[x_0 x_1 x_2 x_3] of centred Gaussians in terms of their covariances.

    The fourth derivative of the moment generating function ``exp(t^T Sigma t/2)`` at 0.
    """
    t = [sp.Dummy(f"t{i}") for i in range(4)]
    exponent = (
        sum(SIGMA[min(i, j), max(i, j)] * t[i] * t[j] for i in range(4) for j in range(4)) / 2
    )
    generating = sp.exp(exponent)
    moment = generating.diff(*t).subs(dict.fromkeys(t, 0))
    return sp.expand(moment), SIGMA


@cache
def fluctuation_covariance(first: tuple[int, int], second: tuple[int, int]) -> sp.Expr:
    """Return the covariance of two entries of ``Q = Theta Theta^T``, w independent columns.

    Indices 0, 1 are input rows (variance c1/w), 2, 3 output rows (c2/w); rows are independent.
    """
    moment, covariance = gaussian_fourth_moment()
    chosen = (*first, *second)
    variance = {0: c1 / w, 1: c2 / w}
    mean = lambda a, b: variance[SIDES[a]] if a == b else sp.S.Zero  # noqa: E731
    values = {symbol: mean(chosen[i], chosen[j]) for (i, j), symbol in covariance.items()}
    one_column = moment.subs(values) - mean(*first) * mean(*second)
    return sp.simplify(w * one_column)


def excitation_form() -> StableForm:
    """Return the standard deviations of the independent fluctuations at the start."""
    names = {"C1": (0, 1), "C2": (2, 3), "A": (2, 0), "C1_diagonal": (0, 0), "C2_diagonal": (2, 2)}
    return StableForm(
        (c1, c2, w), (), {name: sp.sqrt(fluctuation_covariance(x, x)) for name, x in names.items()}
    )


def log_chi_square_mean(freedom: sp.Expr) -> sp.Expr:
    """Return ``E log chi^2``, the derivative at 0 of ``E (chi^2)^u``."""
    u = sp.Dummy("u")
    moment = 2**u * sp.gamma(freedom / 2 + u) / sp.gamma(freedom / 2)
    return sp.simplify(moment.diff(u).subs(u, 0))


def typical_log_mean() -> sp.Expr:
    """Return b, the mean of log theta_j over j and draws, for unit entries of A*."""
    logs = log_chi_square_mean(rows - index) + log_chi_square_mean(columns - index)
    return sp.Sum(logs, (index, 0, rank - 1)) / (2 * rank) - sp.log(rank) / 2


def typical_spread() -> sp.Expr:
    """Return the factor of g_j, half the standard deviation of log theta^2."""
    return sp.sqrt(1 / rows + 1 / columns) / 2


def wishart() -> Derivation:
    """Derive the moments of the start and the typical singular values of A*."""
    return Derivation(
        topic="wishart",
        title="Fluctuations of the random start and of the random target",
        holds="Gaussian weights of any width; typical values to first order in k/sqrt(m)",
        source="Isserlis 1918 and Bartlett 1933; typical values ours; mean eigenvalues of the "
        "Gaussian orthogonal ensemble are computed numerically",
        steps=(*_moment_steps(), *_typical_steps()),
    )


def _moment_steps() -> list[Step]:
    moment, covariance = gaussian_fourth_moment()
    pairs = ((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))
    wick = sum(covariance[a] * covariance[b] for a, b in pairs)
    four = mean(sp.Mul(*GAUSSIANS))
    variances = (
        ("Hence the variance of an entry of C1 off the diagonal,", (0, 1), c1**2 / w, "C1_ij"),
        ("on the diagonal,", (0, 0), 2 * c1**2 / w, "C1_ii"),
        ("of C2,", (2, 3), c2**2 / w, "C2_ij"),
        ("on its diagonal,", (2, 2), 2 * c2**2 / w, "C2_ii"),
        ("and of A.", (2, 0), c1 * c2 / w, "A_ij"),
    )
    entries = combinations_with_replacement(range(4), 2)
    apart = sum(fluctuation_covariance(*pair) ** 2 for pair in combinations(entries, 2))
    return [
        derive(
            "Four Gaussians: the fourth derivative of exp(t^T Sigma t/2) sums over pairs.",
            four,
            moment,
            stated=wick,
        ),
        *(
            derive(text, VARIANCES[name], fluctuation_covariance(entry, entry), stated=value)
            for text, entry, value, name in variances
        ),
        derive(
            "Different entries are uncorrelated, so a pair of modes has four independent "
            "excitations: summed over the 45 pairs of the entries of two rows and two columns,",
            covariances,
            apart,
            stated=sp.S.Zero,
        ),
    ]


def _typical_steps() -> list[Step]:
    x, u = chi2, u_power
    density = x ** (nu / 2 - 1) * sp.exp(-x / 2) / (2 ** (nu / 2) * sp.gamma(nu / 2))
    gap = sp.Dummy("gap", positive=True)
    rayleigh = gap / 4 * sp.exp(-(gap**2) / 8)
    return [
        prove(
            "The powers of a chi-square variable,",
            sp.Eq(mean(x**u), 2**u * sp.gamma(nu / 2 + u) / sp.gamma(nu / 2), evaluate=False),
            where={mean(x**u): sp.Integral(x**u * density, (x, 0, sp.oo))},
            reduce="gamma functions",
        ),
        derive("give its mean logarithm.", mean(sp.log(x)), log_chi_square_mean(nu)),
        derive(
            "det C^T C is a product of chi-square variables of m, m - 1, ... degrees of "
            "freedom (Bartlett): the mean of log theta_j over j is exactly",
            b,
            typical_log_mean(),
        ),
        derive(
            "C^T C/m is I + H/sqrt m, H the Gaussian orthogonal ensemble (variance 1, 2 on the "
            "diagonal): its relative covariances are those of C1 with w = m.",
            var_H,
            fluctuation_covariance((0, 0), (0, 0)) / fluctuation_covariance((0, 1), (0, 1)),
            stated=sp.Integer(2),
        ),
        define(
            "So the eigenvalues of log(C^T C D^T D) spread like those of one H,",
            sp.Eq(log_theta, b + typical_spread() * (g_j - g_bar), evaluate=False),
        ),
        prove(
            "with +- sqrt(pi/2) for k = 2 (half the mean gap, which is Rayleigh); other k "
            "numerically.",
            sp.Eq(g_j, sp.sqrt(sp.pi / 2), evaluate=False),
            where={g_j: sp.Integral(gap * rayleigh, (gap, 0, sp.oo)) / 2},
        ),
    ]
