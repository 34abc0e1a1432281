"""The public names: each resolves, is documented, typed and shown by an example that runs."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import mixed_dynamics as md
import numerics
import theory
import verify

PACKAGES = (theory, numerics, verify)


def modules_of(package):
    """Return the public names of a package and the modules that define them, from its stub."""
    lines = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text()).body
    imports = [line for line in lines if isinstance(line, ast.ImportFrom)]
    pairs = [(name.asname, f"{package.__name__}.{x.module}") for x in imports for name in x.names]
    return {name: module for name, module in pairs if not name.startswith("_")}


MODULES = {(package, name): x for package in PACKAGES for name, x in modules_of(package).items()}
NAMES = list(MODULES)

#: More than three arguments by position, and why.
POSITIONAL = {"Derivation": "what derive returns", "FlowResult": "what train_network returns"}

#: Without an example, and why.
NO_EXAMPLE = {
    "ProofError": "no false identity is printed",
    "SweepError": "raised by a folder of another sweep",
    "MissingImagesError": "depends on what is installed",
    "FlowResult": "what train_network returns",
    "GramBlocks": "what ClosedForm.blocks returns",
    "ImageData": "what load_images returns",
    "Cell": "what prepare_cell returns",
    "CellPoint": "what a sweep runs",
    "DeclaredSweep": "examples/own_sweep.py declares one",
    "crossover_exponents": "needs a sweep of minutes; tests/verify/cli/test_crossover.py",
    "draw_shared_diagram": "needs a sweep of minutes; tests/verify/cli/test_crossover.py",
}


def is_shown(value):
    """Tell functions and classes, which have examples, from constants, which have none."""
    return inspect.isclass(value) or inspect.isroutine(inspect.unwrap(value))


def identity(item):
    package, name = item
    return f"{package.__name__}.{name}"


@pytest.fixture(scope="module")
def objects():
    """Return every public object, as it was before all submodules were imported."""
    found = {item: getattr(*item) for item in NAMES}
    for package in PACKAGES:
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not info.name.endswith("__main__"):
                importlib.import_module(info.name)
    return found


@pytest.mark.parametrize("item", NAMES, ids=identity)
def test_a_name_is_what_its_module_defines_and_no_submodule_hides_it(item, objects):
    package, name = item
    module = importlib.import_module(MODULES[item])
    assert getattr(package, name) is objects[item] is getattr(module, name)
    assert name in module.__all__
    assert name in dir(package) and name in package.__all__


@pytest.mark.parametrize("item", NAMES, ids=identity)
def test_a_name_is_documented_typed_and_shown(item, objects):
    _, name = item
    value = objects[item]
    if not is_shown(value):
        source = Path(sys.modules[MODULES[item]].__file__).read_text().splitlines()
        (place,) = (k for k, x in enumerate(source) if x.startswith((f"{name} =", f"{name}:")))
        assert source[place - 1].startswith("#:")
        return
    assert value.__doc__ and value.__module__ == MODULES[item]
    if not (inspect.isclass(value) and issubclass(value, Exception)):
        signature = inspect.signature(value)
        assert all(x.annotation is not x.empty for x in signature.parameters.values())
        assert inspect.isclass(value) or signature.return_annotation is not signature.empty
    tests = doctest.DocTestFinder(recurse=False).find(value, name, module=False)
    assert bool(tests and tests[0].examples) != (name in NO_EXAMPLE)


def test_one_package_offers_all_names_and_no_two_share_one():
    names = [name for _, name in NAMES]
    assert len(set(names)) == len(names)
    assert {*names, "__version__"} == set(md.__all__) == set(dir(md))
    assert all(getattr(md, name) is getattr(package, name) for package, name in NAMES)


@pytest.mark.parametrize("item", NAMES, ids=identity)
def test_arguments_beyond_three_are_named_and_inputs_come_before_outputs(item, objects):
    value = objects[item]
    if not is_shown(value) or (inspect.isclass(value) and issubclass(value, Exception)):
        return
    parameters = inspect.signature(value).parameters.values()
    by_position = [x.name for x in parameters if x.kind is x.POSITIONAL_OR_KEYWORD]
    assert len(by_position) <= 3 or item[1] in POSITIONAL
    dimensions = [x.name for x in parameters if x.name in ("d_in", "d_out")]
    assert dimensions == sorted(dimensions)


def test_other_names_are_refused():
    for package in (*PACKAGES, md):
        with pytest.raises(AttributeError, match=f"No {package.__name__} attribute no_such_name"):
            _ = package.no_such_name


def test_the_stubs_that_list_the_names_are_installed():
    text = (Path(__file__).parents[1] / "setup.cfg").read_text()
    for package in (*PACKAGES, md):
        assert f"{package.__name__} = py.typed, *.pyi" in text
        folder = Path(package.__file__).parent
        assert (folder / "py.typed").exists() and (folder / "__init__.pyi").exists()


def test_importing_the_packages_is_light():
    code = (
        "import sys, mixed_dynamics;"
        "print([x for x in ('numba', 'sympy', 'matplotlib', 'numpy', 'xarray', 'torch') "
        "if x in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_convolutional_networks_are_imported_without_torch():
    code = (
        "import sys, mixed_dynamics as md; md.Convolutional((28, 28), 4);"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
