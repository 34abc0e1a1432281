"""Every formula of the prediction that is shown, evaluated: orders, pairs, lazy flow."""

import numpy as np
import pytest
import sympy as sp
from scipy.linalg import block_diag, expm

from theory.symbols import C1, C2, A, Ghat, J, Q, Y, c, d_in, d_out, eta, lam, s, t, y
from theory.symbols import dynamics as sd
from theory.symbols import prediction as spr
from theory.symbols import random_matrices as sr
from theory.symbols.notation import D, s_of
from theory.symbols.task import tau, theta


def orders(shift):
    """Two modes: matrices of each order, and the orders of their product by convolution."""
    rng = np.random.default_rng(11)
    pair = lambda: rng.normal(size=(2, 2))  # noqa: E731
    balanced = lambda x: (x + x.T) / 2  # noqa: E731
    names = "N_i N_j Q_i Q_j M_i S_i S_j M_j L_ii L_ij L_ji L_jj X_ii X_ij X_jj".split()
    blocks = {name: pair() for name in names}
    for name in ("Q_i", "Q_j", "S_i", "S_j", "X_ii", "X_jj"):
        blocks[name] = balanced(blocks[name])
    rows = lambda a, b, c, d: np.block([[blocks[a], b], [c, blocks[d]]])  # noqa: E731
    drive = rows("L_ii", blocks["L_ij"], blocks["L_ji"], "L_jj")
    start = rows("X_ii", blocks["X_ij"], blocks["X_ij"].T, "X_jj")
    modes = lambda x: block_diag(blocks[f"{x}_i"], blocks[f"{x}_j"])  # noqa: E731
    rate = 0.1
    factor = [modes("N"), -rate * drive, -rate * modes("M")]
    gram = [modes("Q"), start, modes("S")]
    after = [
        sum(
            factor[i] @ gram[j] @ factor[order - i - j].T
            for i in range(order + 1)
            for j in range(order + 1 - i)
        )
        for order in range(3)
    ]
    reflection = block_diag(np.eye(3), -np.eye(2))
    gradient, whole = rng.normal(size=(2, 3)), rng.normal(size=(5, 5))
    mirror = np.block([[np.zeros((3, 3)), gradient.T], [gradient, np.zeros((2, 2))]])
    moved = whole - shift * (mirror @ whole + whole @ mirror)
    return {spr.BLOCKS[name]: value for name, value in blocks.items()} | {
        eta: rate,
        lam: 0.7,
        Q: moved,
        J: reflection,
        Ghat: mirror,
        spr.Q_balanced: moved - 0.35 * reflection,
        spr.N_order: factor[0],
        spr.L_order: drive,
        spr.M_order: modes("M"),
        spr.Q_order: gram[0],
        spr.X_order: gram[1],
        spr.S_order: gram[2],
        spr.Q_after: after[0],
        spr.X_after: after[1],
        spr.S_after: after[2],
        spr.X_ij_after: after[1][:2, 2:],
        spr.S_i_after: after[2][:2, :2],
    }


THRESHOLD, TARGETS, TIME = sp.Rational(7, 10), (sp.Rational(11, 10), sp.Rational(-6, 10)), 0.9


def solution(target, time):
    """A mode that starts at 0, and its integrating factor, exp of the integral of the root."""
    root = sp.sqrt(target**2 + THRESHOLD**2)
    cosh, sinh = root * sp.cosh(root * time), sp.sinh(root * time)
    down, up = (cosh + (THRESHOLD - sign * target) * sinh for sign in (1, -1))
    return THRESHOLD * (up / down - down / up) / 2, sp.sqrt(down * up) / root


def pair(_):
    """Two modes from 0, whose zeta is found by quadrature."""
    values = {c: THRESHOLD, t: TIME, y: TARGETS[0], s: solution(TARGETS[0], TIME)[0]}
    values |= {D: sp.sqrt(TARGETS[0] ** 2 + THRESHOLD**2)}
    functions = (spr.s_i_of, spr.E_i_of), (spr.s_j_of, spr.E_j_of)
    for target, (mode, factor) in zip(TARGETS, functions, strict=True):
        values[mode] = lambda time, target=target: solution(target, time)[0]
        values[factor] = lambda time, target=target: solution(target, time)[1]
    values[s_of] = values[spr.s_i_of]
    values[spr.E_of] = values[spr.E_i_of]
    values[spr.p_of] = lambda time: sp.sqrt(values[s_of](time) ** 2 + THRESHOLD**2)

    def zeta(time):
        inside = (spr.s_i_of(spr.t_before) + spr.s_j_of(spr.t_before)) * spr.E_i_of(spr.t_before)
        inside *= spr.E_j_of(spr.t_before)
        return -sp.Integral(inside, (spr.t_before, 0, time)) / (
            values[spr.E_i_of](time) * values[spr.E_j_of](time)
        )

    letters = (spr.s_i, spr.r_i, spr.p_i, spr.alpha_i), (spr.s_j, spr.r_j, spr.p_j, spr.alpha_j)
    for target, (now, left, root, angle) in zip(TARGETS, letters, strict=True):
        place = float(solution(target, TIME)[0])
        values |= {now: place, left: float(target) - place}
        values |= {root: np.hypot(place, float(THRESHOLD))}
        values |= {angle: np.arcsinh(place / float(THRESHOLD))}
    return values | {spr.zeta_of: zeta, spr.zeta: zeta(t)}


def descent(_):
    """A network of one weight a layer, and random numbers."""
    first, second, target = 0.8, 0.5, 1.1
    product = first * second
    # Flow of both weights: d first = second (target - product), and the other way.
    moved = (second**2 + first**2) * (target - product)
    return {
        sd.x: first**2,
        sd.a: product,
        sd.z: second**2,
        y: target,
        sp.Derivative(sd.a_of(t), t): moved,
    }


