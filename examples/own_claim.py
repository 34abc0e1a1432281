"""A claim of your own in a few lines: predict, measure, a law, and a fault that it must catch.

Run it as a script, or with the command line's tables and reports:
``mixed-dynamics verify --claims-from examples/own_claim.py --faults --output report``.
"""

import numpy as np
from hypothesis import strategies as st

import mixed_dynamics as md

PROBLEMS = st.fixed_dictionaries(
    {
        "d_in": st.integers(1, 8),
        "d_out": st.integers(1, 8),
        "width": st.integers(1, 30),
        "ratio": st.floats(0.1, 10.0),
        "seed": st.integers(0, 2**32 - 1),
    }
)


def network(problem):
    """Draw a network whose layers have variances of different size."""
    d_in, d_out, width = (problem[name] for name in ("d_in", "d_out", "width"))
    scales = {"init_variance": 0.1, "init_variance2": 0.1 * problem["ratio"]}
    return md.explicit_weights(d_in, d_out, width, **scales, rng=problem["seed"])


def start(problem, sign=-1.0):
    """Predict: the trace at the start."""
    state = network(problem)
    return np.sum(state.W1**2) + sign * np.sum(state.W2**2)


def end(problem):
    """Measure: the trace at the end of flow."""
    task = md.low_rank_recovery(problem["d_in"], problem["d_out"], rank=1, rng=problem["seed"] + 1)
    run = md.gradient_flow(network(problem), task, [0.5], rtol=1e-12, atol=1e-14, keep_weights=True)
    return float((run.W1**2).sum() - (run.W2**2).sum())


def scale(problem):
    """Return a norm for the law to compare with: the trace itself may vanish."""
    state = network(problem)
    return np.sum(state.W1**2) + np.sum(state.W2**2)


CLAIMS = (
    md.Claim(
        name="trace-of-balancedness",
        family="my claims",
        statement="Flow conserves ||W1||^2 - ||W2||^2.",
        holds="squared loss, any shape and scales of the layers",
        source="a corollary of balancedness-flow",
        problems=PROBLEMS,
        predict=lambda problem: np.array([start(problem), scale(problem)]),
        measure=lambda problem: np.array([end(problem), scale(problem)]),
        law=md.RoundOff("integrator", in_eps=False),
        faults=(
            md.Fault(
                "the sum instead",
                predict=lambda problem: np.array([start(problem, +1.0), scale(problem)]),
            ),
        ),
    ),
)

if __name__ == "__main__":
    print(md.table_header())
    md.run_claims(CLAIMS, watch=lambda verdict: print(md.table_row(verdict)))
    print(md.table_header("fault"))
    md.run_faults(CLAIMS, watch=lambda verdict: print(md.table_row(verdict)))
