"""Everything that reads text or files, with valid inputs of each and what it promises of them."""

import io
import itertools
import pickle
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import attrs
import numpy as np
import sympy as sp

import numerics
import theory
from numerics.crossover.data import load_data
from numerics.images.file_formats import read_cifar_binary, read_cifar_python, read_idx
from numerics.phase_diagram.stopping import StoppingRule
from numerics.sweeps.cell_store import MANIFEST, CellStore
from theory.functions.grammar import parse_formula
from verify.claims.registry import claims_from
from verify.cli.commands.advise import read_singular_values

__all__ = ["PARSERS", "file_in"]


@dataclass(frozen=True)
class Parser:
    """Something that reads text or a file.

    Attributes
    ----------
    read : callable
        Given the bytes and an empty folder, reads them and returns whether the result is sound.
    seeds : callable
        Returns valid inputs as bytes.
    tokens : tuple of bytes
        Pieces of the format.
    named : tuple of str
        What a message must mention one of.
    """

    read: Callable
    seeds: Callable
    tokens: tuple
    named: tuple


def _text(data):
    return data.decode("utf-8", "surrogateescape")


def file_in(data, folder, name):
    path = Path(folder, name)
    path.write_bytes(data)
    return path


_X = {"x": sp.Symbol("x", real=True), "y": sp.Symbol("y", real=True)}


def _formula(data, folder):
    found = parse_formula(_text(data), _X)
    return isinstance(found, sp.Expr) and found.free_symbols <= {*_X.values()}


def _function(make, names):
    def read(data, folder):
        made = make(_text(data))
        return {x.name for x in made.expression.free_symbols} <= {*names}

    return read


def _is_pool(pool):
    return pool.images.dtype == np.uint8 and len(pool.images) == len(pool.classes) > 0


def _idx(data, folder):
    # One input holds both files: the labels stay whole where the first byte is even.
    first, content = data[:1], data[1:]
    labels = _labels() if first and first[0] % 2 == 0 else content
    files = file_in(content, folder, "data-images"), file_in(labels, folder, "data-labels")
    return _is_pool(read_idx(files))


def _labels():
    return bytes([0, 0, 8, 1, 0, 0, 0, 2, 3, 4])


def _idx_seeds():
    images = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 9, 8, 7, 6])
    zipped = zlib.compressobj(9, zlib.DEFLATED, 31)
    return [b"\0" + images, b"\0" + zipped.compress(images) + zipped.flush(), b"\1" + _labels()]


def _cifar_batch(labels, **extra):
    pixels = np.zeros((len(labels), 3072), dtype=np.uint8)
    return [
        pickle.dumps({b"data": pixels, b"labels": labels, **extra}, protocol=protocol)
        for protocol in (3, 4)
    ]


def _round_trip(plan):
    return type(plan).from_json(plan.to_json()) == plan


def _small_plan():
    return numerics.SweepPlan(gamma_sigma2="-2:-1:3", gamma_w=1.5, d=8, rank=2)


@cache
def _stored():
    """Return a stored shard, as of a cell that failed, and the manifest: names with contents."""
    plan = _small_plan()
    with tempfile.TemporaryDirectory() as folder, CellStore(folder, plan) as store:
        shapes = {name: (1, *plan.tail_shape(name)) for name in plan.variables}
        shard = store.add([0], {x: np.full(shapes[x], y.fill) for x, y in plan.variables.items()})
        return {x.name: x.read_bytes() for x in (shard, Path(folder, MANIFEST))}


def _stored_as(which):
    return [[*_stored().values()][which]]


def _store(which):
    def read(data, folder):
        for number, (name, content) in enumerate(_stored().items()):
            file_in(data if number == which else content, folder, name)
        with CellStore(folder, _small_plan(), resume=True) as store:
            return len(store) + len(store.dropped) == 1

    return read


def _plan_of_toml(kind):
    return lambda data, folder: _round_trip(kind.from_toml(file_in(data, folder, "data.toml")))


def _arrays(data, folder):
    file_in(data, folder, "data.npz")
    found = load_data.__wrapped__("file:data.npz", folder, 2, 1, 0)
    rows = len(found.X_train), len(found.y_train), len(found.X_test), len(found.y_test)
    return rows == (2, 2, 1, 1) and {*np.abs(found.y_train)} == {1}


