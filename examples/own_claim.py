"""A claim of your own in a few lines: predict, measure, a law, and a fault that it must catch.

Run it as a script, or with the command line's tables and reports:
``mixed-dynamics verify --claims-from examples/own_claim.py --faults --output report``.
"""

import numpy as np

import mixed_dynamics as md
from verify.problems.linear_tasks import network, task
from verify.problems.strategies import problems


def start(problem, sign=-1.0):
    """Predict: the trace at the start."""
    state = network(problem)
    return np.sum(state.W1**2) + sign * np.sum(state.W2**2)


def end(problem):
    """Measure: the trace at the end of flow."""
    run = md.gradient_flow(
        network(problem), task(problem), [0.5], rtol=1e-12, atol=1e-14, keep_weights=True
    )
    return float((run.W1**2).sum() - (run.W2**2).sum())


def scale(problem):
    """Return a norm for the law to compare with: the trace itself may vanish."""
    return np.sum(network(problem).W1 ** 2)


CLAIMS = (
    md.Claim(
        name="trace-of-balancedness",
        family="my claims",
        statement="Flow conserves ||W1||^2 - ||W2||^2.",
        holds="squared loss, any shape and scales of the layers",
        source="a corollary of balancedness-flow",
        problems=problems(),
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
