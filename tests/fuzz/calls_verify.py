"""Valid calls of :mod:`verify`."""

from pathlib import Path

from kinds import Call
from matplotlib.figure import Figure
from valid_objects import (
    claim,
    crossover_data,
    figure1_data,
    linear_plane,
    plane,
    prediction,
    run_of,
    sweep_data,
    verdict,
)

import verify

_EXAMPLE = Path(__file__).parents[2] / "examples" / "own_claim.py"
_PLOT = {"data": "object", "axes": "object"}
_RUN = {"claims": "many", "profile": "word", "seed": "seed", "watch": "callable"}
_STANDINS = {"predict": "callable?", "measure": "callable?"}


def _axes():
    return Figure().subplots()


def _claim_settings():
    own = claim()
    return {name: getattr(own, name) for name in _CLAIM if name not in ("origin", "cost")}


_CLAIM = {
    **dict.fromkeys(("name", "family", "statement", "holds", "source", "origin"), "text"),
    "problems": "object",
    "predict": "callable",
    "measure": "callable",
    "law": "object",
    "faults": "words",
    "cost": "word",
    "counterexamples": "many",
}
_PROBLEM = {"problem": "mapping"}

CALLS = {
    "verify.plot": Call(lambda: verify.plot, lambda: {"data": run_of()}, {"data": "object"}),
    "verify.draw_figure2": Call(
        lambda: verify.draw_figure2,
        lambda: {"data": sweep_data()},
        {"data": "object", "prediction": "object?"},
        slow=True,
    ),
    "verify.draw_shared_diagram": Call(
        lambda: verify.draw_shared_diagram,
        lambda: {"linear": linear_plane(), "nonlinear": crossover_data()},
        {"linear": "object", "nonlinear": "object"},
        slow=True,
    ),
    "verify.draw_errors": Call(
        lambda: verify.draw_errors, lambda: {"data": figure1_data(), "axes": _axes()}, _PLOT
    ),
    "verify.draw_singular_values": Call(
        lambda: verify.draw_singular_values,
        lambda: {"data": figure1_data(), "axes": _axes()},
        _PLOT,
    ),
    "verify.draw_exponent_plane": Call(
        lambda: verify.draw_exponent_plane,
        lambda: {"data": plane(), "axes": _axes()},
        _PLOT,
        slow=True,
    ),
    "verify.draw_panel": Call(
        lambda: verify.draw_panel,
        lambda: {"data": sweep_data(), "panel": verify.PANELS[0], "axes": _axes()},
        _PLOT | {"panel": "object", "limits": "pair?", "valid": "object?"},
    ),
    "verify.draw_validity": Call(
        lambda: verify.draw_validity,
        lambda: {"data": prediction(), "axes": _axes()},
        _PLOT | {"panel": "object?"},
    ),
    "verify.legend_handles": Call(lambda: verify.legend_handles, dict, {"hatched": "flag"}),
    "verify.fit_exponent": Call(
        lambda: verify.fit_exponent,
        lambda: {"sizes": [1.0, 2.0, 4.0, 8.0], "errors": [1.0, 0.5, 0.26, 0.125]},
        {"sizes": "vector", "errors": "numbers", "level": "share", "pooled": "flag"},
    ),
    "verify.crossover_exponents": Call(
        lambda: verify.crossover_exponents,
        lambda: {"data": crossover_data()},
        {"data": "object", "ensembles": "object?"},
        slow=True,
    ),
    "verify.Claim": Call(lambda: verify.Claim, _claim_settings, _CLAIM),
    "verify.Claim.examine": Call(
        lambda: claim().examine, lambda: {"problem": {"x": 1.0}}, _PROBLEM
    ),
    "verify.Claim.with_fault": Call(
        lambda: claim().with_fault, lambda: {"fault": claim().faults[0]}, {"fault": "object"}
    ),
    "verify.Claim.examine_counterexample": Call(
        lambda: claim().examine_counterexample,
        lambda: {"counterexample": claim().counterexamples[0]},
        {"counterexample": "object"},
    ),
    "verify.Fault": Call(
        lambda: verify.Fault, lambda: {"name": "a fault"}, {"name": "text", **_STANDINS}
    ),
    "verify.Counterexample": Call(
        lambda: verify.Counterexample,
        lambda: {"looked_true": "so", "problem": {"x": 1}, "learnt": "not so"},
        {
            "looked_true": "text",
            "problem": "mapping",
            "learnt": "text",
            **_STANDINS,
            "law": "object?",
        },
    ),
    "verify.RoundOff": Call(
        lambda: verify.RoundOff, dict, {"tolerance": "word", "in_eps": "flag", "entrywise": "flag"}
    ),
    "verify.PowerLaw": Call(
        lambda: verify.PowerLaw,
        lambda: {"variable": "d", "sizes": (1.0, 2.0, 4.0, 8.0)},
        {
            "variable": "text",
            "sizes": "vector",
            "bias": "word",
            "resolution": "word",
            "pooled": "flag",
            "chance": "flag",
        },
    ),
    "verify.PowerLaws": Call(
        lambda: verify.PowerLaws,
        lambda: {"variable": "d", "sizes": (1.0, 2.0, 4.0, 8.0), "bias": "slope_bias"},
        {"variable": "text", "sizes": "vector", "bias": "word", "parts": "texts", "apart": "flag"},
    ),
    "verify.Sampling": Call(
        lambda: verify.Sampling, lambda: {"bias": "slope_bias"}, {"bias": "word"}
    ),
    "verify.Bound": Call(
        lambda: verify.Bound,
        lambda: {"text": "below 1", "reason": "because"},
        {"text": "text", "reason": "text"},
    ),
    "verify.all_claims": Call(lambda: verify.all_claims, dict, {}),
    "verify.get_claim": Call(
        lambda: verify.get_claim, lambda: {"name": "balancedness-flow"}, {"name": "word"}
    ),
    "verify.claims_from": Call(
        lambda: verify.claims_from, lambda: {"file": _EXAMPLE}, {"file": "object"}
    ),
    "verify.run_claims": Call(
        lambda: verify.run_claims, lambda: {"claims": [claim()]}, _RUN, slow=True
    ),
    "verify.run_faults": Call(
        lambda: verify.run_faults, lambda: {"claims": [claim()]}, _RUN, slow=True
    ),
    "verify.run_counterexamples": Call(
        lambda: verify.run_counterexamples,
        lambda: {"claims": [claim()]},
        {"claims": "many", "watch": "callable"},
        slow=True,
    ),
    "verify.table_header": Call(lambda: verify.table_header, dict, {"kind": "word"}),
    "verify.table_row": Call(
        lambda: verify.table_row, lambda: {"verdict": verdict()}, {"verdict": "object"}
    ),
}