def _arrays_seeds():
    arrays = {"X_train": np.ones((3, 4)), "y_train": np.array([1, -1, 1])}
    arrays |= {"X_test": np.ones((1, 4)), "y_test": np.ones(1), "shape": np.array([2, 2])}
    files = [arrays, arrays | {"X_test": np.ones((1, 3))}, arrays | {"y_train": np.array(1.0)}]
    files += [arrays | {"shape": np.array(4)}, arrays | {"shape": np.array(["a"])}]
    return [_saved(np.savez, **x) for x in files]


def _saved(save, *values, **arrays):
    stream = io.BytesIO()
    save(stream, *values, **arrays)
    return stream.getvalue()


def _values(suffix):
    def read(data, folder):
        values = read_singular_values(str(file_in(data, folder, f"data{suffix}")))
        return values.ndim == 1 and values.dtype == float

    return read


def _axis(parse, **options):
    def read(data, folder):
        axis = parse("gamma", _text(data), **options)
        return len(axis) > 0 and all(x < y for x, y in itertools.pairwise(axis))

    return read


def _claims(data, folder):
    # A file of claims is a program: what is tried is what a user may have left in one.
    lines = [_CLAIM_FILES[x % len(_CLAIM_FILES)] for x in data[:3]]
    return len(claims_from(file_in("\n".join(lines).encode(), folder, "data.py"))) > 0


_CLAIM_FILES = (
    *("CLAIMS = []", "CLAIMS = [1]", "CLAIMS = None", "CLAIMS = 'abc'", "claims = []"),
    *("this is no Python", "def f(:", "\0", "", "# -*- coding: abc -*-", "\t1", "'open"),
    *("import no_such_module", "from numerics import no_such_name", "1 / 0", "no_such_name"),
    *("raise SystemExit(3)", "raise ValueError('a\\nb')", "assert False", "().x", "{}[1]"),
    "from verify.claims.registry import all_claims; CLAIMS = [*all_claims().values()][:2]",
    "CLAIMS = [CLAIMS[0], CLAIMS[0]]",
)

_FORMULA = (
    *(b"(", b")", b"+", b"-", b"*", b"/", b"**", b",", b"<", b">=", b"==", b" if ", b"x", b"y"),
    *(b"1e99", b"1e-300", b"1e400", b"0", b"99", b"9**9**9", b"pi", b"I", b"oo", b"nan", b"True"),
    *(b"exp(", b"log(", b"sqrt(", b"tan(", b"Max(", b"Min(", b"sign(", b"erf(", b"asin("),
    *(b"Piecewise((", b"lambda:", b"__import__('os')", b"[", b"{", b"'", b"\n", b";", b"x.y"),
    *(b"1j", b"0x10", b"1_0", b"...", b"None", b"x!", b"factorial(", b"\xc2\xb2", b"f'{x}'"),
)
_NUMBERS = (
    *(b"nan", b"inf", b"-inf", b"1e400", b"1e308", b"-1", b"0", b"10000000000", b"1.5", b"0x1"),
    *(b"1_0", b"\xef\xbb\xbf", b"\r", b"\n\n", b"#", b"1j", b"True", b":", b",", b"99" * 3000),
)
_JSON = (b"[", b"]", b"{", b"}", b"null", b"true", b"NaN", b"1e999", b'""', b'"', b"[" * 999)
_BYTES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f", b"\x80", b"\1", b"\0\0\b\1", b"\x1f\x8b")
_TOML = (*_NUMBERS, *_JSON, b" = ", b"[stopping]\n", b"a.b = 1\n", b"2020-01-01", b"'", b'"""')
_NPY = (*_BYTES, b"'descr': '<f8'", b"'|O'", b"'<U3'", b"'<c16'", b"(2,", b"True", b"\x93NUMPY")
_PICKLE = (*_BYTES, b"cos\nsystem\n", b".", b"}", b"]", b"N", b"I1\n", b"(", b"R", b"b", b"h\0")

_SETTINGS = [
    x.name
    for kind in (numerics.SweepPlan, numerics.CrossoverSweep, numerics.StepRule, StoppingRule)
    for x in attrs.fields(kind)
]

