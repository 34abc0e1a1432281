"""From matrix expressions to the text of a training loop.

A :class:`DenseSystem` says which matrices move and how: its stages are matrix expressions that
:mod:`theory.dynamics.gram_flow` derived.  Each product is printed as a BLAS call into a buffer, the
loss of all entries and its derivative as one loop, and the whole training loop stands in one
module, so that numba caches it and no Python runs between steps.

Holds for sums of products of two matrices, transposed or not; a longer product is refused, not
printed wrongly (sympy's own printers turn ``C2*G`` into an entrywise product).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.dynamics.gram_flow import Stage, descent_stages, flow_rates, prediction_gradient
from theory.dynamics.unified_evolution import evolution_rate
from theory.functions.losses import PREDICTION, TARGET, Loss
from theory.kernels.emission import DECORATOR, KernelModule, scalar_lines, without_values
from theory.symbols import C1, C2, W1, W2, A, X, d_out, eta, n

__all__ = ["DenseSystem", "descent_system", "frozen_system", "product_line", "training_module"]

#: Longest start of a file name; file systems allow 255 bytes, four a character at worst.
MAX_NAME = 50

NOISELESS = sp.Symbol("noiseless", real=True)


@dataclass(frozen=True)
class DenseSystem:
    """What moves in a training run.

    Attributes
    ----------
    name : str
        Start of the module's name.
    state : tuple of MatrixSymbol
        The matrices that move.
    constants : tuple of MatrixSymbol
        The matrices that do not.
    matrix : MatrixExpr
        The learned matrix A in terms of the state.
    stages : tuple of Stage
        One step: stages follow each other, the changes inside a stage are simultaneous.
    rates : Stage
        The time derivative of the state under flow; empty where there is none.
    """

    name: str
    state: tuple[sp.MatrixSymbol, ...]
    constants: tuple[sp.MatrixSymbol, ...]
    matrix: MatrixExpr
    stages: tuple[Stage, ...]
    rates: Stage = ()


@cache
def descent_system(update: str = "simultaneous") -> DenseSystem:
    """Return gradient descent (and flow) of the two layers."""
    return DenseSystem(update, (W1, W2), (), W2 * W1, descent_stages(update), flow_rates())


@cache
def frozen_system() -> DenseSystem:
    """Return lazy training: A descends with C1 and C2 frozen at their initial values."""
    rate = evolution_rate()
    return DenseSystem("frozen", (A,), (C1, C2), A, (((A, A + eta * rate),),), ((A, rate),))


@cache
def training_module(
    system: str | DenseSystem,
    loss: Loss,
    *,
    masked: bool = False,
    with_inputs: bool = False,
    held_out: bool = False,
) -> KernelModule:
    """Return the module that trains a system on a loss.

    Its functions, with ``state`` and ``constants`` in the system's order:
    ``evaluate(*state, A, P, R, G, inputs, target, noiseless, mask, parameters)`` computes the
    matrix, the predictions P, their residual R and the gradient G and returns (loss, train
    error, test error); ``advance(..., *constants, learning_rate, ceiling, records)`` makes one
    step a row of ``records``, fills it and returns the number of steps made, fewer where the
    loss rose above ``ceiling`` or is NaN; ``rates(..., *constants, *rates)`` evaluates the
    flow.  Without inputs P is A and R is G: pass the same arrays.

    Parameters
    ----------
    system : str or DenseSystem
        "simultaneous" or "sequential" (:func:`descent_system`), "frozen" (:func:`frozen_system`),
        or one of your own; a name needs no derivation where the text is known.
    loss : Loss
        Its parameters' values are arguments of the functions.
    masked, with_inputs, held_out : bool
        Whether entries are unobserved, whether there are inputs other than the identity, and
        whether the test error counts some entries only, those whose ``noiseless`` is not NaN.
    """
    has_rates = isinstance(system, str) or bool(system.rates)
    functions = ("evaluate", "advance") + (("rates",) if has_rates else ())
    # The name becomes that of a file; the hash beside it tells apart what looks alike in it.
    name = f"{system if isinstance(system, str) else system.name}_{loss.name}"
    name = re.sub(r"\W+", "_", name)[:MAX_NAME]
    settings = (system, without_values(loss), masked, with_inputs, held_out)
    return KernelModule(name, functions, _training_text, settings)


def _training_text(
    system: str | DenseSystem, loss: Loss, masked: bool, with_inputs: bool, held_out: bool
) -> str:
    if isinstance(system, str):
        system = frozen_system() if system == "frozen" else descent_system(system)
    entries = {
        "loss": loss.expression,
        "derivative": loss.derivative,
        "train": (PREDICTION - TARGET) ** 2,
        "test": (PREDICTION - NOISELESS) ** 2,
    }
    lines = _entries_function(entries, loss, masked, held_out)
    lines += _add_function()
    lines += _evaluate_function(system, with_inputs)
    lines += _advance_function(system)
    if system.rates:
        lines += _rates_function(system)
    return "\n".join(lines) + "\n"


def product_line(out: str, product: MatrixExpr) -> str:
    """Print a product of two matrices as a BLAS call that fills ``out``.

    Raises
    ------
    ValueError
        If it is not a product of two matrices, each transposed or not.

    Examples
    --------
    >>> product_line("P", W2 * W1)
    'np.dot(W2, W1, P)'
    """
    factors: tuple[sp.Basic, ...] = product.args if isinstance(product, sp.MatMul) else (product,)
    if len(factors) != 2:
        raise ValueError(f"a kernel line must be a product of two matrices, got {product}")
    return f"np.dot({_factor(factors[0])}, {_factor(factors[1])}, {out})"


_WORK = ("A", "P", "R", "G", "inputs", "target", "noiseless", "mask", "parameters")


def _arguments(system: DenseSystem) -> str:
    state = [symbol.name for symbol in system.state]
    return ", ".join(state + [name for name in _WORK if name not in state])


def _entries_function(
    entries: dict[str, sp.Expr], loss: Loss, masked: bool, held_out: bool
) -> list[str]:
    # Names of our own: a user's parameter may be called like a variable of the loop.
    own = {
        x: sp.Symbol(f"parameter_{k}", positive=True) for k, x in enumerate(loss.parameter_symbols)
    }
    parameters = [f"    {name} = parameters[{k}]" for k, name in enumerate(own.values())]
    observed = ["loss", "train"]
    inner = scalar_lines({f"{key}_ij": value.xreplace(own) for key, value in entries.items()})
    body = ["            prediction = P[i, j]", "            target = Y[i, j]"]
    body += ["            noiseless = Z[i, j]"]
    body += ["            " + line for line in inner]
    if masked:
        # A factor, not a branch: the loop stays vectorised.
        body.append("            seen = mask[i, j]")
        body += [f"            {key}_ij = {key}_ij if seen else 0.0" for key in observed]
        body.append("            derivative_ij = derivative_ij if seen else 0.0")
        body.append("            count += seen")
    if held_out:
        body.append("            counted = noiseless == noiseless")
        body.append("            test_ij = test_ij if counted else 0.0")
        body.append("            test_count += counted")
    body.append("            R[i, j] = derivative_ij")
    body += [f"            row_{key} += {key}_ij" for key in ("loss", "train", "test")]
    keys = ("loss", "train", "test")
    lines = ["", "", DECORATOR, "def entries(P, R, Y, Z, mask, parameters):", *parameters]
    lines += [f"    total_{key} = 0.0" for key in keys]
    lines += ["    count = 0"] if masked else ["    count = P.size"]
    lines += ["    test_count = 0"] if held_out else []
    lines += ["    for i in range(P.shape[0]):"]
    # A sum a row bounds the round-off of the total by that of one row plus that of the rows.
    lines += [f"        row_{key} = 0.0" for key in keys]
    lines += ["        for j in range(P.shape[1]):", *body]
    lines += [f"        total_{key} += row_{key}" for key in keys]
    tested = "test_count" if held_out else "P.size"
    lines += [f"    return total_loss, total_train / count, total_test / {tested}"]
    return lines


def _add_function() -> list[str]:
    return [
        "",
        "",
        DECORATOR,
        "def add_scaled(total, scale, change):",
        "    flat, steps = total.ravel(), change.ravel()",
        "    for k in range(flat.size):",
        "        flat[k] += scale * steps[k]",
    ]


def _evaluate_function(system: DenseSystem, with_inputs: bool) -> list[str]:
    lines = ["", "", DECORATOR, f"def evaluate({_arguments(system)}):"]
    if system.matrix != A:
        lines.append("    " + product_line("A", system.matrix))
    residual = sp.MatrixSymbol("R", d_out, n)
    if with_inputs:
        lines.append("    " + product_line("P", A * X))
    lines.append("    errors = entries(P, R, target, noiseless, mask, parameters)")
    if with_inputs:
        gradient = prediction_gradient()
        if residual not in gradient.atoms(sp.MatrixSymbol):
            raise ValueError(f"the gradient must be a product with R, got {gradient}")
        lines.append("    " + product_line("G", gradient))
    lines.append("    return errors")
    return lines


def _advance_function(system: DenseSystem) -> list[str]:
    constants = "".join(f"{x.name}, " for x in system.constants)
    lines = ["", "", DECORATOR]
    lines += [f"def advance({_arguments(system)}, {constants}learning_rate, ceiling, records):"]
    plans = [_stage_plan(stage) for stage in system.stages]
    for name in sorted({(buffer, target) for plan in plans for buffer, _, target, _ in plan}):
        lines.append(f"    {name[0]} = np.empty_like({name[1]})")
    lines.append("    for step in range(records.shape[0]):")
    for plan in plans:
        lines += [f"        {product_line(buffer, product)}" for buffer, product, _, _ in plan]
        lines += [
            f"        add_scaled({target}, {scale}, {buffer})" for buffer, _, target, scale in plan
        ]
    lines.append(f"        loss, train, test = evaluate({_arguments(system)})")
    lines += [
        "        records[step, 0] = loss",
        "        records[step, 1] = train",
        "        records[step, 2] = test",
        "        if not loss <= ceiling:",
        "            return step + 1",
        "    return records.shape[0]",
    ]
    return lines


def _rates_function(system: DenseSystem) -> list[str]:
    outputs = ", ".join(f"rate_{x.name}" for x, _ in system.rates)
    constants = "".join(f"{x.name}, " for x in system.constants)
    lines = ["", "", DECORATOR]
    lines.append(f"def rates({_arguments(system)}, {constants}{outputs}):")
    lines.append(f"    errors = evaluate({_arguments(system)})")
    for symbol, value in system.rates:
        rate = f"rate_{symbol.name}"
        (scale, product), *others = _terms(value)
        lines += [f"    {product_line(rate, product)}", f"    {rate} *= {_scalar(scale)}"]
        for number, (scale, product) in enumerate(others):
            buffer = f"change_{symbol.name}_{number}"
            lines.append(f"    {buffer} = np.empty_like({rate})")
            lines.append(f"    {product_line(buffer, product)}")
            lines.append(f"    add_scaled({rate}, {_scalar(scale)}, {buffer})")
    lines.append("    return errors")
    return lines


def _stage_plan(stage: Stage) -> list[tuple[str, MatrixExpr, str, str]]:
    """Return (buffer, product, changed symbol, scale) for every product of a stage."""
    plan = []
    for symbol, value in stage:
        for number, (scale, product) in enumerate(_terms(value - symbol)):
            plan.append((f"change_{symbol.name}_{number}", product, symbol.name, _scalar(scale)))
    return plan


def _terms(expression: MatrixExpr) -> list[tuple[sp.Expr, MatrixExpr]]:
    expanded = sp.expand(expression).doit()
    terms = expanded.args if isinstance(expanded, sp.MatAdd) else (expanded,)
    return [(term.as_coeff_mmul()[0], term.as_coeff_mmul()[1]) for term in terms]


def _scalar(value: sp.Expr) -> str:
    return sp.pycode(value.subs(eta, sp.Symbol("learning_rate")))


def _factor(factor: MatrixExpr) -> str:
    if isinstance(factor, sp.Transpose):
        return f"{_factor(factor.arg)}.T"
    if not isinstance(factor, sp.MatrixSymbol):
        raise ValueError(f"a kernel factor must be a matrix or its transpose, got {factor}")
    return {"X": "inputs"}.get(factor.name, factor.name)
