"""With a warm cache, an edit of any formula or emitter reaches every kernel that depends on it.

The packages are copied, a kernel of each family is printed, a file of the copy is edited, and a new
process is asked again with the same cache.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import numerics
import theory
from theory.sources import text_hash

#: A kernel of each family; "inputs" is the descent loop with inputs other than the identity.
FAMILIES = {
    "form": "scalar_kernel('lift', lift_form)",
    "array form": "array_kernel('lift', lift_form)",
    "descent": "training_module('sequential', log_cosh())",
    "inputs": "training_module('simultaneous', log_cosh(), with_inputs=True)",
    "lazy descent": "training_module('frozen', log_cosh())",
    "Gram descent": "gram_module(log_cosh())",
    "grid": "grid_module()",
    "recursion": "second_order_module()",
    "stopping": "stopping_module()",
    "activation": "activation_module(softplus())",
    "frozen flow": "frozen_flow_module(softplus_hinge())",
}

PROGRAM = f"""
import json, sys
from numerics.kernels.cache import module_text
from numerics.kernels.derived import request_key
from theory.dynamics.unified_evolution import lift_form
from theory.functions.activations import softplus
from theory.functions.losses import log_cosh
from theory.functions.margin_losses import softplus_hinge
from theory.kernels.descent_loop import training_module
from theory.kernels.emission import array_kernel, scalar_kernel
from theory.kernels.error_grid import grid_module
from theory.kernels.gram_descent_loop import gram_module
from theory.kernels.mode_recursion import second_order_module, stopping_module
from theory.kernels.network_functions import activation_module, frozen_flow_module
kernels = {{name: eval(text) for name, text in {FAMILIES!r}.items()}}
answer = {{
    "keys": {{name: request_key(x.body, *x.arguments) for name, x in kernels.items()}},
    "texts": {{name: module_text(kernels[name]) for name in sys.argv[1].split(",")}},
}}
print(json.dumps(answer))
"""

NETWORKS = "activation,frozen flow"
LOSSES = "descent,inputs,lazy descent,Gram descent"

#: File, function, what an edit makes of its result, and the families whose text it changes.
EDITS = {
    "the gain of a mode": ("dynamics/mode_descent.py", "mode_gain", "result / 2", "grid,recursion"),
    "a sign in the train error": (
        "prediction/closed_form_errors.py",
        "lazy_shares",
        "{**result, 'train': -result['train']}",
        "grid",
    ),
    "the gradient of predictions": (
        "dynamics/gram_flow.py",
        "prediction_gradient",
        "result.xreplace({X: sp.MatrixSymbol('other', *X.shape)})",
        "inputs",
    ),
    "where a stage ends": (
        "dynamics/gram_flow.py",
        "descent_stages",
        "(tuple(pair for stage in result for pair in stage),)",
        "descent",
    ),
    "the frozen flow of A": (
        "dynamics/unified_evolution.py",
        "evolution_rate",
        "result.T.T * 2",
        "lazy descent",
    ),
    "the order of half steps": (
        "dynamics/gram_descent.py",
        "half_steps",
        "result[::-1]",
        "Gram descent",
    ),
    "the lift": (
        "dynamics/unified_evolution.py",
        "lift_form",
        "StableForm(result.arguments, result.definitions, dict(reversed(result.outputs.items())))",
        "form,array form",
    ),
    "the stopping rule": (
        "published_rules.py",
        "stop_conditions",
        "{name: sp.Not(x) for name, x in result.items()}",
        "stopping,grid",
    ),
    "the mean shift": (
        "prediction/fluctuations.py",
        "shift_stages",
        "tuple(tuple(2 * x for x in stage) for stage in result)",
        "recursion",
    ),
    "derivatives": (
        "functions/scalar_function.py",
        "_derivative",
        "2 * result",
        f"{LOSSES},{NETWORKS}",
    ),
    "stable forms": ("algebra/stable_form.py", "stabilise", "args[0]", f"{LOSSES},{NETWORKS}"),
    "the polynomials of exponentials": (
        "kernels/fast_exponentials.py",
        "_polynomial",
        "'1.0 * ' + result",
        NETWORKS,
    ),
    "the printer": (
        "kernels/emission.py",
        "printed",
        "f'({result})'",
        f"form,{LOSSES},{NETWORKS},stopping",
    ),
}


def edit(path, name, result):
    """Append to a file what another result of one of its functions would be."""
    path.write_text(
        path.read_text() + f"\n\n_before_the_edit = {name}\n\n\n"
        f"def {name}(*args, **options):\n"
        "    import sympy as sp\n"
        "    from theory.symbols import X\n"
        "    result = _before_the_edit(*args, **options)\n"
        f"    return {result}\n"
    )


def ask(copy, cache, families):
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, families],
        env=os.environ | {"PYTHONPATH": str(copy), "MIXED_DYNAMICS_CACHE": str(cache)},
        cwd=copy,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What each edited copy answers, and the copy as it is, with one cache that this one filled."""
    root = tmp_path_factory.mktemp("copies")
    copies = {name: root / str(number) for number, name in enumerate(["", *EDITS])}
    for name, folder in copies.items():
        for package in (theory, numerics):
            shutil.copytree(package.__path__[0], folder / package.__name__)
        if name:
            path, function, result, _ = EDITS[name]
            edit(folder / "theory" / path, function, result)
    found = {"": ask(copies[""], root / "cache", ",".join(FAMILIES))}
    with ThreadPoolExecutor(2) as pool:
        asked = {x: pool.submit(ask, copies[x], root / "cache", EDITS[x][3]) for x in EDITS}
    return found | {name: answer.result() for name, answer in asked.items()}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_every_key_and_the_texts_that_depend_on_it(answers, name):
    before, after = answers[""], answers[name]
    assert not set(before["keys"].values()) & set(after["keys"].values())
    same = [family for family, text in after["texts"].items() if text == before["texts"][family]]
    assert not same


def test_every_family_is_edited():
    assert {family for *_, changed in EDITS.values() for family in changed.split(",")} == set(
        FAMILIES
    )


@pytest.mark.parametrize("package", [theory, numerics])
def test_every_file_of_a_package_is_in_its_hash(tmp_path, package):
    copy = shutil.copytree(package.__path__[0], tmp_path / "copy")
    seen = {text_hash(copy)}
    assert seen == {package.SOURCES}
    files = sorted(copy.rglob("*.py"))
    assert len(files) > 50
    for path in files:
        text = path.read_text()
        path.write_text(text + "\n")
        seen.add(text_hash(copy))
        path.write_text(text)
    assert len(seen) == len(files) + 1
    files[0].rename(files[0].with_name("renamed.py"))
    Path(copy / "new.py").touch()
    assert text_hash(copy) not in seen
