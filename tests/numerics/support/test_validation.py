"""The checks of arguments: what they accept, what they return, and every message."""

import fractions
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.support import validation as v
from numerics.support.errors import DivergedError, OutOfRangeError


@pytest.mark.parametrize("value", [3, 3.0, np.int32(3), np.float64(3), fractions.Fraction(3)])
def test_dimension_accepts_integral_numbers(value):
    result = v.check_dimension("d", value)
    assert result == 3
    assert type(result) is int


def test_dimension_keeps_integers_beyond_the_float_range():
    assert v.check_dimension("d", 2**62 + 1) == 2**62 + 1


def test_dimension_refuses_what_no_array_can_have():
    with pytest.raises(ValueError, match=f"^d must be at most {2**63 - 1}, got int$"):
        v.check_dimension("d", 10**400)


@pytest.mark.parametrize("value", [True, np.True_, "3", None, 3j, [3], np.array(3)])
def test_dimension_refuses_other_types(value):
    with pytest.raises(TypeError, match="^d must be an integer, got "):
        v.check_dimension("d", value)


@pytest.mark.parametrize("value", [0, -1, 2.5, 0.0, math.nan, math.inf, -math.inf])
def test_dimension_refuses_other_values(value):
    with pytest.raises(ValueError, match=rf"^d must be an integer >= 1, got {value}$"):
        v.check_dimension("d", value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_finite_returns_the_float_unchanged(value):
    result = v.check_finite("x", np.float64(value))
    assert type(result) is float
    assert result == value


@pytest.mark.parametrize("check", [v.check_finite, v.check_positive, v.check_nonnegative])
@pytest.mark.parametrize("value", [True, "1", None, 1j, np.array(1.0)])
def test_numbers_refuse_other_types(check, value):
    with pytest.raises(TypeError, match=f"^x must be a real number, got {type(value).__name__}$"):
        check("x", value)


@pytest.mark.parametrize("check", [v.check_finite, v.check_positive, v.check_nonnegative])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (10**400, "inf"),
        (-(10**400), "-inf"),
        (fractions.Fraction(10**400), "inf"),
    ],
)
def test_numbers_must_be_finite(check, value, shown):
    with pytest.raises(ValueError, match=f"^x must be finite, got {shown}$"):
        check("x", value)


def test_sign_rules():
    assert v.check_positive("x", 1) == 1.0
    assert v.check_nonnegative("x", 0) == 0.0
    with pytest.raises(ValueError, match=r"^x must be > 0, got 0\.0$"):
        v.check_positive("x", 0)
    with pytest.raises(ValueError, match=r"^x must be >= 0, got -1\.0$"):
        v.check_nonnegative("x", -1)


def test_width_may_be_fractional_but_not_below_one():
    assert v.check_width(7.25) == 7.25
    assert v.check_width(10**15) == 1e15
    with pytest.raises(ValueError, match=r"^width must be >= 1, got 0\.5$"):
        v.check_width(0.5)
    with pytest.raises(TypeError, match="^width must be a real number, got bool$"):
        v.check_width(True)


def test_rank():
    assert v.check_rank(4.0, 4, 9) == 4
    with pytest.raises(ValueError, match=r"^rank must be at most min\(d_in, d_out\) = 4, got 7$"):
        v.check_rank(7, 9, 4)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.float16, np.float32, np.longdouble])
def test_matrix_converts_real_dtypes(dtype):
    matrix = v.check_matrix("A", np.asfortranarray(np.arange(6).reshape(2, 3).astype(dtype)))
    assert matrix.dtype == np.float64
    assert matrix.flags.c_contiguous
    assert matrix.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_matrix_in_the_right_form_is_not_copied():
    matrix = np.eye(3)
    assert v.check_matrix("A", matrix) is matrix


@pytest.mark.parametrize(
    "value",
    [np.eye(2, dtype=complex), np.eye(2, dtype=object), np.eye(2, dtype=bool), [["a"]], None],
)
def test_matrix_refuses_other_dtypes(value):
    dtype = np.asarray(value).dtype
    with pytest.raises(TypeError, match=f"^A must be real, got dtype {dtype}$"):
        v.check_matrix("A", value)


