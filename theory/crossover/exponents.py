"""Lazy against feature training of scaled networks: every exponent, from one derivation.

``A = sqrt(h) alpha`` decides: feature training for A below the target, lazy above.  The exponents
come from comparing scales (:mod:`theory.crossover.feature_exponents`,
:mod:`theory.crossover.alpha_plane`) and, for the two-layer linear network, from closed forms
(:mod:`theory.crossover.kernel_change`, :mod:`theory.crossover.output_fluctuation`); the derivation
proves that both agree where both apply.

Holds: as in those modules.
Source: claims of Geiger, Spigler, Jacot and Wyart 2020; dynamics of Tu, Aranguri and Jacot 2024.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sympy as sp

from theory.algebra.derivation import Derivation, Step, derive
from theory.arguments import check_depth
from theory.crossover.alpha_plane import boundary_exponent, log_slope, plane_steps
from theory.crossover.feature_derivation import depth_steps
from theory.crossover.feature_exponents import (
    feature_boundary_exponent,
    feature_exponent,
    last_layer_exponent,
    lazy_exponent,
    linear_time,
)
from theory.crossover.kernel_change import (
    fluctuation_square,
    linear_kernel_change,
    relative_kernel_change,
)
from theory.crossover.kernel_hierarchy import contraction_steps
from theory.crossover.output_fluctuation import (
    fluctuation_steps,
    function_fluctuation,
    layer_change,
)
from theory.crossover.output_scaling import crossover_mapping, mapping_steps
from theory.regimes.crossing_times import early_growth
from theory.symbols import c, t, w, y
from theory.symbols import crossover as letters
from theory.symbols.crossover import L, alpha, gamma_alpha, gamma_h, h, t_1, t_G
from theory.symbols.notation import s_positive, y_positive

__all__ = [
    "crossover",
    "crossover_mapping",
    "feature_exponent",
    "fluctuation_exponent",
    "last_layer_exponent",
    "lazy_exponent",
    "linear_kernel_change",
    "predicted_exponents",
]


@cache
def fluctuation_exponent() -> sp.Expr:
    """Return x of ``delta F ~ h^x`` at a fixed A, of the closed form of a linear network.

    Examples
    --------
    >>> fluctuation_exponent()
    -1/2
    """
    return log_slope(function_fluctuation(), w, sp.oo)


def predicted_exponents(depth: sp.Expr | int = L) -> Mapping[str, sp.Expr]:
    """Return every exponent of a network of L hidden layers, by name.

    Parameters
    ----------
    depth : int or expression
        L, the number of hidden layers.

    Returns
    -------
    mapping of str to expression
        Powers of ``A = sqrt(h) alpha`` at a fixed width: ``feature_kernel_change`` (minus a),
        ``feature_last_layer``, ``lazy_kernel_change`` (the term of first order) and
        ``lazy_second_order``.  Powers of h at a fixed A: ``lazy_prefactor`` (of the first-order
        term), ``fluctuation`` (delta F).  Powers of alpha and h: ``time_in_alpha`` and
        ``time_in_h`` (t_1).  Power of h: ``boundary`` (alpha*).

    Raises
    ------
    ValueError
        If L is no positive integer.

    Examples
    --------
    >>> predicted_exponents(2)["feature_kernel_change"], predicted_exponents(2)["boundary"]
    (-4/3, -1/2)
    """
    depth = check_depth("depth", depth)
    kernel = -feature_exponent(depth)
    lazy, prefactor = lazy_exponent()
    time = linear_time(depth).exponent
    return {
        "feature_kernel_change": kernel,
        "feature_last_layer": last_layer_exponent(depth),
        "lazy_kernel_change": lazy,
        "lazy_second_order": lazy_exponent(2)[0],
        "lazy_prefactor": prefactor,
        "fluctuation": fluctuation_exponent(),
        "time_in_alpha": time.coeff(gamma_alpha),
        "time_in_h": time.coeff(gamma_h),
        "boundary": feature_boundary_exponent(depth),
    }


def crossover() -> Derivation:
    """Derive the mapping between the two papers, and every exponent of the crossover."""
    return Derivation(
        topic="crossover",
        title="Lazy and feature training of scaled networks",
        holds="mapping: linear activation, any loss and width; feature exponents: activations of "
        "degree 1, A << 1; lazy exponents: any smooth activation, A >> 1; linear network: w >> d",
        source="claims: Geiger, Spigler, Jacot and Wyart 2020; threshold: Tu, Aranguri and Jacot "
        "2024; contractions at depth: Huang and Yau 2020; mapping and closed forms ours",
        steps=(
            *mapping_steps(),
            *plane_steps(),
            *contraction_steps(),
            *depth_steps(),
            *fluctuation_steps(),
            *_agreement_steps(),
        ),
    )


def _agreement_steps() -> list[Step]:
    """Prove that closed forms and scales give the same exponents where both apply."""
    even, layer = relative_kernel_change([s_positive]), layer_change([s_positive])
    first = sp.sqrt(fluctuation_square(s_positive**2))
    lazy, prefactor = lazy_exponent()
    second, rest = lazy_exponent(2)
    cases = (
        (
            "Closed form against scales, linear network, L = 1: the kernel's change, feature,",
            log_slope(even, c, 0),
            -feature_exponent(1),
            letters.slope_feature,
        ),
        ("lazy, first order, in A,", log_slope(first, c, sp.oo), lazy, letters.slope_first),
        ("and in h at a fixed A;", log_slope(first, w, sp.oo), prefactor, letters.power_first),
        ("lazy, second order, in A,", log_slope(even, c, sp.oo), second, letters.slope_second),
        ("and in h;", log_slope(even, w, sp.oo), rest, letters.power_second),
        (
            "the change of the last layer, feature;",
            log_slope(layer, c, 0),
            last_layer_exponent(1),
            letters.slope_layer,
        ),
        (
            "the boundary of depth L and that of the regimes.",
            feature_boundary_exponent(),
            boundary_exponent(),
            letters.power_boundary,
        ),
    )
    return [
        *(derive(text, name, left, stated=right) for text, left, right, name in cases),
        *_time_steps(),
        derive(
            "The learned function varies over starts as the power of h, at a fixed A,",
            letters.power_F,
            fluctuation_exponent(),
        ),
    ]


def _time_steps() -> list[Step]:
    """Prove t_1 of the linear network from the early growth of a mode of target y."""
    clock = crossover_mapping().time / t_G
    (crossing,) = sp.solve(early_growth().subs(y, y_positive) - c, t)
    in_network_time = sp.simplify(crossing / clock)
    powers = tuple(log_slope(in_network_time, x, sp.oo) for x in (alpha, h))
    scale = linear_time().exponent
    names = (letters.power_alpha, letters.power_h)
    return [
        derive(
            "A mode of target y reaches the threshold, where its dynamics ceases to be linear, "
            "at the time (feature, C = (s - y)^2/2)",
            t_1,
            in_network_time.subs(y_positive, y),
        ),
        *(
            derive(
                f"with the power of {variable} found by comparing scales,",
                name,
                power,
                stated=scale.coeff(gamma),
            )
            for variable, power, gamma, name in zip(
                ("alpha", "h"), powers, (gamma_alpha, gamma_h), names, strict=True
            )
        ),
    ]
