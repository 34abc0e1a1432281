"""The bookkeeping of the mode recursion, interpreted, with arithmetic that counts."""

import numpy as np
import pytest


def run(plain, steps, **arithmetic):
    functions = {
        "stage_count": lambda: 1,
        "mode_gain": lambda y, a, eta: eta * (y - a),
        "mode_stage": lambda stage, x, a, z, h: (x, a + h, z),
        "shift_stage": lambda stage, h, drive, x, a, z, s00, s10, s11, eta: (s00, s10, s11),
        "pair_stage": lambda *values: (0.0,) * 6 + values[-5:-1],
    }
    loop = plain("mode_recursion", **functions | arithmetic)
    modes = loop.Modes(np.array([1.0, 2.0]), np.zeros((2, 3)), np.zeros((2, 3)))
    pairs = loop.Pairs(
        np.array([0, 0]),
        np.array([0, 1]),
        np.array([[1.0, 0.0], [5.0, 7.0]]),
        np.array([0.5, 10.0]),
        np.array([0.0, 3.0]),
        np.array([2.0, 0.25]),
        np.array([0]),
        np.array([0, 1, 3]),
        np.arange(12.0).reshape(3, 4),
    )
    shapes = ((2,), (2,), (), (), (1,), (), ())
    record = loop.Record(*(np.empty((steps + 1, *shape)) for shape in shapes))
    loop.second_order(modes, pairs, 0.1, record)
    return modes, pairs, record


def test_modes_move_by_the_gain_of_the_step(plain):
    _, _, record = run(plain, 3)
    expected = np.array([1.0, 2.0]) * (1 - 0.9 ** np.arange(4))[:, None]
    np.testing.assert_allclose(record.mode, expected)
    assert not record.shift.any()


def test_the_gain_stands_still_between_the_stages_of_a_step(plain):
    _, _, record = run(plain, 2, stage_count=lambda: 2)
    np.testing.assert_allclose(record.mode[:, 0], [0, 0.2, 0.2 + 2 * 0.1 * 0.8])


def test_powers_are_sums_over_pairs_with_their_weights(plain):
    _, _, record = run(plain, 1)
    squares = [1 + 4, 25 + 36 + 81 + 100]
    assert record.power.tolist() == [0.5 * squares[0] + 10 * squares[1]] * 2
    assert record.bulk_power.tolist() == [3.0 * squares[1]] * 2
    assert record.signal_power.tolist() == [2 * 0.5 * squares[0] + 0.25 * 10 * squares[1]] * 2
    # The pair of mode 0 with itself has one entry; of the other, 4, 8 (dA_ij) beside 5, 9.
    assert record.own_square.tolist() == [[4.0]] * 2
    itself, other = 4**2 + 2 * 2**2 + 1**2, 136**2 + 2 * 120**2 + 106**2
    assert record.power_variance.tolist() == [2 * (0.5 * itself + 10 * other - 4**2)] * 2


def test_partners_add_as_often_as_they_are_there(plain):
    def one_each(*values):
        return (1.0, 0.0, 0.0, 0.0, 0.0, 2.0, *values[-5:-1])

    modes, _, _ = run(plain, 1, pair_stage=one_each)
    # mode 0: its own pair once, and two excitations of five partners; mode 1: two of seven.
    assert modes.shifts.tolist() == [[1.0 + 2 * 5.0, 0.0, 0.0], [0.0, 0.0, 2 * 2.0 * 7.0]]


def test_the_drive_of_a_pair_stands_still_during_a_step(plain):
    seen = []

    def watch(stage, *values):
        *_, g_ij, g_ji, x00, x01, x10, x11, _ = values
        seen.append((stage, g_ij, g_ji))
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, x00, x01 + 100, x10 + 100, x11

    run(plain, 2, pair_stage=watch, stage_count=lambda: 2)
    first = [call[1:] for call in seen if call[1] == 2 or call[1] == 202]
    assert first == [(2.0, 1.0)] * 2 + [(202.0, 201.0)] * 2


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_the_last_row_makes_no_step(plain, steps):
    modes, _, record = run(plain, steps)
    assert modes.blocks[:, 1].tolist() == record.mode[-1].tolist()


def test_euler_steps_start_at_zero(plain):
    loop = plain("mode_recursion", euler_step=lambda y, s, c, eta: s + eta * c * (y - s))
    mode = np.empty((3, 1))
    loop.euler(np.array([2.0]), 4.0, 0.125, mode)
    assert mode[:, 0].tolist() == [0.0, 1.0, 1.5]
