"""What a claim is: a prediction, a measurement, the law of their difference, and its faults.

A claim predicts from theory/, measures with numerics/ and says by which law the two may differ
(:mod:`verify.framework.laws`).  Hypothesis draws the problems.  Each claim carries planted faults,
wrong theories or wrong kernels, under which it must fail: a claim that cannot fail shows nothing.
What looked true beyond a claim's range and was not is kept with it as a :class:`Counterexample`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from hypothesis.strategies import SearchStrategy
from numpy.typing import NDArray

from numerics.support.object_validation import (
    check_callable,
    check_instance,
    check_many,
    check_mapping,
)
from numerics.support.validation import check_choice, check_text
from theory.wording import shown

__all__ = [
    "Array",
    "Claim",
    "Counterexample",
    "Fault",
    "Law",
    "Outcome",
    "Problem",
    "claims_by_name",
]

#: A drawn problem: plain values by name, so that it can be printed as a snippet and run again.
Problem = Mapping[str, Any]

#: What claims predict and measure where it is not one number.
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What one examination of a claim on one problem found.

    Attributes
    ----------
    holds : bool
        Whether the law was kept.
    predicted, measured : str
        What is compared, in a few digits, for the table.
    share_of_bound : float
        Deviation in units of what the law allows; above 1 the law is broken.
    data : mapping
        Points behind the verdict (sizes and errors of a fit), for the report's figure.
    """

    holds: bool
    predicted: str
    measured: str
    share_of_bound: float
    data: Mapping[str, list[float]] = field(default_factory=dict)


class Law(Protocol):
    """How far measured and predicted values may lie apart."""

    @property
    def text(self) -> str:
        """The law in a few words."""

    @property
    def reason(self) -> str:
        """Why the bound is what it is."""

    @property
    def false_alarm(self) -> float:
        """Probability that one examination of a true claim fails; 0 for laws without chance."""

    def judge(self, claim: Claim, problem: Problem) -> Outcome:
        """Predict, measure and compare on one problem."""


@dataclass(frozen=True)
class Fault:
    """A wrong theory or a wrong kernel that a claim must catch.

    Attributes
    ----------
    name : str
        What is wrong, for the table.
    predict, measure : callable, optional
        Stands in for the claim's own.

    Examples
    --------
    >>> Fault("a constant off by 1 %", predict=lambda problem: 1.01).name
    'a constant off by 1 %'
    """

    name: str
    predict: Callable[..., Any] | None = None
    measure: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        """Check what stands in for the claim's own."""
        check_text("name", self.name)
        _check_functions(self)


