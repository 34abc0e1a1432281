"""The Gram dynamics, evaluated on rational matrices, where equal means equal."""

import itertools
import random

import mpmath as mp
import pytest
import sympy as sp

from theory.algebra.noncommuting_matrices import normal_form
from theory.dynamics import gram_flow as gd
from theory.symbols import C1, C2, W1, W2, A, G, Ghat, J, Theta, X, d_in, d_out, eta, n, w
from theory.symbols.notation import norm2

SHAPES = [(3, 2, 4), (2, 3, 1), (2, 2, 5)]  # d_in, d_out, width


def rational(rows, columns, seed):
    draw = random.Random(seed)
    return sp.ImmutableMatrix(
        rows, columns, lambda i, j: sp.Rational(draw.randint(-9, 9), draw.randint(1, 5))
    )


def network(shape, samples=3):
    """Rational values of every symbol of a network of the given shape."""
    inputs, outputs, width = shape
    sizes = {d_in: inputs, d_out: outputs, w: width, n: samples}
    first, second = rational(width, inputs, 1), rational(outputs, width, 2)
    gradient = rational(outputs, inputs, 3)
    values = {
        W1: first,
        W2: second,
        G: gradient,
        X: rational(inputs, samples, 4),
        A: second * first,
        C1: first.T * first,
        C2: second * second.T,
        Theta: sp.ImmutableMatrix(sp.Matrix.vstack(first.T, second)),
        J: sp.ImmutableMatrix(sp.diag(sp.eye(inputs), -sp.eye(outputs))),
        Ghat: sp.ImmutableMatrix(
            sp.Matrix.vstack(
                sp.Matrix.hstack(sp.zeros(inputs), gradient.T),
                sp.Matrix.hstack(gradient, sp.zeros(outputs)),
            )
        ),
        sp.MatrixSymbol("R", d_out, n): rational(outputs, samples, 5),
    }
    return sizes, values


def evaluate(expression, sizes, values):
    """Return the value of a matrix expression as an explicit matrix."""
    concrete = sp.sympify(expression).subs(sizes)
    numbers = {symbol.subs(sizes): value for symbol, value in values.items()}
    return sp.ImmutableMatrix(concrete.xreplace(numbers).doit().as_explicit())


def loss_gradient(matrix):
    """A loss that is not quadratic, and its gradient in A, entry by entry."""
    return sum(x**3 for x in matrix), matrix.applyfunc(lambda x: 3 * x**2)


@pytest.mark.parametrize("shape", SHAPES)
def test_layer_gradients_are_derivatives_of_the_loss(shape):
    sizes, values = network(shape)
    first, second = values[W1], values[W2]
    values[G] = loss_gradient(second * first)[1]
    step = sp.Symbol("step")
    for layer, (rows, columns) in ((W1, first.shape), (W2, second.shape)):
        found = evaluate(gd.layer_gradients()[layer], sizes, values)
        for i, j in itertools.product(range(rows), range(columns)):
            moved = {W1: sp.Matrix(first), W2: sp.Matrix(second)}
            moved[layer][i, j] += step
            total = loss_gradient(moved[W2] * moved[W1])[0]
            assert sp.diff(total, step).subs(step, 0) == found[i, j]


def test_prediction_gradient_is_the_derivative_through_the_inputs():
    sizes, values = network((3, 2, 4))
    matrix, inputs = sp.Matrix(values[A]), values[X]
    values[sp.MatrixSymbol("R", d_out, n)] = loss_gradient(matrix * inputs)[1]
    found = evaluate(gd.prediction_gradient(), sizes, values)
    step = sp.Symbol("step")
    for i, j in itertools.product(range(2), range(3)):
        moved = matrix.copy()
        moved[i, j] += step
        assert sp.diff(loss_gradient(moved * inputs)[0], step).subs(step, 0) == found[i, j]


@pytest.mark.parametrize("shape", SHAPES)
def test_flow_descends_along_the_layer_gradients(shape):
    sizes, values = network(shape)
    rates = {symbol: evaluate(rate, sizes, values) for symbol, rate in gd.flow_rates()}
    assert rates[W1] == -values[W2].T * values[G]
    assert rates[W2] == -values[G] * values[W1].T


