"""The list of mutants fits the source: every edit applies, every net is there."""

from collections import Counter

import pytest
from explained import EXPLAINED
from mutant import KINDS, ROOT
from mutants import FAMILIES
from results import RESULTS, read
from score import DOCS, tables

from theory.topics import TOPICS
from verify import all_claims

#: A mutation run is of so many at least.
ENOUGH = 150

MUTANTS = [mutant for family in FAMILIES for mutant in family.mutants]


def test_every_mutant_applies_to_the_source_exactly_once():
    moved_on = [(x.file, x.old, x.occurrences) for x in MUTANTS if x.occurrences != 1]
    assert moved_on == []


def test_mutants_are_edits_of_known_kinds_and_none_is_there_twice():
    assert len(MUTANTS) >= ENOUGH
    assert {x.kind for x in MUTANTS} <= {*KINDS}
    assert all(x.old != x.new for x in MUTANTS)
    assert max(Counter(x.key for x in MUTANTS).values()) == 1


def test_what_is_explained_is_a_mutant():
    assert {*EXPLAINED} <= {x.key for x in MUTANTS}


def test_the_documentation_shows_the_table_of_the_last_run():
    known = read(RESULTS)
    assert {*known} <= {x.key for x in MUTANTS}
    for path, text in tables(FAMILIES, known).items():
        assert path.parent == DOCS and path.read_text() == text


@pytest.mark.parametrize("family", FAMILIES, ids=lambda x: x.name)
def test_the_nets_of_a_family_are_there(family):
    assert family.mutants and family.tests
    assert {*family.proofs} <= {*TOPICS}
    assert all((ROOT / file).is_file() for file in family.tests)
    assert {*family.claims} <= {*all_claims()}
