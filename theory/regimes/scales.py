"""A calculus of scales: quantities as powers of d and of log d, and where two of them tie.

A :class:`Scale` is the leading behaviour ``d^exponent (log d)^log_power`` of a positive quantity,
without its coefficient.  Products add exponents, sums keep the larger one, and two scales tie
where their exponents agree.  :func:`scale_of` reads the scale off an expression in

``sigma1^2 = d^(gamma_sigma2 + gap/2)``, ``sigma2^2 = d^(gamma_sigma2 - gap/2)`` (variances of
the two layers), ``w = d^gamma_w`` (width), ``theta = d^p`` (singular values of the signal),
``tau = d^q`` (standard deviation of an entry of the noise), ``k = d^kappa`` (rank of the signal),

so that an exponent is never typed in.  ``gamma_sigma2`` is the paper's exponent of ``sigma^2``,
the variance of both layers; where they differ it is the mean of their two exponents and ``gap``
their difference (:func:`layer_exponents`), positive without loss since transposing A swaps them.

Holds for d -> infinity at fixed exponents, for d x d matrices.
Source: the scaling of Tu, Aranguri and Jacot 2024 (p = 1, q = 0, kappa = 0, equal layers); the
calculus is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.symbols import w
from theory.symbols.regimes import gamma_sigma2, gamma_w, gap, kappa, p, q
from theory.symbols.task import d, k, sigma1, sigma2, tau, theta

__all__ = [
    "BASE",
    "EQUAL_LAYERS",
    "PAPER_TASK",
    "Comparison",
    "Quantity",
    "Scale",
    "d",
    "gap",
    "gamma_sigma2",
    "gamma_w",
    "k",
    "kappa",
    "layer_exponents",
    "narrow",
    "p",
    "q",
    "scale_of",
    "settled",
    "sigma1",
    "sigma2",
    "tau",
    "theta",
    "wide",
]


#: The case of one variance for both layers.
EQUAL_LAYERS = {gap: sp.S.Zero}

#: The task of the paper: fixed rank, unit noise, singular values of order d.
PAPER_TASK = {p: sp.S.One, q: sp.S.Zero, kappa: sp.S.Zero}


@dataclass(frozen=True)
class Comparison:
    """Where two scales tie, and where each is the larger one."""

    tie: sp.Eq | Boolean
    first_larger: Boolean
    second_larger: Boolean


@dataclass(frozen=True)
class Scale:
    """The leading behaviour ``d^exponent (log d)^log_power`` of a positive quantity.

    Examples
    --------
    >>> width, rank = Scale(gamma_w), Scale(kappa)
    >>> (width / rank).exponent, (width + rank).exponent, width.compare(rank).tie
    (gamma_w - kappa, Max(gamma_w, kappa), Eq(gamma_w, kappa))
    """

    exponent: sp.Expr
    log_power: sp.Expr = sp.S.Zero

    def __mul__(self, other: Scale) -> Scale:
        exponent = sp.expand(self.exponent + other.exponent, deep=False)
        return Scale(exponent, self.log_power + other.log_power)

    def __truediv__(self, other: Scale) -> Scale:
        return self * other**-1

    def __pow__(self, power: sp.Expr | int) -> Scale:
        return Scale(sp.expand(power * self.exponent, deep=False), power * self.log_power)

    def __add__(self, other: Scale) -> Scale:
        exponent = _extreme(sp.Max, self.exponent, other.exponent)
        return Scale(exponent, self._log_of_larger(other, sp.Max))

    def smaller(self, other: Scale) -> Scale:
        """Return the smaller of two scales, that of ``1/(1/a + 1/b)``."""
        return Scale(
            _extreme(sp.Min, self.exponent, other.exponent),
            other._log_of_larger(self, sp.Min, flipped=True),
        )

    def compare(self, other: Scale) -> Comparison:
        """Return the tie of the exponents, and the two sides of it."""
        difference = sp.expand(self.exponent - other.exponent)
        tie = sp.Eq(self.exponent, other.exponent)
        return Comparison(tie, sp.Gt(difference, 0), sp.Lt(difference, 0))

    def at(self, values: Mapping[sp.Symbol, sp.Expr]) -> Scale:
        """Return the scale at given exponents, put in all at once."""
        return Scale(self.exponent.xreplace(values), self.log_power.xreplace(values))

    @property
    def expression(self) -> sp.Expr:
        """The leading behaviour as an expression in d."""
        return d**self.exponent * sp.log(d) ** self.log_power

    def _log_of_larger(
        self, other: Scale, tied: type[sp.Max | sp.Min], *, flipped: bool = False
    ) -> sp.Expr:
        """Return the power of log d of the larger scale (flipped: of the smaller one)."""
        difference = sp.expand(self.exponent - other.exponent)
        first, second = (other, self) if flipped else (self, other)
        if self.log_power == other.log_power or difference.is_extended_positive:
            return first.log_power
        if difference.is_extended_negative:
            return second.log_power
        return sp.Piecewise(
            (first.log_power, difference > 0),
            (second.log_power, difference < 0),
            (tied(self.log_power, other.log_power), True),
        )


@dataclass(frozen=True)
class Quantity:
    """A named quantity, its scale read off its expression.

    Attributes
    ----------
    name : str
        In words.
    symbol : sympy.Symbol
        Its letter in derivations.
    expression : sympy.Expr
        In d, k, w, theta, tau, sigma1 and sigma2, with constants and logarithms where known.
    meaning : str
        What it measures and in which unit.
    where : sympy condition
        Where the quantity is there at all.
    """

    name: str
    symbol: sp.Symbol
    expression: sp.Expr
    meaning: str
    where: Boolean = sp.true

    @property
    def scale(self) -> Scale:
        """The leading behaviour for d -> infinity, where the quantity is there."""
        return scale_of(self.expression)


#: Scales of the letters from which every quantity is built.
BASE: dict[sp.Symbol, Scale] = {
    d: Scale(sp.S.One),
    k: Scale(kappa),
    w: Scale(gamma_w),
    theta: Scale(p),
    tau: Scale(q),
    sigma1: Scale(gamma_sigma2 / 2 + gap / 4),
    sigma2: Scale(gamma_sigma2 / 2 - gap / 4),
}


def layer_exponents(layer1: sp.Expr, layer2: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """Return gamma_sigma2 and gap of ``sigma1^2 = d^layer1`` and ``sigma2^2 = d^layer2``.

    Examples
    --------
    >>> layer_exponents(-1, -2)
    {gamma_sigma2: -3/2, gap: 1}
    """
    layer1, layer2 = sp.sympify(layer1), sp.sympify(layer2)
    return {gamma_sigma2: (layer1 + layer2) / 2, gap: sp.Abs(layer1 - layer2)}


def scale_of(expression: sp.Expr, base: Mapping[sp.Symbol, Scale] | None = None) -> Scale:
    """Return the scale of a positive expression, by the rules of the calculus.

    Numbers have scale 1.  ``log(x)`` is of order log d; ``log(1 + x)`` and ``asinh(x)`` are, too,
    where x grows, and of the order of x where it does not.

    Parameters
    ----------
    expression : sympy expression
        Sums, products, powers and logarithms of the letters of ``base``.
    base : mapping, optional
        Scales of the letters, :data:`BASE` if left out.

    Raises
    ------
    ValueError
        For a difference, whose leading terms may cancel, and for any other function or letter.

    Examples
    --------
    >>> scale_of((sigma1**2 + sigma2**2) * w / 2).exponent
    gamma_sigma2 + gamma_w + gap/2
    """
    base = BASE if base is None else base
    expression = sp.sympify(expression)
    if expression in base:
        return base[expression]
    if expression.is_number and expression.is_positive:
        return Scale(sp.S.Zero)
    if expression.could_extract_minus_sign():
        raise ValueError(f"a scale needs sums of positive terms, got the term {expression}")
    if isinstance(expression, sp.Add):
        first, *rest = (scale_of(term, base) for term in expression.args)
        return sum(rest, start=first)
    if isinstance(expression, sp.Mul):
        product = Scale(sp.S.Zero)
        for factor in expression.args:
            product = product * scale_of(factor, base)
        return product
    if isinstance(expression, sp.Pow) and expression.exp.is_number:
        return scale_of(expression.base, base) ** expression.exp
    if isinstance(expression, sp.log | sp.asinh):
        # asinh(x) grows like log(1 + x): like x below 1, like log x above.
        offset = 1 if isinstance(expression, sp.asinh) else 0
        return _scale_of_log(offset + expression.args[0], base)
    raise ValueError(f"a scale needs sums, products, powers and logarithms, got {expression}")


def settled(expression: sp.Expr) -> sp.Expr:
    """Return an exponent without the arguments of Max and Min that assumptions rule out.

    Examples
    --------
    >>> a, b = sp.symbols("a b", positive=True)
    >>> settled(sp.Max(p, sp.Min(p - a, p - b), kappa))
    Max(kappa, p)
    """
    return expression.replace(
        lambda x: isinstance(x, sp.Max | sp.Min), lambda x: _pruned(type(x), x.args)
    )


def wide(expression: sp.Expr) -> sp.Expr:
    """Return an exponent for ``gamma_w > 1``, with the comparisons that this decides."""
    return _shifted(expression, 1)


def narrow(expression: sp.Expr) -> sp.Expr:
    """Return an exponent for ``gamma_w < 1``, with the comparisons that this decides."""
    return _shifted(expression, -1)


def _shifted(expression: sp.Expr, sign: int) -> sp.Expr:
    distance = sp.Dummy("delta", positive=True)
    decided = sp.expand(expression.subs(gamma_w, 1 + sign * distance))
    return sp.expand(decided.subs(distance, sign * (gamma_w - 1)))


def _scale_of_log(argument: sp.Expr, base: Mapping[sp.Symbol, Scale]) -> Scale:
    if not (isinstance(argument, sp.Add) and sp.S.One in argument.args):
        return Scale(sp.S.Zero, sp.S.One)
    small = scale_of(argument - 1, base)
    log_power = sp.Piecewise((sp.S.One, small.exponent > 0), (small.log_power, True))
    return Scale(_extreme(sp.Min, sp.S.Zero, small.exponent), log_power)


def _pruned(which: type[sp.Max | sp.Min], arguments: tuple[sp.Expr, ...]) -> sp.Expr:
    kept = list(arguments)
    for argument in arguments:
        others = [x for x in kept if x is not argument]
        smaller = (
            _at_most(argument, x) if which is sp.Max else _at_most(x, argument) for x in others
        )
        if any(smaller):
            kept = others
    return which(*kept)


def _at_most(first: sp.Expr, second: sp.Expr) -> bool:
    """Return whether ``first <= second`` follows from the assumptions on the symbols."""
    for side, needs_all in ((first, sp.Max), (second, sp.Min)):
        for term in sp.Add.make_args(side):
            if isinstance(term, sp.Max | sp.Min):
                choose = all if isinstance(term, needs_all) else any
                parts = (side - term + x for x in term.args)
                return choose(
                    _at_most(x, second) if side is first else _at_most(first, x) for x in parts
                )
    return sp.expand(second - first).is_nonnegative is True


def _extreme(which: type[sp.Max | sp.Min], *exponents: sp.Expr) -> sp.Expr:
    """Return the maximum or minimum, with what the exponents share taken out of it."""
    parts = [set(sp.Add.make_args(sp.expand(x))) for x in exponents]
    common = set.intersection(*parts)
    return sp.Add(*common) + which(*(sp.Add(*(part - common)) for part in parts))
