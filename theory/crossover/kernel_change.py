"""How far the tangent kernel of a two-layer linear network moves, at any threshold.

``K = C1 (x) I + I (x) C2`` starts at 2c I and ends with C1, C2 of the unified formula: along a
singular value s of A both have grown by the *excess* ``q = sqrt(s^2 + c^2) - c``, so that

``||dK||^2/||K_0||^2 = ((d_in + d_out) sum q^2 + 2 (sum q)^2)/(4 c^2 d_in d_out)``.

This is even in A: ~ s/(2c) where active, ~ s^2/(4c^2) where lazy.  At width w the start A(0) has
entries of variance c^2/w, and there is a term of first order in A,

``E||dK_1||^2/||K_0||^2 = ||A||_F^2 (2 d_in d_out + d_in + d_out + 4)/(8 w c^2 d_in d_out)``,

which overtakes the other where c > s sqrt(w) up to a constant: in alpha = c/sqrt(w), at alpha ~ s.

Holds for white inputs, gradient flow of any loss, w >> d_in + d_out, and A the learned matrix (end
minus start); the fluctuation to leading order in 1/w for c >> s, where it counts, so that the root
of the sum of both squares holds for every c.  Any imbalance of the layers drops out of the even
part.  Source: kernels of Geiger, Spigler, Jacot and Wyart 2020; closed forms ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy.codegen.cfunctions import hypot

from theory.algebra.stable_form import StableForm
from theory.arguments import exact_numbers, exact_positive
from theory.dynamics.unified_evolution import mode_rate
from theory.random_matrices.wishart import fluctuation_covariance
from theory.symbols import c, c1, c2, d_in, d_out, s, w
from theory.symbols.crossover import mode_symbols
from theory.symbols.notation import s_positive

__all__ = [
    "change_on_inputs",
    "even_change_square",
    "excess",
    "fluctuation_square",
    "initial_variance",
    "kernel_change_form",
    "linear_kernel_change",
    "overtaking_threshold",
    "relative_kernel_change",
]


def excess() -> sp.Expr:
    """Return q, what C1 and C2 have gained along a singular value s of A.

    Half of what the rate C1 + C2 of the mode has gained: the imbalance shifts both for ever.

    Examples
    --------
    >>> excess()
    -c + sqrt(c**2 + s**2)
    """
    rate = mode_rate()
    return sp.expand((rate - rate.subs(s, 0)) / 2)


def even_change_square(
    excesses: Sequence[sp.Expr],
    threshold: sp.Expr = c,
    rows: sp.Expr = d_out,
    columns: sp.Expr = d_in,
) -> sp.Expr:
    """Return ``||dK||^2/||K_0||^2`` of given excesses, for white inputs."""
    total, squares = sum(excesses), sum(q**2 for q in excesses)
    return ((rows + columns) * squares + 2 * total**2) / (4 * threshold**2 * rows * columns)


def initial_variance() -> sp.Expr:
    """Return the variance of an entry of A(0), ``c^2/w``, from the moments of the start."""
    return fluctuation_covariance((2, 0), (2, 0)).subs({c1: c, c2: c})


def fluctuation_square(
    square: sp.Expr,
    threshold: sp.Expr = c,
    width: sp.Expr = w,
    rows: sp.Expr = d_out,
    columns: sp.Expr = d_in,
) -> sp.Expr:
    """Return ``E||dK_1||^2/||K_0||^2`` of a learned matrix of squared norm ``square``."""
    directions = 2 * rows * columns + rows + columns + 4
    moved = initial_variance().subs({c: threshold, w: width}) * square / (2 * threshold**2)
    return moved * directions / (4 * threshold**2 * rows * columns)


def relative_kernel_change(
    singular_values: Sequence[sp.Expr | float],
    threshold: sp.Expr | float = c,
    *,
    d_in: sp.Expr | int = d_in,
    d_out: sp.Expr | int = d_out,
) -> sp.Expr:
    """Return the formula of the kernel change, ``||K - K_0||/||K_0||``, at infinite width.

    Parameters
    ----------
    singular_values : sequence of expressions or numbers
        Of the learned matrix, zeros may be left out (unit of A).
    threshold : expression or number
        c (same unit).
    d_in, d_out : expression or number
        Dimensions of inputs and outputs.

    Raises
    ------
    ValueError
        If there are more singular values than d_in or d_out, or c is not positive.

    Examples
    --------
    >>> relative_kernel_change([sp.Integer(4)], 3, d_in=1, d_out=1)
    2/3
    """
    values, threshold, d_in, d_out = _checked(singular_values, threshold, d_in, d_out)
    grown = [excess().subs({s: x, c: threshold}, simultaneous=True) for x in values]
    return sp.sqrt(even_change_square(grown, threshold, d_out, d_in))


def linear_kernel_change(
    singular_values: Sequence[sp.Expr | float],
    threshold: sp.Expr | float = c,
    *,
    d_in: sp.Expr | int = d_in,
    d_out: sp.Expr | int = d_out,
    width: sp.Expr | float | None = None,
) -> sp.Expr:
    """Return the relative change of the kernel, root mean square over starts of a finite width.

    Parameters
    ----------
    singular_values, threshold, d_in, d_out
        As :func:`relative_kernel_change`.
    width : expression or number, optional
        w; infinite if left out.

    Raises
    ------
    ValueError
        As :func:`relative_kernel_change`, and for a width that is not positive.

    Examples
    --------
    >>> linear_kernel_change([sp.Integer(4)], 3, d_in=1, d_out=1, width=4)
    2*sqrt(2)/3
    """
    even = relative_kernel_change(singular_values, threshold, d_in=d_in, d_out=d_out)
    if width is None:
        return even
    values, threshold, d_in, d_out = _checked(singular_values, threshold, d_in, d_out)
    width = exact_positive("width", width)
    square = sum(x**2 for x in values)
    return sp.sqrt(even**2 + fluctuation_square(square, threshold, width, d_out, d_in))


def change_on_inputs(
    value: sp.Expr,
    threshold: sp.Expr,
    width: sp.Expr,
    along: sp.Expr,
    along_square: sp.Expr,
    square: sp.Expr,
    trace: sp.Expr,
) -> tuple[sp.Expr, sp.Expr]:
    """Return the squared even and fluctuating change of a network of one output, any inputs.

    Parameters
    ----------
    value, threshold, width : expression
        The singular value ``s = |A|``, c and w.
    along, along_square, square, trace : expression
        ``v^T M v``, ``v^T M^2 v``, ``tr M^2`` and ``tr M`` of ``M = sum_i x_i x_i^T`` over the
        inputs of the Gram matrix, v the direction of A; for white inputs 1, 1, d_in, d_in.

    Examples
    --------
    >>> even, _ = change_on_inputs(s, c, w, 1, 1, d_in, d_in)
    >>> sp.simplify(even - even_change_square([excess()], rows=1))
    0
    """
    grown = excess().subs({s: value, c: threshold}, simultaneous=True)
    even = grown**2 * (square + 2 * along_square + along**2) / (4 * threshold**2 * square)
    moved = initial_variance().subs({c: threshold, w: width}) * value**2 / (2 * threshold**2)
    directions = 2 * square + trace * along + 5 * along_square
    return even, moved * directions / (4 * threshold**2 * square)


def kernel_change_form(rank: int) -> StableForm:
    """Return both relative changes of a learned matrix of given rank, for a kernel.

    Parameters
    ----------
    rank : int
        Number of singular values, arguments ``s_1`` to ``s_rank`` before c, w, d_out and d_in.

    Returns
    -------
    StableForm
        Outputs ``even`` (infinite width), ``fluctuation`` and ``total``; the excess is a quotient,
        ``s^2/(c + sqrt(s^2 + c^2))``, as the difference loses every digit where s << c.

    Raises
    ------
    ValueError
        If rank is no positive integer.
    """
    if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1:
        raise ValueError(f"rank must be a positive integer, got {rank!r}")
    # Relative to c: squares of s and c would overflow or underflow long before those of s/c do.
    values, scaled, names = zip(*map(mode_symbols, range(1, rank + 1)), strict=True)
    definitions = (
        *((x, value / c) for x, value in zip(scaled, values, strict=True)),
        *((name, x**2 / (1 + hypot(x, 1))) for name, x in zip(names, scaled, strict=True)),
    )
    even = even_change_square(names, sp.S.One)
    moved = fluctuation_square(sum(x**2 for x in scaled), sp.S.One)
    return StableForm(
        (*values, c, w, d_out, d_in),
        definitions,
        {"even": sp.sqrt(even), "fluctuation": sp.sqrt(moved), "total": sp.sqrt(even + moved)},
    )


def overtaking_threshold() -> sp.Expr:
    """Return the threshold above which the fluctuation exceeds the even part (one mode, c >> s)."""
    even = even_change_square([s_positive**2 / (2 * c)])
    (found,) = sp.solve(sp.Eq(even, fluctuation_square(s_positive**2)), c)
    return sp.simplify(found).subs(s_positive, s)


def _checked(
    singular_values: Sequence[sp.Expr | float], threshold: Any, d_in: Any, d_out: Any
) -> tuple[list[sp.Expr], sp.Expr, sp.Expr, sp.Expr]:
    values = exact_numbers("singular_values", singular_values)
    threshold = exact_positive("threshold", threshold)
    d_in, d_out = exact_positive("d_in", d_in), exact_positive("d_out", d_out)
    for name, size in (("d_in", d_in), ("d_out", d_out)):
        if size.is_number and len(values) > size:
            raise ValueError(
                f"{name} must be at least the number of singular values {len(values)}, got {size}"
            )
    return values, threshold, d_in, d_out