def test_matrix_refuses_a_masked_array():
    with pytest.raises(TypeError, match="^A must be a plain array, got a masked array$"):
        v.check_matrix("A", np.ma.masked_equal(np.eye(2), 0))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1, 2], [3]], "A must be an array, got rows of unequal shape"),
        ([1, 2], "A must be 2-dimensional, got 1 dimensions"),
        (np.empty((0, 3)), "A must not be empty, got shape (0, 3)"),
        ([[1, math.nan], [math.inf, 0]], "A must be finite, got 2 entries that are not"),
        ([[np.longdouble("1e4000")]], "A must be finite, got 1 entries that are not"),
        ([[1, 2, 3]], "A must have shape (any, 2), got (1, 3)"),
    ],
)
def test_matrix_refuses_other_values(value, message):
    with pytest.raises(ValueError, match=".") as caught:
        v.check_matrix("A", value, (None, 2))
    assert str(caught.value) == message


def test_matrix_shape_with_and_without_a_wildcard():
    assert v.check_matrix("A", np.ones((2, 3)), (2, None)).shape == (2, 3)
    with pytest.raises(ValueError, match=r"^A must have shape \(3, 2\), got \(2, 3\)$"):
        v.check_matrix("A", np.ones((2, 3)), (3, 2))


def test_vector():
    assert v.check_vector("s", [1, 2]).dtype == np.float64
    with pytest.raises(ValueError, match="^s must be 1-dimensional, got 2 dimensions$"):
        v.check_vector("s", [[1, 2]])


@given(st.lists(st.floats(0, 1e300), min_size=1))
def test_times_accepts_exactly_the_nondecreasing_lists(values):
    if values == sorted(values):
        assert v.check_times("times", values).tolist() == values
    else:
        with pytest.raises(ValueError, match="^times must be nondecreasing, got "):
            v.check_times("times", values)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([0, 2, 1], "times must be nondecreasing, got 2.0 followed by 1.0"),
        ([-1, 0], "times must be >= 0, got -1.0"),
        ([0, math.inf], "times must be finite, got 1 entries that are not"),
        ([], "times must not be empty, got shape (0,)"),
        (1.0, "times must be 1-dimensional, got 0 dimensions"),
    ],
)
def test_times_messages(value, message):
    with pytest.raises(ValueError, match=".") as caught:
        v.check_times("times", value)
    assert str(caught.value) == message


def test_mask():
    mask = v.check_mask("mask", [[True, False]], (1, 2))
    assert mask.dtype == np.bool_
    with pytest.raises(TypeError, match="^mask must be boolean, got dtype int64$"):
        v.check_mask("mask", np.ones((1, 2), dtype=np.int64), (1, 2))
    with pytest.raises(ValueError, match=r"^mask must have shape \(2, 1\), got \(1, 2\)$"):
        v.check_mask("mask", mask, (2, 1))
    with pytest.raises(ValueError, match="^mask must have at least one true entry, got none$"):
        v.check_mask("mask", ~np.ones((1, 2), dtype=bool), (1, 2))


def test_choice():
    assert v.check_choice("update", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError, match="^update must be one of 'a', 'b', got 'c'$"):
        v.check_choice("update", "c", ("a", "b"))
    with pytest.raises(TypeError, match="^update must be a str, got int$"):
        v.check_choice("update", 1, ("a", "b"))


def test_rng():
    generator = np.random.default_rng(0)
    assert v.check_rng(generator) is generator
    assert v.check_rng(np.int64(4)).random() == np.random.default_rng(4).random()
    with pytest.raises(ValueError, match="^rng must be >= 0 as a seed, got -1$"):
        v.check_rng(-1)
    for value in (None, True, 1.0, np.random.RandomState(0)):
        with pytest.raises(TypeError, match="^rng must be a numpy Generator or an int, got "):
            v.check_rng(value)


def test_diverged_error_names_all_three_and_survives_pickling():
    error = pickle.loads(pickle.dumps(DivergedError(12, 0.25, 0.0625)))
    assert (error.iteration, error.learning_rate, error.stability_limit) == (12, 0.25, 0.0625)
    expected = "training diverged at iteration 12: learning rate 0.25, stability limit 0.0625"
    assert str(error) == expected
    assert isinstance(error, RuntimeError)


def test_out_of_range_error_is_a_value_error():
    assert issubclass(OutOfRangeError, ValueError)