def lazy(_):
    """A mode from 0 in closed form, and a matrix that flows with frozen C1 and C2."""
    rng = np.random.default_rng(13)
    scale, target, time = 0.7, 1.1, 0.9
    first, second = rng.normal(size=(3, 3)), rng.normal(size=(2, 2))
    first, second, whole = first @ first.T, second @ second.T, rng.normal(size=(2, 3))
    # d(A - Y)/dt = -(C2 (A - Y) + (A - Y) C1), as one linear system in all entries.
    system = np.kron(second, np.eye(3)) + np.kron(np.eye(2), first)
    left = (expm(-system * time) @ (-whole).ravel()).reshape(2, 3)
    return {
        c: scale,
        y: target,
        t: time,
        D: np.hypot(scale, target),
        s_of(t): solution(sp.Rational(11, 10), time)[0],
        A: whole + left,
        Y: whole,
        C1: first,
        C2: second,
        spr.E_1: expm(-first * time),
        spr.E_2: expm(-second * time),
        d_in: 3,
        d_out: 2,
    }


def moved(_):
    """A spike that noise moves, its shares differenced; four-point Gaussian sums by enumeration."""
    noise, signal, rows, columns, size, step = 0.8, 3.1, 4.0, 7.0, 1.3, 1e-5
    position = lambda x: (  # noqa: E731
        sp.sqrt((x**2 + noise**2 * rows) * (x**2 + noise**2 * columns)) / x
    )
    first, second = (float(sp.diff(position(theta), theta, k).subs(theta, signal)) for k in (1, 2))
    z, learned = float(position(signal)), lambda x: x**2 / 10
    shift, slope = 0.3, 0.2
    place = lambda e: z + e * first * shift  # noqa: E731
    turn = lambda e: first + e * (second * shift + first * slope)  # noqa: E731
    test = lambda e: (  # noqa: E731
        learned(place(e)) ** 2 - 2 * learned(place(e)) * signal * turn(e)
    )
    train = lambda e: (learned(place(e)) - place(e)) ** 2  # noqa: E731
    half = 2 * signal
    left, right = ((signal**2 + noise**2 * x) / z / half for x in (rows, columns))
    near = 1 / (z**2 - size**2)
    # The move with the weights of its parts, of one square or product each.
    parts = 0.11, 0.07, shift - (0.11 * left + 0.07 * right)
    covariance = np.array([[1.3, 0.4], [0.4, 0.6]])
    node, weight = np.polynomial.hermite_e.hermegauss(6)
    weight = weight / weight.sum()
    grid = np.stack(np.meshgrid(node, node, indexing="ij"), -1) @ np.linalg.cholesky(covariance).T
    square, chance = (grid**2).sum(-1), np.outer(weight, weight)
    quarter = 2 * rows * columns * noise**4
    return {
        tau: noise,
        theta: signal,
        sr.m: rows,
        sr.n: columns,
        sr.y_bulk: size,
        sr.y_hat: z,
        sr.y_hat_of: position,
        sr.g_o: z / (signal**2 + noise**2 * rows),
        sr.g_i: z / (signal**2 + noise**2 * columns),
        sr.V_gain: (1 + noise**2 * (rows + columns) / signal**2 / 2)
        / (1 - noise**4 * rows * columns / signal**4),
        sr.shift: shift,
        sr.delta_ii: parts[0],
        sr.delta_oo: parts[1],
        sr.delta_oi: parts[2],
        sd.a: learned(z),
        spr.s_at: learned,
        spr.s_slope: z / 5,
        spr.place_slope: first,
        spr.place_curvature: second,
        spr.shift_slope: slope,
        spr.test_moved: (test(step) - test(-step)) / (2 * step),
        spr.train_moved: (train(step) - train(-step)) / (2 * step),
        spr.left_weight: left * z * near,
        spr.right_weight: right * z * near,
        spr.product_weight: size * near,
        spr.noise_norm: quarter,
        spr.harmonic_of: lambda k: np.sqrt(2 * quarter) if k == 1 else 0.0,
        spr.PAIR_SQUARES[0]: covariance[0, 0],
        spr.PAIR_SQUARES[1]: covariance[0, 1],
        spr.PAIR_SQUARES[2]: covariance[1, 1],
        spr.pair_variance: float((chance * square**2).sum() - (chance * square).sum() ** 2),
    }


WORLDS = {
    "fluctuations": orders,
    "pair-flow": pair,
    "prediction": descent,
    "scatter": moved,
    "fast-prediction": lazy,
}

#: Steps in which names have special values or a meaning of their own.
SPECIAL = {
    "fluctuations": ["Entries of a pair"],
    "pair-flow": ["since it solves, with E"],
    # Both halves of the topic name the parts of a step anew.
    "prediction": [""],
    "fast-prediction": [
        "A kernel computes",
        "Flow time at which",
        "(a factor 1",
        "sums to products",
    ],
}

#: Steps that cannot be evaluated, with the reason.
UNKNOWN: dict[str, dict[str, str]] = {
    "prediction": {"The paper's runs stop when": "a condition, no equation"},
    "fast-prediction": {"Then with growth = V t^2": "two values, no equation"},
}


@pytest.mark.parametrize("topic", WORLDS)
def test_every_shown_formula_holds_in_numbers(topic, shown, derivations):
    lists = SPECIAL.get(topic, []), UNKNOWN.get(topic, {})
    shown.check(derivations(topic), WORLDS[topic], *lists)
