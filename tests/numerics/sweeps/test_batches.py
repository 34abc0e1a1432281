"""Batches: every cell once, the long ones first, whatever the order asked."""

from numerics.phase_diagram.sweep import SweepPlan
from numerics.sweeps.batches import BATCH, batches

SMALL = {"gamma_sigma2": "-2:0:3", "gamma_w": "0:2:5", "d": 20, "rank": 2}


def test_batches_hold_every_cell_once_and_long_ones_first():
    plan = SweepPlan.from_mapping(SMALL | {"replicates": 9, "d": 60})
    groups = batches(plan, range(3, len(plan)))
    assert len(groups) > 2
    assert sorted(k for group, _ in groups for k in group) == list(range(3, len(plan)))
    costs = [plan.cost(plan.cell(k)) for group, _ in groups for k in group]
    assert costs == sorted(costs, reverse=True)
    assert all(seconds >= BATCH for _, seconds in groups[:-1])
    assert batches(plan, []) == []


def test_batches_do_not_depend_on_the_order_asked():
    plan = SweepPlan.from_mapping(SMALL)
    assert batches(plan, range(15)) == batches(plan, reversed(range(15)))
