"""Printed training loops, interpreted, against the same updates written in NumPy."""

import dataclasses
import math

import numpy as np
import pytest
import sympy as sp

from theory.functions.losses import PREDICTION, TARGET, Loss, huber, log_cosh, loss, squared
from theory.kernels import descent_loop as ds
from theory.kernels.descent_loop import DenseSystem, descent_system, frozen_system, training_module
from theory.symbols import C1, C2, W1, W2, A, G, eta

ROUNDING = 1e-13  # a few products of matrices of side 7 with entries of order 1
SHAPES = {"wide": (5, 3, 4), "tall": (2, 6, 4), "square": (4, 4, 4), "one column": (1, 3, 2)}
SLOPES = {
    "squared": (squared(), lambda r: (r**2 / 2, r)),
    "log_cosh": (log_cosh(), lambda r: (np.log(np.cosh(r)), np.tanh(r))),
    "huber": (
        huber(0.4),
        lambda r: (np.where(abs(r) <= 0.4, r**2 / 2, 0.4 * (abs(r) - 0.2)), np.clip(r, -0.4, 0.4)),
    ),
}


def functions(system, chosen, **options):
    """Interpret the printed module with NumPy in place of numba."""
    kernel = training_module(system, chosen, **options)
    scope = {"math": math, "np": np, "njit": lambda **_: lambda function: function}
    exec(kernel.body(*kernel.arguments), scope)
    assert set(kernel.functions) <= set(scope)
    return scope


class Problem:
    """Arrays of one run, and the same quantities written directly."""

    def __init__(self, shape, name="squared", masked=False, with_inputs=False, seed=0):
        d_in, d_out, width = shape
        rng = np.random.default_rng(seed)
        samples = 7 if with_inputs else d_in
        self.W1, self.W2 = rng.standard_normal((width, d_in)), rng.standard_normal((d_out, width))
        self.C1, self.C2 = rng.standard_normal((d_in, d_in)), rng.standard_normal((d_out, d_out))
        self.X = rng.standard_normal((d_in, samples)) if with_inputs else None
        self.Y, self.Z = rng.standard_normal((2, d_out, samples))
        self.mask = rng.random((d_out, samples)) < 0.6 if masked else None
        if masked:
            self.mask.flat[0] = True
        self.loss, self.pointwise = SLOPES[name]
        self.options = {"masked": masked, "with_inputs": with_inputs}

    def gradient(self, matrix):
        predictions = matrix if self.X is None else matrix @ self.X
        values, slopes = self.pointwise(predictions - self.Y)
        seen = np.ones_like(predictions, dtype=bool) if self.mask is None else self.mask
        errors = (
            values[seen].sum(),
            np.mean((predictions - self.Y)[seen] ** 2),
            np.mean((predictions - self.Z) ** 2),
        )
        slopes = np.where(seen, slopes, 0.0)
        return errors, slopes if self.X is None else slopes @ self.X.T

    def work(self, matrix):
        """A, P, R, G, inputs, target, noiseless, mask and parameters, as a run passes them."""
        G_ = np.full(matrix.shape, np.nan)
        P = matrix if self.X is None else np.full(self.Y.shape, np.nan)
        R = G_ if self.X is None else np.full(self.Y.shape, np.nan)
        inputs = np.empty((0, 0)) if self.X is None else self.X
        mask = np.empty((0, 0), bool) if self.mask is None else self.mask
        parameters = np.array(list(self.loss.parameters.values()))
        return [matrix, P, R, G_, inputs, self.Y, self.Z, mask, parameters]


CASES = [
    (shape, name, masked, with_inputs)
    for shape in SHAPES
    for name, masked, with_inputs in (
        ("squared", False, False),
        ("squared", True, True),
        ("log_cosh", True, False),
        ("huber", False, True),
        ("huber", True, False),
    )
]


