"""theory: sympy derives or proves every formula that the rest of the package runs.

``theory.derive("unified-evolution")`` proves and shows one topic; ``theory.TOPICS`` lists
them.  Names below are imported when they are first used, so that ``import theory`` is light.
"""

from importlib import import_module

from theory._version import __version__ as __version__

_EXPORTS = {
    "TOPICS": "theory.topics",
    "derive": "theory.topics",
    "Derivation": "theory.derivation",
    "ProofError": "theory.derivation",
    "Loss": "theory.losses",
    "squared": "theory.losses",
    "huber": "theory.losses",
    "log_cosh": "theory.losses",
    "loss": "theory.losses",
}

__all__ = [*_EXPORTS, "__version__"]


def __getattr__(name: str) -> object:
    """Import an exported name when it is first used."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'theory' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_EXPORTS[name]), name)
    return value


def __dir__() -> list[str]:
    """List what can be imported."""
    return sorted(__all__)
