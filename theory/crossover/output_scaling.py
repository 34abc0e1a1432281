"""Two papers, one phase diagram: (alpha, h) of a scaled network against (sigma^2, w).

A two-layer linear network with unit-variance weights and output ``F = alpha f``,
``f(x) = h^(-1/2) V U x/sqrt(d_in)``, trained by gradient flow of ``L = 1/(alpha^2 n) sum l(F)``,
is the network ``A = W2 W1`` trained by gradient flow of C(A) = ``1/N sum l(A x/rho)`` with

``sigma^2 = alpha rho/sqrt(h d_in)``, ``w = h``, ``c = alpha rho sqrt(h/d_in)``,
``t = t_G rho N/(n alpha sqrt(h d_in))``.

rho is the divisor of the inputs that A acts on: sqrt(d_in) for inputs on the sphere of that
radius (A* then has the unit of F and ``c = alpha sqrt(h)``), 1 for inputs as they are.  N is the
divisor of the loss of A: n for a mean, 1 for a sum (``G = A - Y`` for the squared loss and the
inputs ``sqrt(d_in) e_i``).  Where F = alpha (f(w) - f(w_0)) the loss sees ``A - A(0)``: the weights
follow the same flow with the target shifted by A(0), whose entries have standard deviation alpha
(rho = sqrt(d_in)).

Holds for any loss, width and time; only the identity as activation.
Source: networks of Geiger, Spigler, Jacot and Wyart 2020, dynamics of Tu, Aranguri and Jacot 2024;
the mapping is derived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Step, define, derive, prove
from theory.algebra.noncommuting_matrices import first_order, normal_form, trace_gradient, words
from theory.dynamics.gram_flow import flow_rates
from theory.regimes import quantities as of
from theory.regimes.scales import sigma1, sigma2
from theory.symbols import W1, W2, A, G, d_in, d_out, n, w

__all__ = [
    "MEANING",
    "CrossoverMapping",
    "alpha",
    "crossover_mapping",
    "h",
    "mapping_steps",
    "network_time",
    "output_scale",
    "scaled_alpha",
]

alpha, h, network_time = sp.symbols("alpha h t_G", positive=True)
#: ``sqrt(h) alpha``, the one parameter in which the feature regime of every width collapses.
scaled_alpha = sp.sqrt(h) * alpha

MEANING: dict[sp.Symbol, str] = {
    alpha: "factor of the output of a network with unit-variance weights",
    h: "its width",
    network_time: "time of its gradient flow",
}

#: Divisor of the inputs that A acts on, and of the loss of A.
_rho, _N = sp.symbols("rho N", positive=True)
#: Factors between the weights of the two networks.
_k1, _k2 = sp.symbols("k1 k2", positive=True)
U, V = sp.MatrixSymbol("U", w, d_in), sp.MatrixSymbol("V", d_out, w)


@dataclass(frozen=True)
class CrossoverMapping:
    """What a scaled network is in the plane (variance, width).

    Attributes
    ----------
    init_variance : sympy.Expr
        sigma^2, variance of an entry of W1 and W2 at the start.
    width : sympy.Expr
        w.
    threshold : sympy.Expr
        ``c = sigma^2 w``, in the unit of A.
    initial_entry : sympy.Expr
        Standard deviation of an entry of A(0).
    time : sympy.Expr
        t, in ``t_G`` (:data:`network_time`), the time of the scaled network.
    """

    init_variance: sp.Expr
    width: sp.Expr
    threshold: sp.Expr
    initial_entry: sp.Expr
    time: sp.Expr

    def inverse(self, init_variance: sp.Expr, width: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """Return the (alpha, h) of a given variance and width.

        Examples
        --------
        >>> sigma2 = sp.Symbol("sigma2", positive=True)
        >>> crossover_mapping().inverse(sigma2, w)
        (sigma2*sqrt(w), w)
        """
        width = sp.sympify(width)
        (value,) = sp.solve(self.init_variance.subs(h, width) - init_variance, alpha)
        return value, width


def crossover_mapping(
    input_divisor: sp.Expr | int | None = None, loss_divisor: sp.Expr | int | None = None
) -> CrossoverMapping:
    """Return (sigma^2, w), the threshold and the time of a scaled two-layer linear network.

    Parameters
    ----------
    input_divisor : positive number or expression, optional
        rho: A acts on x/rho.  sqrt(d_in) if left out.
    loss_divisor : positive number or expression, optional
        N: the loss of A is ``1/N sum l``.  n, the number of inputs, if left out.

    Raises
    ------
    ValueError
        If a divisor is not positive.

    Examples
    --------
    >>> crossover_mapping().threshold, crossover_mapping().time
    (alpha*sqrt(h), t_G/(alpha*sqrt(h)))
    >>> crossover_mapping(input_divisor=1, loss_divisor=1).time
    t_G/(alpha*sqrt(d_in)*sqrt(h)*n)
    """
    values = {_rho: sp.sqrt(d_in), _N: n}
    given = (("input_divisor", _rho, input_divisor), ("loss_divisor", _N, loss_divisor))
    for name, symbol, value in given:
        if value is not None:
            values[symbol] = sp.sympify(value)
        if values[symbol].is_positive is not True:
            raise ValueError(f"{name} must be positive, got {values[symbol]}")
    factors, speed = _solved()
    variance = sp.simplify((factors[_k1] ** 2).subs(values))
    at = {sigma1: sp.sqrt(variance), sigma2: sp.sqrt(variance), w: h}
    return CrossoverMapping(
        init_variance=variance,
        width=h,
        threshold=sp.simplify(of.threshold().expression.subs(at)),
        initial_entry=sp.simplify(sp.sqrt(of.initial_matrix().expression.subs(at))),
        time=sp.simplify((speed * network_time).subs(values)),
    )


def output_scale() -> sp.Expr:
    """Return the factor of ``V U x`` in the output of the scaled network."""
    return alpha / (sp.sqrt(h) * sp.sqrt(d_in))


def mapping_steps() -> list[Step]:
    """Prove the mapping, and what the subtraction of the start changes."""
    return [*_network_steps(), *_solution_steps(), *_subtraction_steps()]


@cache
def _scaled_rates() -> dict[sp.MatrixSymbol, MatrixExpr]:
    """Return the rates of ``W1 = k1 U``, ``W2 = k2 V`` in t_G, from the flow of U and V.

    The loss is ``N/(n alpha^2) C(A)``, so it changes by that factor of tr(G^T deltaA).
    """
    small = sp.Symbol("epsilon")
    V1, V2 = sp.MatrixSymbol("V1", w, d_in), sp.MatrixSymbol("V2", d_out, w)
    matrix = _k1 * _k2 * (V + small * V2) * (U + small * V1)
    change = _N / (n * alpha**2) * G.T * first_order(matrix, small)
    zero = {V1: sp.ZeroMatrix(w, d_in), V2: sp.ZeroMatrix(d_out, w)}
    rates = {}
    for layer, factor, own, other in ((W1, _k1, V1, V2), (W2, _k2, V2, V1)):
        gradient = trace_gradient(change.subs(other, zero[other]).doit(), own)
        rates[layer] = normal_form((-factor * gradient).subs({U: W1 / _k1, V: W2 / _k2}))
    return rates


@cache
def _speeds() -> tuple[sp.Expr, ...]:
    """Return the factors between the rates in t_G and the rates of A's network, by layer."""
    found = []
    for layer, rate in flow_rates():
        ((word, value),) = words(rate).items()
        ((scaled_word, scaled),) = words(_scaled_rates()[layer]).items()
        if word != scaled_word:
            raise ValueError(f"both flows must move {layer} alike, got {word} and {scaled_word}")
        found.append(sp.simplify(scaled / value))
    return tuple(found)