@pytest.mark.parametrize(("shape", "name", "masked", "with_inputs"), CASES)
def test_evaluate_gives_errors_and_gradient(shape, name, masked, with_inputs):
    problem = Problem(SHAPES[shape], name, masked, with_inputs)
    expected_errors, expected_G = problem.gradient(problem.W2 @ problem.W1)
    work = problem.work(np.full((problem.W2.shape[0], problem.W1.shape[1]), np.nan))
    evaluate = functions(descent_system(), problem.loss, **problem.options)["evaluate"]
    errors = evaluate(problem.W1, problem.W2, *work)
    np.testing.assert_allclose(errors, expected_errors, rtol=ROUNDING)
    np.testing.assert_allclose(work[0], problem.W2 @ problem.W1, atol=ROUNDING)
    np.testing.assert_allclose(work[3], expected_G, atol=ROUNDING)


@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
@pytest.mark.parametrize(("shape", "name", "masked", "with_inputs"), CASES)
def test_advance_is_descent_of_both_layers(shape, name, masked, with_inputs, update):
    problem = Problem(SHAPES[shape], name, masked, with_inputs)
    first, second, rate, steps = problem.W1.copy(), problem.W2.copy(), 0.02, 3
    expected = []
    for _ in range(steps):
        _, G_ = problem.gradient(second @ first)
        new_first = first - rate * second.T @ G_
        second = second - rate * G_ @ (new_first if update == "sequential" else first).T
        first = new_first
        expected.append(problem.gradient(second @ first)[0])
    scope = functions(descent_system(update), problem.loss, **problem.options)
    moving = [problem.W1.copy(), problem.W2.copy()]
    work = problem.work(np.empty((second.shape[0], first.shape[1])))
    scope["evaluate"](*moving, *work)
    records = np.full((steps, 3), np.nan)
    assert scope["advance"](*moving, *work, rate, np.inf, records) == steps
    np.testing.assert_allclose(moving[0], first, atol=ROUNDING)
    np.testing.assert_allclose(moving[1], second, atol=ROUNDING)
    np.testing.assert_allclose(records, expected, rtol=ROUNDING)


@pytest.mark.parametrize(("shape", "name", "masked", "with_inputs"), CASES)
def test_lazy_training_moves_along_the_frozen_kernel(shape, name, masked, with_inputs):
    """C1 and C2 are not symmetric here, so that a transposed factor would show."""
    problem = Problem(SHAPES[shape], name, masked, with_inputs)
    matrix, rate = problem.W2 @ problem.W1, 0.03
    _, G_ = problem.gradient(matrix)
    expected_rate = -(problem.C2 @ G_ + G_ @ problem.C1)
    scope = functions(frozen_system(), problem.loss, **problem.options)
    own = matrix.copy()
    work = problem.work(own)[1:]
    out = np.empty_like(own)
    scope["rates"](own, *work, problem.C1, problem.C2, out)
    np.testing.assert_allclose(out, expected_rate, atol=ROUNDING)
    records = np.empty((1, 3))
    scope["advance"](own, *work, problem.C1, problem.C2, rate, np.inf, records)
    np.testing.assert_allclose(own, matrix + rate * expected_rate, atol=ROUNDING)
    np.testing.assert_allclose(records[0], problem.gradient(own)[0], rtol=ROUNDING)


@pytest.mark.parametrize("shape", SHAPES)
def test_rates_are_the_flow_of_the_layers(shape):
    problem = Problem(SHAPES[shape], "log_cosh", masked=True)
    errors, G_ = problem.gradient(problem.W2 @ problem.W1)
    outs = np.empty_like(problem.W1), np.empty_like(problem.W2)
    work = problem.work(np.empty((problem.W2.shape[0], problem.W1.shape[1])))
    scope = functions(descent_system(), problem.loss, masked=True)
    found = scope["rates"](problem.W1, problem.W2, *work, *outs)
    np.testing.assert_allclose(found, errors, rtol=ROUNDING)
    np.testing.assert_allclose(outs[0], -problem.W2.T @ G_, atol=ROUNDING)
    np.testing.assert_allclose(outs[1], -G_ @ problem.W1.T, atol=ROUNDING)