@pytest.mark.parametrize("shape", SHAPES)
def test_gram_blocks_flow_is_the_product_rule_of_the_weights(shape):
    sizes, values = network(shape)
    W1_, W2_, G_ = values[W1], values[W2], values[G]
    dW1, dW2 = -W2_.T * G_, -G_ * W1_.T
    expected = {
        A: dW2 * W1_ + W2_ * dW1,
        C1: dW1.T * W1_ + W1_.T * dW1,
        C2: dW2 * W2_.T + W2_ * dW2.T,
    }
    for symbol, rate in gd.gram_blocks_flow().items():
        assert evaluate(rate, sizes, values) == expected[symbol]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_descent_stages_are_one_step_by_hand(shape, update):
    sizes, values = network(shape)
    sizes[eta] = sp.Rational(3, 7)
    W1_, W2_, G_, rate = values[W1], values[W2], values[G], sizes[eta]
    new_W1 = W1_ - rate * W2_.T * G_
    seen = new_W1 if update == "sequential" else W1_
    new_W2 = W2_ - rate * G_ * seen.T
    for stage in gd.descent_stages(update):
        changed = {symbol: evaluate(value, sizes, values) for symbol, value in stage}
        values |= changed
    assert (values[W1], values[W2]) == (new_W1, new_W2)


def test_stages_change_each_layer_once():
    for update, expected in (("simultaneous", [[W1, W2]]), ("sequential", [[W1], [W2]])):
        stages = gd.descent_stages(update)
        assert [[symbol for symbol, _ in stage] for stage in stages] == expected


def test_an_unknown_update_is_refused():
    with pytest.raises(ValueError, match="must be 'simultaneous' or 'sequential', got 'both'"):
        gd.descent_stages("both")


@pytest.mark.parametrize("shape", SHAPES)
def test_balancedness_is_conserved_and_drifts_at_second_order(shape):
    sizes, values = network(shape)
    width = shape[2]
    assert evaluate(gd.balancedness_flow(), sizes, values) == sp.zeros(width)
    sizes[eta] = sp.Rational(2, 5)
    T, J_, G_ = values[Theta], values[J], values[Ghat]
    step = (sp.eye(shape[0] + shape[1]) - sizes[eta] * G_) * T
    drift = evaluate(gd.balancedness_descent(), sizes, values)
    assert drift == step.T * J_ * step - T.T * J_ * T
    assert drift != sp.zeros(width)
    assert drift == sizes[eta] ** 2 * T.T * G_ * J_ * G_ * T


def test_reflection_and_signed_gradient_blocks():
    sizes, values = network((3, 2, 4))
    assert evaluate(gd.reflection_blocks(), sizes, values) == values[J]
    assert evaluate(gd.signed_gradient_blocks(), sizes, values) == values[Ghat]
    assert evaluate(gd.stacked_factor(), sizes, values) == values[Theta]
    assert values[Ghat] * values[J] == -values[J] * values[Ghat]


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 3), (3, 2), (2, 2)])
def test_ntk_norm_holds_for_every_small_shape(rows, columns):
    step = gd.ntk_norm(rows, columns)
    assert step.mark == "checked"
    assert f"(d_out, d_in) = ({rows}, {columns})" in step.text


@pytest.mark.parametrize("shape", SHAPES)
def test_the_printed_ntk_norm_is_that_of_the_operator(shape):
    sizes, values = network(shape)
    inputs, outputs, _ = shape
    first, second = values[C1], values[C2]
    entries = 0
    for i, j in itertools.product(range(outputs), range(inputs)):
        unit = sp.Matrix(outputs, inputs, lambda a, b, i=i, j=j: int((a, b) == (i, j)))
        entries += sum(x**2 for x in unit * first + second * unit)
    numbers = {
        norm2(C1): sum(x**2 for x in first),
        norm2(C2): sum(x**2 for x in second),
        sp.Trace(C1): first.trace(),
        sp.Trace(C2): second.trace(),
    }
    assert gd.ntk_norm().formula.rhs.xreplace(numbers).subs(sizes) == entries


def test_any_factor_of_one_gram_matrix_trains_identically():
    """Two networks of widths 4 and 2, one Gram matrix: a flow integrated to 15 digits agrees."""
    with mp.workdps(20):
        wide = mp.matrix([["0.3", "-0.7", "0.4", "0.6"], ["0.5", "0.2", "-0.3", "0.8"]])
        gram = wide * wide.T
        narrow = mp.cholesky(gram)
        curves = []
        for factor in (wide, narrow):
            width = factor.cols

            def rate(_, flat, width=width):
                u, v = flat[:width], flat[width:]
                a = mp.fdot(u, v)
                g = a**3 - 2
                return [-g * x for x in v] + [-g * x for x in u]

            start = [factor[i, j] for i in range(2) for j in range(width)]
            end = mp.odefun(rate, 0, start)(mp.mpf("0.4"))
            curves.append(mp.fdot(end[:width], end[width:]))
        # odefun works to the working precision of 20 digits, less a few
        assert abs(curves[0] - curves[1]) < mp.mpf(10) ** -15
        assert abs(curves[0] - mp.fdot(wide[0, :], wide[1, :])) > mp.mpf("0.1")


def test_the_flow_of_the_gram_matrix_has_no_weights_in_it():
    for rate in gd.gram_blocks_flow().values():
        assert rate.atoms(sp.MatrixSymbol) <= {A, C1, C2, G}
        assert normal_form(rate) == rate