@cache
def _solved() -> tuple[dict[sp.Symbol, sp.Expr], sp.Expr]:
    """Return k1 and k2 that give one output and one clock to both layers, and dt/dt_G."""
    first, second = _speeds()
    (factors,) = sp.solve(
        [_k1 * _k2 / _rho - output_scale(), first - second], [_k1, _k2], dict=True
    )
    return factors, sp.simplify(first.subs(factors))


def _network_steps() -> list[Step]:
    x = sp.MatrixSymbol("x", d_in, 1)
    named = lambda name: sp.Function(name)(x)  # noqa: E731
    slow = sp.Symbol("dt/dt_G")
    first, second = _speeds()
    return [
        define(
            "A two-layer linear network with unit-variance weights U and V and a scaled output,",
            sp.Eq(named("F"), output_scale() * V * U * x, evaluate=False),
        ),
        define(
            "trained by gradient flow, in time t_G, of a loss divided by alpha^2.",
            sp.Eq(sp.Symbol("loss"), _N / (n * alpha**2) * sp.Function("C")(A), evaluate=False),
        ),
        define(
            "Rescale its weights, so that F = A x/rho.",
            sp.Eq(sp.Tuple(W1, W2, A), sp.Tuple(_k1 * U, _k2 * V, W2 * W1), evaluate=False),
        ),
        *(
            derive(
                f"The flow of {'UV'[k]} moves {layer.name} at the rate",
                sp.MatrixSymbol(f"d{layer.name}/dt_G", *layer.shape),
                _scaled_rates()[layer],
            )
            for k, layer in enumerate((W1, W2))
        ),
        *(
            prove(
                f"which is the flow of {layer.name} under C in a time t:",
                _scaled_rates()[layer],
                speed * rate,
                show=sp.Eq(slow, speed, evaluate=False),
            )
            for speed, (layer, rate) in zip((first, second), flow_rates(), strict=True)
        ),
    ]


