"""Values that a user may pass by mistake, by name; each is made anew for every call.

The second table turns a valid value into one that is nearly right: an array with a NaN in it, a
dataset without a variable, a list with a foreign entry.
"""

import collections
import copy
import datetime
import decimal
import fractions
import pathlib

import numpy as np
import sympy as sp
import xarray as xr
from valid_objects import advice, claim, crossover_data, figure1_data, run_of, state, task

__all__ = ["BAD", "NEARLY_RIGHT", "bad_value", "names_of"]


class ManyLines:
    """An object whose repr has several lines, as that of a dataset or a matrix."""

    def __repr__(self):
        return "first line\nsecond line"


class Raises:
    """An object that answers questions with errors."""

    def __len__(self):
        raise RuntimeError("no length")

    def __iter__(self):
        raise RuntimeError("no iteration")

    def __array__(self, *args, **options):
        raise RuntimeError("no array")


class LooksLikeAnArray:
    """An object with a shape and nothing behind it."""

    shape, ndim, dtype, size = (2, 2), 2, np.dtype(float), 4


def _recursive():
    values = []
    values.append(values)
    return values


def _deep(levels=80):
    value = 1.0
    for _ in range(levels):
        value = [value]
    return value


def _masked():
    return np.ma.masked_array(np.eye(3), mask=np.eye(3, dtype=bool))


#: By name; what is read only is shared, the rest is made anew.
BAD = {
    # Numbers.
    "None": lambda: None,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "-1": lambda: -1,
    "-0.5": lambda: -0.5,
    "0": lambda: 0,
    "0.5": lambda: 0.5,
    "2**70": lambda: 2**70,
    "-2**70": lambda: -(2**70),
    "10**400": lambda: 10**400,
    "1e308": lambda: 1e308,
    "-1e308": lambda: -1e308,
    "5e-324": lambda: 5e-324,
    "True": lambda: True,
    "False": lambda: False,
    "np.True_": lambda: np.True_,
    "complex": lambda: 1 + 1j,
    "np.complex128": lambda: np.complex128(2),
    "np.float32 nan": lambda: np.float32("nan"),
    "np.float64 inf": lambda: np.float64("inf"),
    "long double": lambda: np.longdouble("1e400"),
    "Decimal": lambda: decimal.Decimal("1.5"),
    "Decimal nan": lambda: decimal.Decimal("nan"),
    "Fraction": lambda: fractions.Fraction(1, 3),
    "datetime64": lambda: np.datetime64("2020-01-01"),
    "timedelta": lambda: datetime.timedelta(1),
    "0-d nan": lambda: np.array(np.nan),
    "0-d object": lambda: np.array(None),
    # Text.
    "empty text": lambda: "",
    "abc": lambda: "abc",
    "'3'": lambda: "3",
    "'nan'": lambda: "nan",
    "bytes": lambda: b"3",
    "bytearray": lambda: bytearray(b"abc"),
    "two lines": lambda: "a\nb",
    "null byte": lambda: "a\0b",
    "surrogate": lambda: "\udcff",
    "long text": lambda: "x" * 5000,
    "code": lambda: "__import__('os').getcwd()",
    "bracket": lambda: "((((",
    "no such path": lambda: "no/such/path",
    "no such Path": lambda: pathlib.Path("no/such/path"),
    "np.str_": lambda: np.str_("abc"),
    # Containers.
    "()": lambda: (),
    "[]": lambda: [],
    "{}": lambda: {},
    "dict": lambda: {"a": 1},
    "dict of None": lambda: {None: None},
    "set": lambda: {1, 2},
    "[None]": lambda: [None],
    "['a']": lambda: ["a"],
    "['1', '2']": lambda: ["1", "2"],
    "[nan]": lambda: [float("nan")],
    "[inf, 1.0]": lambda: [float("inf"), 1.0],
    "[True, False]": lambda: [True, False],
    "[1, None]": lambda: [1, None],
    "[2**70]": lambda: [2**70],
    "[object]": lambda: [object()],
    "(-1, -2)": lambda: (-1, -2),
    "(2.0, 1.0)": lambda: (2.0, 1.0),
    "(1.0, 1.0)": lambda: (1.0, 1.0),
    "(1, 2, 3, 4)": lambda: (1, 2, 3, 4),
    "ragged": lambda: [[1.0, 2.0], [3.0]],
    "nested": lambda: [[[1.0]]],
    "deep": _deep,
    "recursive": _recursive,
    "range(0)": lambda: range(0),
    "generator": lambda: (x for x in (1.0, 2.0)),
    "iterator": lambda: iter([1, 2]),
    "deque": lambda: collections.deque([1.0]),
    # Arrays.
    "0 x 0": lambda: np.zeros((0, 0)),
    "0 x 3": lambda: np.zeros((0, 3)),
    "no entries": lambda: np.zeros(0),
    "vector": lambda: np.arange(1.0, 8.0),
    "vector of -1": lambda: -np.ones(6),
    "vector of nan": lambda: np.full(6, np.nan),
    "vector of text": lambda: np.array(["a", "b"]),
    "7 x 5": lambda: np.ones((7, 5)),
    "three axes": lambda: np.ones((2, 3, 4)),
    "zeros": lambda: np.zeros((6, 6)),
    "matrix of nan": lambda: np.full((6, 6), np.nan),
    "matrix of inf": lambda: np.full((6, 6), np.inf),
    "1e200 I": lambda: 1e200 * np.eye(6),
    "1e308 everywhere": lambda: np.full((6, 6), 1e308),
    "5e-324 I": lambda: 5e-324 * np.eye(6),
    "complex matrix": lambda: np.eye(6) * 1j,
    "bool matrix": lambda: np.eye(6, dtype=bool),
    "object matrix": lambda: np.eye(6).astype(object),
    "text matrix": lambda: np.eye(6).astype(str),
    "masked": _masked,
    "structured": lambda: np.zeros(3, dtype=[("a", "f8")]),
    "datetimes": lambda: np.zeros(3, dtype="M8[s]"),
    "long doubles": lambda: np.full((6, 6), np.longdouble("1e400")),
    "looks like an array": LooksLikeAnArray,
    # Objects of others, and of ours where they do not belong.
    "object": object,
    "many lines": ManyLines,
    "raises": Raises,
    "function": lambda: lambda *args, **options: None,
    "class": lambda: int,
    "module": lambda: np,
    "exception": lambda: ValueError("an error"),
    "Ellipsis": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    "sympy symbol": lambda: sp.Symbol("x"),
    "sympy integer": lambda: sp.Integer(3),
    "sympy nan": lambda: sp.nan,
    "sympy oo": lambda: sp.oo,
    "sympy I": lambda: sp.I,
    "sympy matrix": lambda: sp.eye(2),
    "generator of numbers": lambda: np.random.default_rng(0),
    "DataFrame": lambda: xr.Dataset({"a": ("x", [1.0, 2.0])}).to_dataframe(),
    "empty dataset": xr.Dataset,
    "foreign dataset": lambda: xr.Dataset({"a": ("x", [1.0])}, attrs={"kind": "mine"}),
    "DataArray": lambda: xr.DataArray([1.0, 2.0], dims="x"),
    "task": task,
    "state": state,
    "claim": claim,
    "run": run_of,
    "advice": advice,
    "figure1": figure1_data,
    "crossover sweep": crossover_data,
}


