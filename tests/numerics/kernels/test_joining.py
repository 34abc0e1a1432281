"""A loop and its arithmetic become one module, or one clear error."""

import ast
import inspect

import pytest

from numerics.kernels import joining
from numerics.kernels.cache import fingerprint
from numerics.kernels.loops import arithmetic
from theory.functions.activations import activation, softplus
from theory.functions.margin_losses import softplus_hinge
from theory.kernels.error_grid import grid_module
from theory.kernels.mode_recursion import second_order_module, stopping_module
from theory.kernels.network_functions import activation_module, frozen_flow_module
from theory.kernels.root_correction import root_module

OWN = activation("a*b*preactivation", parameters={"a": 1.0, "b": 2.0})
JOINED = [
    ("error_grid", grid_module("sequential")),
    ("error_grid", grid_module("simultaneous")),
    ("mode_recursion", second_order_module("sequential")),
    ("mode_recursion", second_order_module("simultaneous")),
    ("stopping", stopping_module()),
    ("activation", activation_module(softplus())),
    ("activation", activation_module(OWN)),
    ("frozen_flow", frozen_flow_module(softplus_hinge())),
    ("root_correction", root_module()),
]

DECLARED = {
    name: x for name, x in vars(arithmetic).items() if inspect.isfunction(x) and name[0] != "_"
}


def joined(kernel, loops):
    return joining.joined_text(kernel.source, kernel.functions, loops)


@pytest.mark.parametrize(("loops", "kernel"), JOINED)
def test_the_arithmetic_takes_the_place_of_the_import(loops, kernel):
    text = joined(kernel, loops)
    tree = ast.parse(text)
    modules = {x.module for x in ast.walk(tree) if isinstance(x, ast.ImportFrom)}
    assert joining.MARK not in modules
    names = [x.name for x in tree.body if isinstance(x, ast.FunctionDef | ast.ClassDef)]
    assert len(set(names)) == len(names)
    own = [
        x.name
        for x in ast.parse((joining.LOOPS / f"{loops}.py").read_text()).body
        if isinstance(x, ast.FunctionDef)
    ]
    assert {*kernel.functions, *own} <= set(names)


@pytest.mark.parametrize(("loops", "kernel"), JOINED)
def test_printed_functions_have_the_arguments_that_loops_pass(loops, kernel):
    printed = {x.name: x for x in ast.parse(kernel.source).body if isinstance(x, ast.FunctionDef)}
    for name in kernel.functions:
        declared = inspect.signature(getattr(arithmetic, name)).parameters.values()
        found = [x.arg for x in printed[name].args.args]
        fixed = [x.name for x in declared if x.kind is not inspect.Parameter.VAR_POSITIONAL]
        assert len(found) == len(fixed) or len(fixed) < len(declared)
        # A symbol may be printed under another name; what both name stands in one order.
        assert [x for x in found if x in fixed] == [x for x in fixed if x in found]


def test_every_loop_and_every_declared_function_is_used():
    files = {x.stem for x in joining.LOOPS.glob("*.py")} - {"__init__", "arithmetic"}
    assert files == {loops for loops, _ in JOINED}
    assert set(DECLARED) == {name for _, kernel in JOINED for name in kernel.functions}


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_declared_function_refuses(name):
    function = DECLARED[name]
    parameters = inspect.signature(function).parameters.values()
    count = sum(x.kind is not inspect.Parameter.VAR_POSITIONAL for x in parameters)
    with pytest.raises(RuntimeError, match=f"{name} must be joined with its loop"):
        function(*[1.0] * count)


IMPORT = f"from {joining.MARK} import half"
ARITHMETIC = "def half(x):\n    return x / 2\n"


@pytest.mark.parametrize(
    ("text", "functions", "message"),
    [
        ("x = 1\n", ("half",), "must have one import from .*, got 0"),
        (f"{IMPORT}\n{IMPORT}\n", ("half",), "must have one import from .*, got 2"),
        (f"if True:\n    {IMPORT}\n", ("half",), "must have one import from .*, got 0"),
        (f"{IMPORT}, third\n", ("half",), r"\['half'\], got \['half', 'third'\]"),
        (f"{IMPORT}\n", ("half", "third"), r"\['half', 'third'\], got \['half'\]"),
        (f"{IMPORT} as most\n", ("half",), r"must import by name .* got \['half'\]"),
        (f"{IMPORT}, third\n", ("half", "third"), "must import by name what its arithmetic"),
        (f"{IMPORT}\ndef half(x):\n    return x\n", ("half",), r"must not define .* \['half'\]"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(tmp_path, monkeypatch, text, functions, message):
    monkeypatch.setattr(joining, "LOOPS", tmp_path)
    (tmp_path / "demo.py").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        joining.joined_text(ARITHMETIC, functions, "demo")
    assert "\n" not in str(caught.value)


def test_an_edit_in_the_loop_or_in_the_arithmetic_is_in_the_text(tmp_path, monkeypatch):
    monkeypatch.setattr(joining, "LOOPS", tmp_path)
    path = tmp_path / "demo.py"
    path.write_text(f'"""Demo."""\n{IMPORT}\n\n\ndef quarter(x):\n    return half(half(x))\n')
    text = joining.joined_text(ARITHMETIC, ("half",), "demo")
    scope = {}
    exec(text, scope)
    assert scope["quarter"](8.0) == 2.0
    assert joining.joined_text(ARITHMETIC.replace("2", "3"), ("half",), "demo") != text
    path.write_text(path.read_text().replace("half(half(x))", "half(x)"))
    assert joining.joined_text(ARITHMETIC, ("half",), "demo") != text


@pytest.mark.parametrize(("loops", "kernel"), JOINED)
def test_the_fingerprint_sees_every_loop(tmp_path, monkeypatch, loops, kernel):
    before = fingerprint(kernel, loops)
    text = (joining.LOOPS / f"{loops}.py").read_text()
    monkeypatch.setattr(joining, "LOOPS", tmp_path)
    (tmp_path / f"{loops}.py").write_text(text)
    assert fingerprint(kernel, loops) == before
    (tmp_path / f"{loops}.py").write_text(text + "# more\n")
    assert fingerprint(kernel, loops) != before