def _solution_steps() -> list[Step]:
    factors, speed = _solved()
    variance, mapping = sp.Symbol("sigma", positive=True) ** 2, crossover_mapping()
    raw, summed = crossover_mapping(1, 1), crossover_mapping(loss_divisor=1)
    back = mapping.inverse(variance, w)
    return [
        prove(
            "Both layers share one clock only if they are rescaled alike,",
            factors[_k1] - factors[_k2],
            sp.S.Zero,
            show=sp.Eq(_k1, _k2, evaluate=False),
        ),
        derive("so that the variance of the entries is", variance, factors[_k1] ** 2),
        derive("and time runs at", sp.Symbol("dt/dt_G"), speed),
        derive(
            "For A acting on x/sqrt(d_in) and a mean loss (rho = sqrt(d_in), N = n): the variance,",
            variance,
            mapping.init_variance,
        ),
        derive("the threshold,", sp.Symbol("c"), mapping.threshold),
        derive("and the time.", sp.Symbol("t"), mapping.time),
        derive(
            "With the sum of the losses in place of the mean (N = 1), so that G = A - Y for "
            "inputs sqrt(d_in) e_i:",
            sp.Symbol("t"),
            summed.time,
        ),
        derive(
            "For A acting on x itself (rho = 1) the unit of A changes, and with it",
            sp.Symbol("c"),
            raw.threshold,
        ),
        prove(
            "The way back: a network of variance sigma^2 and width w has this alpha.",
            mapping.init_variance.subs({alpha: back[0], h: back[1]}),
            variance,
            show=sp.Eq(alpha, back[0], evaluate=False),
        ),
        prove(
            "The clock is the threshold: a lazy mode moves at the rate 2c in t, so at a rate "
            "without alpha and h in t_G.",
            sp.diff(mapping.time, network_time) * mapping.threshold,
            sp.S.One,
            show=sp.Eq(sp.Symbol("t") * sp.Symbol("c"), network_time, evaluate=False),
        ),
    ]


def _subtraction_steps() -> list[Step]:
    A0, Y = (sp.MatrixSymbol(name, d_out, d_in) for name in ("A0", "Y"))
    mapping = crossover_mapping()
    ratio = mapping.initial_entry / mapping.threshold
    return [
        define(
            "Where the output at the start is subtracted, F = alpha (f(w) - f(w_0)), the loss "
            "is of A - A(0); only the point at which G is taken changes.",
            sp.Eq(G, sp.Function("gradC")(A - A0), evaluate=False),
        ),
        prove(
            "For the squared loss the target is shifted by A(0).",
            (A - A0) - Y,
            A - (Y + A0),
            show=sp.Eq(G, A - (Y + A0), evaluate=False),
        ),
        derive(
            "An entry of A(0) has the standard deviation",
            sp.Symbol("std A0_ij"),
            mapping.initial_entry,
        ),
        prove(
            "which is a fluctuation of the threshold, of relative size",
            ratio,
            1 / sp.sqrt(h),
            show=sp.Eq(sp.Symbol("std A0_ij") / sp.Symbol("c"), ratio, evaluate=False),
        ),
    ]
