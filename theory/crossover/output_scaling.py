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

from theory.algebra.derivation import Step, define, derive, equal, prove
from theory.algebra.noncommuting_matrices import (
    TimeDerivative,
    first_order,
    normal_form,
    trace_gradient,
    words,
)
from theory.arguments import exact_positive
from theory.dynamics.gram_flow import flow_rates
from theory.regimes import quantities as of
from theory.symbols import W1, W2, A, G, Y, c, d_in, d_out, n, t, w
from theory.symbols import crossover as letters
from theory.symbols.crossover import A0, alpha, clock, h, k1, k2, rho, sigma, std_A0, t_G, x_input
from theory.symbols.crossover import N_loss as N
from theory.symbols.crossover import U_unit as U
from theory.symbols.crossover import V_unit as V
from theory.symbols.dynamics import V1, V2, delta_A
from theory.symbols.task import sigma1, sigma2

__all__ = ["CrossoverMapping", "crossover_mapping", "mapping_steps", "output_scale", "scaled_alpha"]

#: ``sqrt(h) alpha``, the one parameter in which the feature regime of every width collapses.
scaled_alpha = sp.sqrt(h) * alpha


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
        t, in ``t_G``, the time of the scaled network.
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
        >>> from theory.symbols.task import sigma1
        >>> crossover_mapping().inverse(sigma1**2, w)
        (sigma1**2*sqrt(w), w)
        """
        width = exact_positive("width", width)
        init_variance = exact_positive("init_variance", init_variance)
        (value,) = sp.solve(self.init_variance.subs(h, width) - init_variance, alpha)
        return value, width


def crossover_mapping(
    input_divisor: sp.Expr | int | None = None, loss_divisor: sp.Expr | int | None = None
) -> CrossoverMapping:
    """Return what an output scaled by alpha h^(-1/2) means: (sigma^2, w), threshold and time.

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
    t_G/(alpha*sqrt(d_in)*sqrt(h)*n_inputs)
    """
    values = {rho: sp.sqrt(d_in), N: n}
    given = (("input_divisor", rho, input_divisor), ("loss_divisor", N, loss_divisor))
    for name, symbol, value in given:
        if value is not None:
            values[symbol] = exact_positive(name, value)
    factors, speed = _solved()
    variance = sp.simplify((factors[k1] ** 2).subs(values))
    at = {sigma1: sp.sqrt(variance), sigma2: sp.sqrt(variance), w: h}
    return CrossoverMapping(
        init_variance=variance,
        width=h,
        threshold=sp.simplify(of.threshold().expression.subs(at)),
        initial_entry=sp.simplify(sp.sqrt(of.initial_matrix().expression.subs(at))),
        time=sp.simplify((speed * t_G).subs(values)),
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
    small = sp.Dummy("epsilon")
    matrix = k1 * k2 * (V + small * V2) * (U + small * V1)
    change = N / (n * alpha**2) * G.T * first_order(matrix, small)
    zero = {V1: sp.ZeroMatrix(w, d_in), V2: sp.ZeroMatrix(d_out, w)}
    rates = {}
    for layer, factor, own, other in ((W1, k1, V1, V2), (W2, k2, V2, V1)):
        gradient = trace_gradient(change.subs(other, zero[other]).doit(), own)
        rates[layer] = normal_form((-factor * gradient).subs({U: W1 / k1, V: W2 / k2}))
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
    (factors,) = sp.solve([k1 * k2 / rho - output_scale(), first - second], [k1, k2], dict=True)
    return factors, sp.simplify(first.subs(factors))


def _network_steps() -> list[Step]:
    output = letters.F_of(x_input)
    first, second = _speeds()
    layers = ((W1, "U", letters.W1_rate), (W2, "V", letters.W2_rate))
    return [
        define(
            "A two-layer linear network with unit-variance weights U and V and a scaled output,",
            equal(output, output_scale() * V * U * x_input),
        ),
        define(
            "trained by gradient flow, in time t_G, of a loss divided by alpha^2.",
            equal(letters.loss, N / (n * alpha**2) * letters.C_of(A)),
        ),
        define(
            "Rescale its weights, so that F = A x/rho.",
            equal(sp.Tuple(W1, W2, A), sp.Tuple(k1 * U, k2 * V, W2 * W1)),
        ),
        *(
            derive(f"The flow of {own} moves {layer} at the rate", rate, _scaled_rates()[layer])
            for layer, own, rate in layers
        ),
        *(
            prove(
                f"which is the flow of {layer} under C, in a time t that runs so much faster:",
                equal(rate, speed * TimeDerivative(layer)),
                where={rate: _scaled_rates()[layer], TimeDerivative(layer): flow},
            )
            for speed, (layer, _, rate), (_, flow) in zip(
                (first, second), layers, flow_rates(), strict=True
            )
        ),
    ]


def _solution_steps() -> list[Step]:
    factors, speed = _solved()
    mapping, raw = crossover_mapping(), crossover_mapping(1, 1)
    back, width = mapping.inverse(sigma**2, w)
    return [
        derive(
            "Both layers share one clock, and F = A x/rho, only if they are rescaled alike,",
            sp.Tuple(k1, k2),
            sp.Tuple(factors[k1], factors[k2]),
        ),
        derive("so that the variance of the entries is", sigma**2, factors[k1] ** 2),
        derive("and time runs at", clock, speed),
        derive(
            "For A acting on x/sqrt(d_in) and a mean loss (rho = sqrt(d_in), N = n): the variance,",
            sigma**2,
            mapping.init_variance,
        ),
        derive("the threshold,", c, mapping.threshold),
        derive("and the time.", t, mapping.time),
        derive(
            "With the sum of the losses in place of the mean (N = 1), so that G = A - Y for "
            "inputs sqrt(d_in) e_i:",
            t,
            crossover_mapping(loss_divisor=1).time,
        ),
        derive("For A acting on x itself (rho = 1) the unit of A changes, and c", c, raw.threshold),
        derive("The way back: a network of variance sigma^2 and width w has", alpha, back),
        prove(
            "since with this alpha and h = w",
            equal(mapping.init_variance, sigma**2),
            where={alpha: back, h: width},
        ),
        prove(
            "The clock is the threshold: a lazy mode moves at the rate 2c in t, so at a rate "
            "without alpha and h in t_G.",
            equal(t * c, t_G),
            where={t: mapping.time, c: mapping.threshold},
        ),
    ]


def _subtraction_steps() -> list[Step]:
    mapping = crossover_mapping()
    return [
        define(
            "Where the output at the start is subtracted, F = alpha (f(w) - f(w_0)), the loss "
            "is of A - A(0); only the point at which G is taken changes.",
            equal(G, letters.grad_C(A - A0)),
        ),
        derive(
            "For the squared loss C(A) = ||A - Y||^2/2 the target is shifted by A(0).",
            G,
            _squared_loss_gradient(A - A0),
            stated=A - (Y + A0),
        ),
        derive("An entry of A(0) has the standard deviation", std_A0, mapping.initial_entry),
        prove(
            "which is a fluctuation of the threshold, of relative size",
            equal(std_A0 / c, 1 / sp.sqrt(h)),
            where={std_A0: mapping.initial_entry, c: mapping.threshold},
        ),
    ]


def _squared_loss_gradient(place: MatrixExpr) -> MatrixExpr:
    """Return the gradient of ``||A - Y||^2/2`` at a matrix."""
    small = sp.Dummy("epsilon")
    moved = place + small * delta_A - Y
    return trace_gradient(first_order(moved.T * moved / 2, small), delta_A)
