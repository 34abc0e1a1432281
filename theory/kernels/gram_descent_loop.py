"""The text of the training loop on the Gram blocks (:mod:`theory.dynamics.gram_descent`).

Four BLAS calls a step, each into a buffer; everything else is a single pass over the entries:
half and full move of A, symmetric update of a block, and loss, errors and derivative at once.
Sums run down the columns: the compiler vectorises them as they stand, without reordering, so
that a result has the same bits wherever its arrays lie in memory.

Holds for losses of A itself (identity inputs, every entry observed).
"""

from __future__ import annotations

import re
from functools import cache

import sympy as sp

from theory.algebra.noncommuting_matrices import words
from theory.dynamics.gram_descent import RATE, HalfStep, half_steps
from theory.functions.losses import PREDICTION, TARGET, Loss
from theory.kernels.descent_loop import MAX_NAME, NOISELESS, product_line
from theory.kernels.emission import DECORATOR, KernelModule, scalar_lines, without_values
from theory.symbols import eta

__all__ = ["gram_module"]

_KEYS = ("loss", "train", "test")
_WORK = "A, G, target, noiseless, sums, parameters"


@cache
def gram_module(loss: Loss) -> KernelModule:
    """Return the module that trains A, C1 and C2 by sequential descent.

    Its functions: ``evaluate(A, G, target, noiseless, sums, parameters)`` fills the gradient G
    and returns (loss, train error, test error); ``advance(A, C1, C2, G, U, P, X1, X2, target,
    noiseless, sums, parameters, learning_rate, ceiling, records)`` makes one step a row of
    ``records``, fills it and returns the number of steps made, fewer where the loss rose above
    ``ceiling`` or is NaN; ``distance(A, B, sums)`` returns ``||A - B||_F``.  ``sums`` is
    (3, columns) float64.
    """
    name = re.sub(r"\W+", "_", f"gram_{loss.name}")[:MAX_NAME]
    functions = ("evaluate", "advance", "distance")
    return KernelModule(name, functions, _gram_text, (without_values(loss),))


def _gram_text(loss: Loss) -> str:
    moves = half_steps()
    entries = {
        "loss": loss.expression,
        "derivative": loss.derivative,
        "train": (PREDICTION - TARGET) ** 2,
        "test": (PREDICTION - NOISELESS) ** 2,
    }
    lines = _evaluate_function(entries, loss) + _distance_function()
    lines += _move_functions() + _advance_function(moves)
    return "\n".join(lines) + "\n"


def _evaluate_function(entries: dict[str, sp.Expr], loss: Loss) -> list[str]:
    # Names of our own: a user's parameter may be called like a variable of the loop.
    own = {
        x: sp.Symbol(f"parameter_{k}", positive=True) for k, x in enumerate(loss.parameter_symbols)
    }
    own |= {TARGET: sp.Symbol("target_ij", real=True)}
    own |= {NOISELESS: sp.Symbol("noiseless_ij", real=True)}
    lines = ["", "", DECORATOR, f"def evaluate({_WORK}):"]
    lines += [f"    parameter_{k} = parameters[{k}]" for k in range(len(loss.parameters))]
    lines += ["    sums[:, :] = 0.0", "    for i in range(A.shape[0]):"]
    lines += ["        for j in range(A.shape[1]):"]
    inner = ["prediction = A[i, j]", "target_ij = target[i, j]", "noiseless_ij = noiseless[i, j]"]
    inner += scalar_lines({f"{key}_ij": value.xreplace(own) for key, value in entries.items()})
    inner += ["G[i, j] = derivative_ij"]
    inner += [f"sums[{k}, j] += {key}_ij" for k, key in enumerate(_KEYS)]
    lines += ["            " + line for line in inner]
    lines += ["    return sums[0].sum(), sums[1].sum() / A.size, sums[2].sum() / A.size"]
    return lines


def _distance_function() -> list[str]:
    return [
        "",
        "",
        DECORATOR,
        "def distance(A, B, sums):",
        "    sums[0, :] = 0.0",
        "    for i in range(A.shape[0]):",
        "        for j in range(A.shape[1]):",
        "            gap = A[i, j] - B[i, j]",
        "            sums[0, j] += gap * gap",
        "    return math.sqrt(sums[0].sum())",
    ]


def _move_functions() -> list[str]:
    return [
        "",
        "",
        DECORATOR,
        "def move_matrix(A, U, P, steps):",
        "    flat, rates, halfway = A.ravel(), U.ravel(), P.ravel()",
        "    half, full = steps[0], steps[1]",
        "    for k in range(flat.size):",
        "        halfway[k] = flat[k] - half * rates[k]",
        "        flat[k] -= full * rates[k]",
        "",
        "",
        DECORATOR,
        "def move_block(block, X, steps):",
        "    full = steps[1]",
        "    for i in range(block.shape[0]):",
        "        for j in range(block.shape[1]):",
        "            block[i, j] -= full * (X[i, j] + X[j, i])",
    ]


def _advance_function(moves: tuple[HalfStep, ...]) -> list[str]:
    arguments = "A, C1, C2, G, U, P, X1, X2, target, noiseless, sums, parameters"
    lines = ["", "", DECORATOR, f"def advance({arguments}, learning_rate, ceiling, records):"]
    # In the precision of A, where a product with a literal would be of double precision.
    lines += ["    steps = np.empty(2, A.dtype)"]
    lines += [f"    steps[0] = {_share(moves)} * learning_rate", "    steps[1] = learning_rate"]
    lines += ["    for step in range(records.shape[0]):"]
    for number, move in enumerate(moves, start=1):
        lines += [
            f"        {product_line('U', move.rate)}",
            "        move_matrix(A, U, P, steps)",
            f"        {product_line(f'X{number}', move.overlap)}",
            f"        move_block({move.block.name}, X{number}, steps)",
        ]
    lines += [
        f"        loss, train, test = evaluate({_WORK})",
        "        records[step, 0] = loss",
        "        records[step, 1] = train",
        "        records[step, 2] = test",
        "        if not loss <= ceiling:",
        "            return step + 1",
        "    return records.shape[0]",
    ]
    return lines


def _share(moves: tuple[HalfStep, ...]) -> str:
    """Return the part of a full move after which A stands half-way, the same for both layers."""
    shares = {-words(move.halfway)[(RATE,)] / eta for move in moves}
    if len(shares) != 1:
        raise ValueError(f"both layers must be half-way after the same part, got {shares}")
    return sp.pycode(shares.pop())
