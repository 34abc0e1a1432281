"""The product's own claims, with the quick profile: each holds, and each fault is caught.

Faults and counterexamples of expensive claims and all of long ones, minutes in all, are slow tests.
"""

import pytest

from verify.claims.registry import FAMILIES, all_claims, claims_from, get_claim, select_claims
from verify.framework.runner import run_claim, run_counterexample

CLAIMS = list(all_claims().values())
SEED = 0


def profile(name):
    """Return the quickest profile that examines a claim."""
    return "standard" if get_claim(name).cost == "long" else "quick"


def parameters(kind):
    """Return (claim's name, fault or counterexample); those of expensive claims are slow."""
    for claim in CLAIMS:
        marks = () if claim.cost == "cheap" else (pytest.mark.slow,)
        for each in getattr(claim, kind):
            name = getattr(each, "name", "counterexample")
            yield pytest.param(claim.name, each, marks=marks, id=f"{claim.name}-{name}")


@pytest.mark.parametrize(
    "name",
    [pytest.param(x.name, marks=(pytest.mark.slow,) if x.cost == "long" else ()) for x in CLAIMS],
)
def test_claim(name):
    verdict = run_claim(get_claim(name), profile(name), SEED)
    assert verdict.holds, f"{verdict.error}\n{verdict.snippet}"


@pytest.mark.parametrize(("name", "fault"), list(parameters("faults")))
def test_fault_is_caught(name, fault):
    verdict = run_claim(get_claim(name), profile(name), SEED, fault)
    assert not verdict.holds, verdict.snippet
    # A fault should be seen in numbers, not by a crash.
    assert verdict.error == ""


@pytest.mark.parametrize(("name", "counterexample"), list(parameters("counterexamples")))
def test_counterexample_is_refuted(name, counterexample):
    verdict = run_counterexample(get_claim(name), counterexample)
    assert not verdict.holds, f"the range of {name} can be widened: {counterexample.looked_true}"
    assert verdict.error == ""


def test_every_family_has_claims():
    assert len({claim.family for claim in CLAIMS}) == len(FAMILIES)


def test_claims_say_what_they_need():
    for claim in CLAIMS:
        for text in (claim.statement, claim.holds, claim.source, claim.law.text, claim.law.reason):
            assert text.strip(), claim.name
        assert claim.statement.endswith("."), claim.name


def test_select_takes_names_and_families_once():
    family = select_claims(["kernels"])
    assert [x.name for x in family] == ["kernel-single-mode", "kernel-lift", "kernel-riccati"]
    assert select_claims(["kernel-lift", "kernels"])[1:] == [family[0], family[2]]
    with pytest.raises(ValueError, match="name must be that of a claim"):
        select_claims(["nonsense"])


def test_own_claims_need_a_file_with_claims(tmp_path):
    with pytest.raises(ValueError, match="must come from a Python file"):
        claims_from(tmp_path / "missing.py")
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(ValueError, match="must define CLAIMS"):
        claims_from(tmp_path / "empty.py")