def _with(value, fill):
    array = np.array(value, dtype=float)
    array.flat[0] = fill
    return array


def _is_array(value):
    return isinstance(value, np.ndarray) and value.ndim > 0


def _is_dataset(value):
    return isinstance(value, xr.Dataset)


def _is_sequence(value):
    return isinstance(value, list | tuple) and len(value) > 0


#: What a valid value must be, and what becomes of it.
NEARLY_RIGHT = {
    "with a nan": (_is_array, lambda x: _with(x, np.nan)),
    "with an inf": (_is_array, lambda x: _with(x, np.inf)),
    "with a 1e308": (_is_array, lambda x: _with(x, 1e308)),
    "transposed": (
        lambda x: _is_array(x) and x.ndim == 2 and x.shape[0] != x.shape[1],
        np.transpose,
    ),
    "a row less": (_is_array, lambda x: x[:-1]),
    "an axis more": (_is_array, lambda x: x[None]),
    "as objects": (_is_array, lambda x: x.astype(object)),
    "as complex": (_is_array, lambda x: x.astype(complex)),
    "as text": (_is_array, lambda x: x.astype(str)),
    "as booleans": (_is_array, lambda x: x.astype(bool)),
    "half masked": (_is_array, lambda x: np.ma.masked_less(x, float(np.median(x)) + 1e-9)),
    "as a generator": (_is_array, lambda x: (row for row in x)),
    "without its first variable": (_is_dataset, lambda x: x.drop_vars(next(iter(x.data_vars)))),
    "without its last variable": (_is_dataset, lambda x: x.drop_vars(list(x.data_vars)[-1])),
    "without settings": (_is_dataset, lambda x: x.drop_attrs()),
    "without all settings but its kind": (
        _is_dataset,
        lambda x: x.drop_attrs().assign_attrs(kind=x.attrs.get("kind", "")),
    ),
    "without values": (_is_dataset, lambda x: x.isel({next(iter(x.sizes)): slice(0, 0)})),
    "without a dimension": (_is_dataset, lambda x: x.isel({next(iter(x.sizes)): 0})),
    "renamed": (_is_dataset, lambda x: x.rename({next(iter(x.sizes)): "other"})),
    "with None in it": (_is_sequence, lambda x: type(x)([*x, None])),
    "with text in it": (_is_sequence, lambda x: type(x)([*x, "abc"])),
    "with an array in it": (_is_sequence, lambda x: type(x)([*x, np.eye(3)])),
    "one less": (_is_sequence, lambda x: x[:-1]),
}


def names_of(valid):
    """Return the names of the bad values for an argument whose valid value this is."""
    return [*BAD, *(name for name, (fits, _) in NEARLY_RIGHT.items() if fits(valid))]


def bad_value(name, valid):
    """Return a bad value by its name."""
    return BAD[name]() if name in BAD else NEARLY_RIGHT[name][1](copy.copy(valid))
