"""The rewritings by which a proof may bring the difference of two sides to zero.

Each is an identity, or a change of variables that reaches every value of the old ones, so that what
vanishes after it vanished before.  Logarithms and powers are split as for positive letters.
"""

from __future__ import annotations

import sympy as sp
from sympy.polys.fields import field

from theory.symbols import c, s0, t, y
from theory.symbols.dynamics import s0_size
from theory.symbols.notation import D, p0, y_positive

__all__ = ["REDUCTIONS", "reduced"]


def reduced(expression: sp.Expr, name: str) -> sp.Expr:
    """Rewrite an expression by the method of a name.

    Raises
    ------
    ValueError
        If there is no method of that name.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> reduced(x * (x + 1) - x**2, "expand")
    x
    """
    if not isinstance(name, str) or name not in REDUCTIONS:
        raise ValueError(f"reduce must be one of {', '.join(REDUCTIONS)}, got {name!r}")
    return REDUCTIONS[name](expression)


def _half_angle(expression: sp.Expr) -> sp.Expr:
    """Write a mode's roots as rational functions: ``y = c (1 - u^2)/(2u)``, u > 0.

    Then ``D = sqrt(y^2 + c^2) = c (1 + u^2)/(2u)``; s0 and p0 likewise; exp(Dt) becomes a letter.
    """
    growth, u, v, time = (sp.Dummy(name, positive=True) for name in ("growth", "u", "v", "time"))
    values = {D: c * (1 + u**2) / (2 * u), p0: c * (1 + v**2) / (2 * v), t: time}
    for letter, names in ((u, (y, y_positive)), (v, (s0, s0_size))):
        present = [name for name in names if expression.has(name)]
        if len(present) > 1:
            raise ValueError(f"half-angle takes one of the names {names}, got both")
        values |= {name: c * (1 - letter**2) / (2 * letter) for name in present}
    plain = expression.subs(sp.sqrt(y**2 + c**2), D).rewrite([sp.cosh, sp.sinh], sp.exp)
    plain = plain.replace(sp.exp, lambda power: growth ** sp.simplify(power / (D * t)))
    functions, *_ = field([growth, u, v, c, time], sp.QQ)
    return functions.from_expr(plain.subs(values)).as_expr()


#: Every method by its name; those that say so are for positive letters.
REDUCTIONS = {
    "expand": sp.expand,
    "exponentials": lambda x: sp.expand(x.rewrite(sp.exp)),
    "exponential powers": lambda x: sp.powsimp(sp.expand(x.rewrite(sp.exp)), force=True),
    "complex cosines": lambda x: sp.expand(x.rewrite(sp.cos), complex=True),
    "gamma functions": sp.gammasimp,
    "positive logarithms": lambda x: sp.expand_log(sp.expand(x), force=True),
    "positive powers": lambda x: sp.powsimp(sp.expand_power_base(x, force=True), force=True),
    "half-angle": _half_angle,
}