PARSERS = {
    "formula": Parser(
        _formula,
        lambda: [b"log(1 + exp(-x))/2", b"Piecewise((x**2/2, x < 1), (x - 1/2, True))", b"x*y"],
        _FORMULA,
        ("it", "exponents", "numbers", "condition", "Piecewise", "takes"),
    ),
    "loss": Parser(
        _function(theory.loss, ("prediction", "target")),
        lambda: [b"(prediction - target)**2/2", b"log(cosh(prediction - target))"],
        (*_FORMULA, b"prediction", b"target"),
        ("loss",),
    ),
    "activation": Parser(
        _function(theory.activation, ("preactivation",)),
        lambda: [b"tanh(preactivation)", b"Max(preactivation, 0)", b"log(1 + exp(preactivation))"],
        (*_FORMULA, b"preactivation"),
        ("activation",),
    ),
    "margin_loss": Parser(
        _function(theory.margin_loss, ("margin",)),
        lambda: [b"exp(-margin)", b"Max(0, 1 - margin)**2"],
        (*_FORMULA, b"margin"),
        ("loss",),
    ),
    "idx": Parser(_idx, _idx_seeds, _BYTES, ("data-images", "data-labels")),
    "cifar_binary": Parser(
        lambda data, folder: _is_pool(read_cifar_binary([file_in(data, folder, "data.bin")])),
        lambda: [bytes(3073), bytes([9]) + bytes(3072 + 3073)],
        (*_BYTES, bytes(3073), b"\n" + bytes(3072)),
        ("data.bin",),
    ),
    "cifar_python": Parser(
        lambda data, folder: _is_pool(read_cifar_python([file_in(data, folder, "data_batch")])),
        lambda: [*_cifar_batch([1]), *_cifar_batch([10]), *_cifar_batch([True, 2**70])],
        _PICKLE,
        ("data_batch",),
    ),
    "sweep_toml": Parser(
        _plan_of_toml(numerics.SweepPlan),
        lambda: [
            b'gamma_sigma2 = "-2:-1:3"\ngamma_w = [1.0, 2.0]\nd = 30\nrank = 2\nseed = 3\n',
            b'dynamics = ["gradient_descent"]\nupdate = "sequential"\ncurves = true\n',
            b"[stopping]\ntrain_error = 1e-3\n",
        ],
        _TOML,
        (*("data.toml", "sweep", "stopping"), *_SETTINGS),
    ),
    "crossover_toml": Parser(
        _plan_of_toml(numerics.CrossoverSweep),
        lambda: [
            b'depth = [1, 2]\nwidth = "16,32"\nscaled_alpha = "1e-2:1e2:3"\nseeds = 2\n',
            b'activation = "relu"\nloss = "log(1 + exp(-margin))"\ndata = "digits"\nn_train = 10\n',
            b'[rule]\nmethod = "euler"\noutput_change = 0.1\n',
        ],
        _TOML,
        (*("data.toml", "sweep", "rule"), *_SETTINGS),
    ),
    "sweep_json": Parser(
        lambda data, folder: _round_trip(numerics.DeclaredSweep.from_json(_text(data))),
        lambda: [
            numerics.SweepPlan().to_json().encode(),
            numerics.CrossoverSweep().to_json().encode(),
            *(
                b'{"kind": "%b"}' % x
                for x in (b"no_such_module:X", b"os:path", b"a.b:c", b":", b".:")
            ),
        ],
        (*_TOML, b'"kind": "no_such_module:X"', b'"kind": "os:path"', b'"kind": ":"'),
        (*("text", "kind", "sweep", "stopping", "rule"), *_SETTINGS),
    ),
    "manifest": Parser(_store(1), lambda: _stored_as(1), _JSON, (MANIFEST, "holds another sweep")),
    "shard": Parser(_store(0), lambda: _stored_as(0), _NPY, ("cells-",)),
    "arrays": Parser(
        _arrays,
        _arrays_seeds,
        _NPY,
        ("data.npz", "X_train", "y_train", "X_test", "y_test", "shape", "n_train", "n_test"),
    ),
    "singular_text": Parser(
        _values(".txt"),
        lambda: [b"2.5\n1.5 # the second\n\n", b"3"],
        _NUMBERS,
        ("singular-values",),
    ),
    "singular_npy": Parser(
        _values(".npy"),
        lambda: [
            _saved(np.save, np.array(x)) for x in ([2.0, 1.0], [1, 2], ["a"], [1j], 3.0, [True])
        ],
        _NPY,
        ("singular-values", "data.npy"),
    ),
    "axis": Parser(_axis(numerics.parse_axis), lambda: [b"-2.5:1:8", b"1.5"], _NUMBERS, ("gamma",)),
    "geometric_axis": Parser(
        _axis(numerics.parse_axis, geometric=True), lambda: [b"1e-3:1e3:7"], _NUMBERS, ("gamma",)
    ),
    "counts": Parser(_axis(numerics.parse_counts), lambda: [b"1,2,3", b"64"], _NUMBERS, ("gamma",)),
    "claims": Parser(
        _claims, lambda: [bytes([x]) for x in range(len(_CLAIM_FILES))], (), ("data.py", "CLAIMS")
    ),
}