def test_hidden_entries_may_hold_anything():
    problem = Problem(SHAPES["wide"], "huber", masked=True)
    scope = functions(descent_system(), problem.loss, masked=True)
    results = []
    for filler in (0.0, 1e300, np.nan):
        problem.Y = np.where(problem.mask, problem.Y, filler)
        work = problem.work(np.empty((3, 5)))
        with np.errstate(over="ignore", invalid="ignore"):
            errors = scope["evaluate"](problem.W1, problem.W2, *work)
        results.append((errors, work[3].tolist()))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("with_inputs", [False, True])
def test_the_test_error_counts_what_has_a_noiseless_value(with_inputs):
    problem = Problem(SHAPES["wide"], "squared", masked=True, with_inputs=with_inputs)
    held = np.random.default_rng(5).random(problem.Z.shape) < 0.5
    predictions = problem.W2 @ problem.W1
    work = problem.work(np.empty_like(predictions))
    work[6] = np.where(held, problem.Z, np.nan)
    scope = functions(descent_system(), problem.loss, **problem.options, held_out=True)
    errors = scope["evaluate"](problem.W1, problem.W2, *work)
    predictions = predictions @ problem.X if with_inputs else predictions
    assert errors[2] == pytest.approx(np.mean((predictions - problem.Z)[held] ** 2), rel=ROUNDING)
    assert errors[:2] == pytest.approx(problem.gradient(problem.W2 @ problem.W1)[0][:2])


@pytest.mark.parametrize(("ceiling", "made"), [(np.inf, 5), (-1.0, 1), (np.nan, 1)])
def test_advance_stops_above_the_ceiling(ceiling, made):
    problem = Problem(SHAPES["square"])
    scope = functions(descent_system(), problem.loss)
    moving, work = [problem.W1, problem.W2], problem.work(np.empty((4, 4)))
    scope["evaluate"](*moving, *work)
    records = np.full((5, 3), np.nan)
    assert scope["advance"](*moving, *work, 1e-3, ceiling, records) == made
    assert np.isfinite(records[:made]).all()
    assert np.isnan(records[made:]).all()


def test_advance_stops_where_the_loss_is_not_a_number():
    problem = Problem(SHAPES["square"])
    scope = functions(descent_system(), problem.loss)
    moving, work = [problem.W1, problem.W2], problem.work(np.empty((4, 4)))
    scope["evaluate"](*moving, *work)
    records = np.empty((500, 3))
    with np.errstate(over="ignore", invalid="ignore"):
        made = scope["advance"](*moving, *work, 1e3, np.inf, records)
    assert made < 20
    assert not records[made - 1, 0] <= np.inf


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (A + eta * C2 * G * C1, r"must be a product of two matrices, got C2\*G\*C1"),
        (A + eta * G, "must be a product of two matrices, got G"),
        (A + eta * (C2 + C2.T) * G * C1, "must be a product of two matrices"),
        (A + eta * sp.Inverse(C2) * G, "must be a matrix or its transpose"),
    ],
)
def test_longer_products_are_refused_not_printed_wrongly(expression, message):
    system = DenseSystem("wrong", (A,), (C1, C2), A, (((A, expression),),))
    with pytest.raises(ValueError, match=message):
        training_module(system, squared()).source  # noqa: B018


def test_a_sum_in_a_product_is_multiplied_out():
    system = DenseSystem("sum", (A,), (C1, C2), A, (((A, A + eta * (C2 + C2.T) * G),),))
    problem = Problem(SHAPES["wide"])
    matrix = problem.W2 @ problem.W1
    work, own = problem.work(matrix.copy()), matrix.copy()
    work[0] = work[1] = own
    scope = functions(system, squared())
    scope["evaluate"](own, *work[1:])
    scope["advance"](own, *work[1:], problem.C1, problem.C2, 0.1, np.inf, np.empty((1, 3)))
    change = 0.1 * (problem.C2 + problem.C2.T) @ (matrix - problem.Y)
    np.testing.assert_allclose(own, matrix + change, atol=ROUNDING)


