"""The public surface, as the packages' stubs declare it, beside the table of valid calls."""

import inspect

import calls_networks
import calls_numerics
import calls_predictions
import calls_theory
import calls_verify
from kinds import KINDS

import numerics
import theory
import verify

__all__ = ["CALLS", "NOT_CALLED", "arguments_of", "missing", "public_callables"]

#: Valid calls by public name.
CALLS = (
    calls_theory.CALLS
    | calls_numerics.CALLS
    | calls_predictions.CALLS
    | calls_networks.CALLS
    | calls_verify.CALLS
)

_RECORD = "a record that the package makes; nothing takes one"
_ERROR = "raised by the package"
_TORCH = "needs torch; tests/numerics/networks/test_convolutional.py"
_LAW = "a law's part of Claim.examine, which checks"
_SAME = "inherited, and called on another class of the same base"

#: Public callables that are not fuzzed, and why.
NOT_CALLED = {
    "theory.Derivation": "what derive returns",
    "theory.ProofError": _ERROR,
    "theory.MarginLoss.with_values": _SAME,
    "theory.Activation.with_values": _SAME,
    "numerics.Cell": _RECORD,
    "numerics.FlowResult": _RECORD,
    "numerics.GramBlocks": _RECORD,
    "numerics.FlowSnapshot": _RECORD,
    "numerics.FlowSnapshot.outputs": "of a record",
    "numerics.Snapshot": _RECORD,
    "numerics.ImageData": _RECORD,
    "numerics.DivergedError": _ERROR,
    "numerics.OutOfRangeError": _ERROR,
    "numerics.SweepError": _ERROR,
    "numerics.MissingImagesError": _ERROR,
    "numerics.DeclaredSweep": "the base of sweeps",
    **{
        f"numerics.DeclaredSweep.{name}": _SAME
        for name in (
            *(
                "cell",
                "cells",
                "check_cell",
                "cost",
                "from_json",
                "from_mapping",
                "from_toml",
                "ingredients",
            ),
            *("run", "stream", "tail_shape", "to_json"),
        )
    },
    **{
        f"numerics.Convolutional.{name}": _TORCH
        for name in ("gradient", "linearisation", "ntk", "outputs")
    },
    **{
        f"verify.{x}.judge": _LAW
        for x in ("Bound", "PowerLaw", "PowerLaws", "RoundOff", "Sampling")
    },
}

#: Methods of classes that are returned and have no public name of their own.
_RETURNED = ("theory.Boundary.finite", "theory.CrossoverMapping.inverse")


def public_callables():
    """Return the names of all public functions, classes and methods."""
    found = list(_RETURNED)
    for package in (theory, numerics, verify):
        for name in package.__all__:
            value = getattr(package, name)
            if not callable(value) or isinstance(value, numerics.StepRule):
                continue
            found.append(f"{package.__name__}.{name}")
            if inspect.isclass(value) and not issubclass(value, Exception):
                found += [f"{found[-1]}.{method}" for method in _methods(value)]
    return found


def _methods(kind):
    """Return the names of the public methods of a class, and of what makes it callable."""
    found = []
    for name, value in inspect.getmembers_static(kind):
        if isinstance(value, staticmethod | classmethod):
            value = value.__func__
        if inspect.isfunction(value) and (not name.startswith("_") or name == "__call__"):
            found.append(name)
    return found


def arguments_of(name):
    """Return the names of the arguments that a callable has."""
    parameters = inspect.signature(CALLS[name].make()).parameters.values()
    return [x.name for x in parameters if x.kind not in (x.VAR_POSITIONAL, x.VAR_KEYWORD)]


def missing():
    """Return what the table lacks, or has in excess, one line each."""
    surface = public_callables()
    known = {*CALLS, *NOT_CALLED}
    lines = [f"{name} has no valid call" for name in surface if name not in known]
    lines += [f"{name} is no public callable" for name in known - {*surface}]
    for name in set(CALLS) & {*surface}:
        kinds, arguments = CALLS[name].kinds, arguments_of(name)
        lines += [f"{name}: {x} has no kind" for x in arguments if x not in kinds]
        lines += [f"{name}: {x} is no argument" for x in kinds if x not in arguments]
        lines += [f"{name}: {x!r} is no kind" for x in kinds.values() if x.strip("?") not in KINDS]
    return sorted(lines)
