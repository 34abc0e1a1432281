"""The self-consistent dynamics against the dimension: four ways to the same matrices A(t).

``dA/dt = -(sqrt(A A^T + c^2) G + G sqrt(A^T A + c^2))``, ``G = A - Y``.  The lift replaces the
square roots by the products of a network of width 2d; the closed form needs no steps.  All cost
``d^3``.  Two comparisons: Euler steps of one learning rate, and whole runs to one accuracy, each
method at the loosest tolerance of its solver that reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from measuring import Curve, Panel, agree, measure, relative
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import sqrtm

from numerics import ClosedForm, Trainer, gradient_flow, low_rank_recovery, random_state
from numerics.reference.euler_scheme import self_consistent_rate

#: Relative error of A that whole runs have to reach at every time, and solver tolerances tried.
ACCURACY = 1e-6
TOLERANCES = 10.0 ** -np.arange(3, 11)

#: Times of a run, in units of 1/(||Y|| + c): the signal is learned at the last.
TIMES = np.linspace(0.6, 3.0, 5)

#: Euler: learning rate in the same unit, steps to the second time, and the largest error allowed,
#: a few times the learning rate since the scheme is of first order.
RATE = 0.02
STEPS = round(TIMES[1] / RATE)
EULER_ERROR = 2 * RATE

#: The square roots by three routes are the same to round-off.
SAME_STEPS = 1e-10

Matrix = NDArray[np.float64]
Rate = Callable[[Matrix, Matrix, float], Matrix]


def rate_by_eigh(A: Matrix, G: Matrix, c: float) -> Matrix:
    """Return dA/dt by symmetric eigenvalue decompositions of both Gram matrices."""
    roots = []
    for gram in (A @ A.T, A.T @ A):
        values, vectors = np.linalg.eigh(gram)
        roots.append((vectors * np.sqrt(np.maximum(values, 0) + c * c)) @ vectors.T)
    return -(roots[0] @ G + G @ roots[1])


def rate_by_sqrtm(A: Matrix, G: Matrix, c: float) -> Matrix:
    """Return dA/dt by SciPy's square root of a general matrix."""
    identity = c * c * np.eye(len(A))
    return -(sqrtm(A @ A.T + identity) @ G + G @ sqrtm(A.T @ A + identity))


#: Right-hand sides of equation (1) with its square roots.
RATES: dict[str, Rate] = {"SVD": self_consistent_rate, "eigh": rate_by_eigh, "sqrtm": rate_by_sqrtm}


class Problem:
    """A d x d task, a start of width 10^6, and the closed form as the reference."""

    def __init__(self, d: int) -> None:
        self.task = low_rank_recovery(d, rank=3, rng=0)
        largest = float(np.linalg.norm(self.task.target, 2))
        c = 0.1 * largest
        self.state = random_state(d, d, 1e6, init_variance=c / 1e6, rng=1)
        self.c = self.state.threshold
        self.times = TIMES / (largest + self.c)
        self.learning_rate = RATE / (largest + self.c)
        self.A0, self.target = self.state.A, self.task.target
        self.expected = self.closed_form()

    def closed_form(self) -> list[Matrix]:
        """Return A at the times, set-up included."""
        solution = ClosedForm(self.A0, self.target, c1=self.c)
        return [solution(time) for time in self.times]

    def lift(self, tolerance: float) -> list[Matrix]:
        """Integrate the lift by the package's gradient flow (DOP853)."""
        found = gradient_flow(
            self.state,
            self.task,
            self.times,
            dynamics="self_consistent",
            rtol=tolerance,
            atol=tolerance,
        )
        return list(found.A.values)

    def equation(self, rate: Rate, tolerance: float) -> list[Matrix]:
        """Integrate equation (1) by the same solver."""
        shape = self.target.shape

        def velocity(_: float, flat: NDArray) -> NDArray:
            A = flat.reshape(shape)
            return rate(A, A - self.target, self.c).ravel()

        found = solve_ivp(
            velocity,
            (0.0, self.times[-1]),
            self.A0.ravel(),
            method="DOP853",
            t_eval=self.times,
            rtol=tolerance,
            atol=tolerance,
        )
        return [column.reshape(shape) for column in found.y.T]

    def error(self, matrices: Sequence[Matrix]) -> float:
        """Return the largest relative error over the times."""
        return max(relative(A, B) for A, B in zip(matrices, self.expected, strict=True))