@pytest.mark.parametrize("name", ["i", "j", "P", "Y", "count", "seen", "lambda", "row_loss"])
def test_a_parameter_may_be_called_like_anything_in_the_loop(name):
    weight = sp.Symbol(name, positive=True)
    chosen = Loss("mine", weight * (PREDICTION - TARGET) ** 2, {name: 2.0})
    problem = Problem(SHAPES["wide"], masked=True)
    work = problem.work(np.empty((3, 5)))
    work[-1] = np.array([2.0])
    scope = functions(descent_system(), chosen, masked=True)
    errors = scope["evaluate"](problem.W1, problem.W2, *work)
    # four times the squared loss, which has a factor 1/2
    expected = 4 * problem.gradient(problem.W2 @ problem.W1)[0][0]
    np.testing.assert_allclose(errors[0], expected, rtol=ROUNDING)


def test_parameters_keep_their_order():
    text = "slow*(prediction - target)**2 + quick*(prediction - target)**4"
    orders = ({"slow": 2.0, "quick": 5.0}, {"quick": 5.0, "slow": 2.0})
    results = []
    for parameters in orders:
        problem = Problem(SHAPES["wide"])
        problem.loss = loss(text, parameters=parameters)
        work = problem.work(np.empty((3, 5)))
        scope = functions(descent_system(), problem.loss)
        results.append(scope["evaluate"](problem.W1, problem.W2, *work)[0])
    np.testing.assert_allclose(results[0], results[1], rtol=ROUNDING)


@pytest.mark.parametrize("name", ["a/b", "../up", 'quote"""', "line\nbreak", "x" * 500])
def test_the_name_of_a_loss_may_be_anything_a_file_may_not(name):
    kernel = training_module(descent_system(), loss("(prediction - target)**2", name=name))
    assert kernel.name.isidentifier()
    assert len(kernel.name) <= ds.MAX_NAME
    compile(kernel.source, "generated", "exec")


def test_the_fingerprint_changes_with_everything_that_matters():
    base = descent_system()
    frozen = frozen_system()
    kernels = [
        training_module(base, squared()),
        training_module(base, squared(), masked=True),
        training_module(base, squared(), with_inputs=True),
        training_module(base, log_cosh()),
        training_module(base, loss((PREDICTION - TARGET) ** 4)),
        training_module(descent_system("sequential"), squared()),
        training_module(dataclasses.replace(base, state=(W2, W1)), squared()),
        training_module(dataclasses.replace(base, rates=()), squared()),
        training_module(frozen, squared()),
        training_module(dataclasses.replace(frozen, constants=(C2, C1)), squared()),
    ]
    assert len({kernel.fingerprint for kernel in kernels}) == len(kernels)


@pytest.mark.parametrize("update", ["simultaneous", "sequential", "frozen"])
def test_a_system_may_be_named(update):
    given = frozen_system() if update == "frozen" else descent_system(update)
    named = training_module(update, squared())
    assert named.functions == training_module(given, squared()).functions
    assert named.source == training_module(given, squared()).source


def test_a_value_of_a_parameter_needs_no_new_kernel():
    first, second = (training_module(descent_system(), huber(x)) for x in (0.5, 2.0))
    assert (first.name, first.fingerprint) == (second.name, second.fingerprint)


def test_functions_of_a_module_are_those_it_names():
    assert training_module(descent_system(), squared()).functions == (
        "evaluate",
        "advance",
        "rates",
    )
    without = dataclasses.replace(descent_system(), rates=())
    assert training_module(without, squared()).functions == ("evaluate", "advance")


def test_the_systems_say_what_moves():
    assert descent_system().state == (W1, W2)
    assert descent_system().matrix == W2 * W1
    assert frozen_system().state == (A,)
    assert frozen_system().constants == (C1, C2)
    with pytest.raises(ValueError, match="update must be"):
        descent_system("neither")