@dataclass(frozen=True)
class Counterexample:
    """What looked true beyond a claim's range and was not, with a problem that refutes it.

    Attributes
    ----------
    looked_true : str
        The wider claim, in one sentence.
    problem : mapping
        On which it fails (run again by ``mixed-dynamics verify --counterexamples``).
    learnt : str
        Why, and where the claim was restricted in consequence.
    predict, measure : callable, optional
        The wider claim's, where they differ from the claim's.
    law : Law, optional
        By which the wider claim is judged, where it is not the claim's own.

    Examples
    --------
    >>> Counterexample("holds at any width", {"width": 1}, learnt="a narrow one cannot fit").problem
    {'width': 1}
    """

    looked_true: str
    problem: Problem
    learnt: str
    predict: Callable[..., Any] | None = field(default=None, kw_only=True)
    measure: Callable[..., Any] | None = field(default=None, kw_only=True)
    law: Law | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check what the wider claim is made of."""
        for name in ("looked_true", "learnt"):
            check_text(name, getattr(self, name))
        check_mapping("problem", self.problem)
        _check_functions(self)
        if self.law is not None:
            _check_law(self.law)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement that a run can refute.

    Attributes
    ----------
    name : str
        Short and unique, used on the command line.
    family : str
        Heading under which it is listed.
    statement : str
        What is claimed, in one sentence.
    holds : str
        Where it holds; the strategy draws from there.
    source : str
        Paper and equation, or "ours".
    problems : SearchStrategy
        Draws problems.
    predict, measure : callable
        Functions of a problem (and of a size, for asymptotic laws).
    law : Law
        Compares them.
    faults : tuple of Fault
        At least one.
    cost : {"cheap", "expensive", "long"}
        Expensive claims examine few problems, each of many runs; a problem of a long one takes many
        seconds, and the quick profile leaves it out.
    counterexamples : tuple of Counterexample
        Where it was found to stop holding.
    origin : str
        File that a claim of a user's own came from; empty for built-in claims.

    Examples
    --------
    >>> import math
    >>> from hypothesis import strategies as st
    >>> from verify.framework.laws import RoundOff
    >>> claim = Claim(
    ...     name="double-angle", family="mine", statement="sin 2x = 2 sin x cos x",
    ...     holds="for real x", source="school",
    ...     problems=st.fixed_dictionaries({"x": st.floats(-3, 3)}),
    ...     predict=lambda problem: 2 * math.sin(problem["x"]) * math.cos(problem["x"]),
    ...     measure=lambda problem: math.sin(2 * problem["x"]), law=RoundOff(),
    ...     faults=(Fault("the angle itself", measure=lambda problem: math.sin(problem["x"])),),
    ... )
    >>> problem = {"x": 0.3}
    >>> claim.examine(problem).holds, claim.with_fault(claim.faults[0]).examine(problem).holds
    (True, False)
    """

    name: str
    family: str
    statement: str
    holds: str
    source: str
    problems: SearchStrategy[Problem]
    predict: Callable[..., Any]
    measure: Callable[..., Any]
    law: Law
    faults: tuple[Fault, ...]
    cost: str = "cheap"
    counterexamples: tuple[Counterexample, ...] = ()
    origin: str = ""

    def __post_init__(self) -> None:
        """Refuse a claim that nothing could refute."""
        for name in ("name", "family", "statement", "holds", "source", "origin"):
            check_text(name, getattr(self, name))
        check_instance("problems", self.problems, SearchStrategy, "hypothesis.strategies")
        for name in ("predict", "measure"):
            check_callable(name, getattr(self, name))
        _check_law(self.law)
        for name, kind in (("faults", Fault), ("counterexamples", Counterexample)):
            object.__setattr__(self, name, check_many(name, getattr(self, name), kind))
        if not self.faults:
            raise ValueError(f"faults of claim {self.name!r} must be at least one, got none")
        check_choice("cost", self.cost, ("cheap", "expensive", "long"))

    def examine(self, problem: Problem) -> Outcome:
        """Judge the claim on one problem."""
        check_mapping("problem", problem)
        try:
            return self.law.judge(self, problem)
        except LookupError as error:
            raise ValueError(
                f"problem must have what the claim's functions look up, got {', '.join(problem)} "
                f"without {error}"
            ) from error

    def with_fault(self, fault: Fault) -> Claim:
        """Return the claim with a fault planted in it."""
        check_instance("fault", fault, Fault)
        return replace(
            self, predict=fault.predict or self.predict, measure=fault.measure or self.measure
        )

    def examine_counterexample(self, counterexample: Counterexample) -> Outcome:
        """Judge the wider claim of a counterexample on its problem; it should not hold."""
        check_instance("counterexample", counterexample, Counterexample)
        wider = replace(
            self,
            predict=counterexample.predict or self.predict,
            measure=counterexample.measure or self.measure,
            law=counterexample.law or self.law,
        )
        return wider.examine(counterexample.problem)


def _check_functions(standin: Fault | Counterexample) -> None:
    for name in ("predict", "measure"):
        if getattr(standin, name) is not None:
            check_callable(name, getattr(standin, name))


def _check_law(law: Law) -> None:
    if isinstance(law, type) or not callable(getattr(law, "judge", None)):
        raise TypeError(f"law must be a law, such as RoundOff(), got {shown(law)}")


def claims_by_name(claims: Iterable[Claim]) -> dict[str, Claim]:
    """Return claims by name; a name that occurs twice is an error."""
    found: dict[str, Claim] = {}
    for claim in claims:
        if claim.name in found:
            raise ValueError(f"names of claims must differ, got {claim.name!r} twice")
        found[claim.name] = claim
    return found