def euler_steps(problem: Problem) -> dict[str, tuple[Callable[[], object], Callable[[], Matrix]]]:
    """Return, for each method, a function that makes a step and one that returns A."""
    trainer = Trainer(
        problem.state, problem.task, learning_rate=problem.learning_rate, dynamics="self_consistent"
    )
    found = {"lift, products alone": (lambda: trainer.advance(1), lambda: trainer.A)}
    for name, rate in RATES.items():
        A = problem.A0.copy()

        def step(A: Matrix = A, rate: Rate = rate) -> None:
            A += problem.learning_rate * rate(A, A - problem.target, problem.c)

        found[f"equation (1), {name}"] = (step, lambda A=A: A)
    return found


def step_panel(sizes: Sequence[int], seconds: float) -> Panel:
    """Measure an Euler step over dimensions."""
    curves: dict[str, Curve] = {}
    for d in sizes:
        problem = Problem(d)
        steps = euler_steps(problem)
        # The expensive steps of large matrices are checked at the start of the run alone.
        count = STEPS if d <= 200 else STEPS // 10
        exact = ClosedForm(problem.A0, problem.target, c1=problem.c)(count * problem.learning_rate)
        found = {}
        for name, (step, matrix) in steps.items():
            for _ in range(count):
                step()
            found[name] = matrix().copy()
            error = agree(f"{name}, at d = {d}", relative(found[name], exact), EULER_ERROR)
            curves.setdefault(name, Curve(name, 3.0, tolerance=EULER_ERROR))
            if name.startswith("equation"):
                agree(
                    f"{name}, at d = {d}",
                    relative(found[name], found["equation (1), SVD"]),
                    SAME_STEPS,
                )
            curves[name].difference.append(error)
        times = measure({name: step for name, (step, _) in steps.items()}, seconds)
        for name, curve in curves.items():
            curve.add(d, times[name], curve.difference.pop())
    return Panel(
        "step",
        "An Euler step of one learning rate",
        "dimension d",
        "seconds a step",
        list(curves.values()),
        f"A against the closed form at learning rate {RATE:g}/(||Y|| + c), an error of its order; "
        f"the three routes to the square roots agree to {SAME_STEPS:g}",
    )


def run_panel(sizes: Sequence[int], seconds: float) -> Panel:
    """Measure whole runs to one accuracy over dimensions."""
    curves: dict[str, Curve] = {}
    first: dict[str, float] = {}
    for d in sizes:
        problem = Problem(d)
        methods = {"lift, DOP853": problem.lift} | {
            f"equation (1), {name}, DOP853": partial(problem.equation, RATES[name])
            for name in ("SVD", "eigh")
        }
        # The closed form is the reference: held against the tightest run of the lift.
        own = problem.error(problem.lift(TOLERANCES[-1]))
        calls = {"closed form": problem.closed_form}
        curves.setdefault("closed form", Curve("closed form", 3.0, tolerance=ACCURACY / 100))
        found = {"closed form": (agree(f"closed form, at d = {d}", own, ACCURACY / 100), "")}
        for name, method in methods.items():
            tolerance, error = _loosest(problem, method, first.get(name, TOLERANCES[0]))
            first[name] = tolerance
            found[name] = (agree(f"{name}, at d = {d}", error, ACCURACY), f"{tolerance:.0e}")
            calls[name] = partial(method, tolerance)
            curves.setdefault(name, Curve(name, 3.0, tolerance=ACCURACY))
        times = measure(calls, seconds)
        for name, curve in curves.items():
            curve.add(d, times[name], found[name][0])
            curve.setting = found[name][1] and f"rtol {found[name][1]}"
    return Panel(
        "run",
        f"{TIMES.size} times of a run, to a relative error of {ACCURACY:.0e}",
        "dimension d",
        "seconds a run",
        list(curves.values()),
        "largest relative error of A over the times, against the closed form; the closed form's "
        f"own against the lift at rtol {TOLERANCES[-1]:.0e}",
    )


def _loosest(
    problem: Problem, method: Callable[[float], list[Matrix]], first: float
) -> tuple[float, float]:
    """Return the loosest tolerance that reaches the accuracy, from a first one on, and its error.

    Larger matrices have not needed looser tolerances: the search begins where it ended before.
    """
    for tolerance in TOLERANCES[TOLERANCES <= first]:
        error = problem.error(method(float(tolerance)))
        if error <= ACCURACY:
            break
    return float(tolerance), error
