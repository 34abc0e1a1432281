"""Every symbol once: theory makes its free symbols in one place, each under a name of its own."""

import ast
from pathlib import Path

import pytest
import sympy as sp

import theory
import theory.topics  # the topics import the symbols of every subject
from theory.symbols import table
from theory.symbols.table import TABLE

THEORY = Path(theory.__file__).parent
MAKERS = {"Symbol", "symbols", "MatrixSymbol", "Function", "Wild", "numbered_symbols", "var"}

#: Files that make symbols elsewhere than in theory/symbols, each with the reason.
EXCEPTIONS = {
    "functions/scalar_function.py": "parameters of a user's function have the user's names",
    "kernels/descent_loop.py": "names of variables in the text of a kernel",
    "kernels/emission.py": "names of variables in the text of a kernel",
    "kernels/error_grid.py": "names of variables in the text of a kernel",
    "kernels/gram_descent_loop.py": "names of variables in the text of a kernel",
    "kernels/network_functions.py": "names of variables in the text of a kernel",
}


def symbols_made(text: str) -> list[str]:
    """Return the calls in a module that make free symbols.

    A Dummy inside of a function equals nothing else; outside of functions it is a free symbol.
    """
    tree = ast.parse(text)
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in MAKERS or (name == "Dummy" and id(node) not in inside):
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def modules():
    files = {path.relative_to(THEORY).as_posix(): path for path in THEORY.rglob("*.py")}
    return {name: path for name, path in files.items() if not name.startswith("symbols/")}


@pytest.mark.parametrize("name", modules())
def test_no_module_makes_a_symbol_of_its_own(name):
    made = symbols_made(modules()[name].read_text(encoding="utf-8"))
    if name in EXCEPTIONS:
        assert made, f"{name} makes no symbol any more: {EXCEPTIONS[name]}"
    else:
        assert not made


def test_exceptions_are_files():
    assert set(EXCEPTIONS) <= set(modules())


@pytest.mark.parametrize(
    "text",
    [
        'x = sp.Symbol("x")',
        'x, y = symbols("x y", real=True)',
        'def f():\n    return sp.MatrixSymbol("A", 2, 2)',
        'f = sp.Function("f")',
        'x = sp.Dummy("x")',
    ],
)
def test_a_planted_symbol_is_found(text):
    assert symbols_made(text)


def test_a_dummy_of_a_function_is_its_own():
    assert not symbols_made('def f():\n    return sp.Dummy("x")')


def test_a_name_is_entered_once():
    with pytest.raises(ValueError, match="entered once, got 'd_in' again: input dimension"):
        table.symbol("d_in", "something else")


def test_a_symbol_made_by_spelling_is_another_one():
    assert sp.Symbol("gamma_sigma2") != TABLE["gamma_sigma2"].symbol


def test_every_entry_is_complete():
    assert len(TABLE) > 150
    for name, entry in TABLE.items():
        shown = entry.symbol.__name__ if isinstance(entry.symbol, type) else entry.symbol.name
        assert shown == name
        assert entry.meaning and entry.unit and entry.latex, name
