"""Every formula that the dynamics show, evaluated on trained weights and integrated flows."""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.linalg import block_diag, expm

from theory.dynamics import single_mode
from theory.symbols import (
    C1,
    C2,
    W1,
    W2,
    A,
    G,
    Ghat,
    J,
    Q,
    Theta,
    X,
    Y,
    c,
    c1,
    c2,
    eta,
    lam,
    s,
    s0,
    t,
    w,
    y,
)
from theory.symbols import dynamics as sd
from theory.symbols.notation import q_minus, q_plus, r_of, s0_positive, s_of, y_positive

INPUTS, OUTPUTS, WIDTH = 3, 2, 4
REFLECTION = block_diag(np.eye(INPUTS), -np.eye(OUTPUTS))


def off_diagonal(matrix):
    return np.block(
        [[np.zeros((INPUTS, INPUTS)), matrix.T], [matrix, np.zeros((OUTPUTS, OUTPUTS))]]
    )


def layers(first, second, gradient):
    """Return what the two layers make, by name."""
    factor = np.vstack([first.T, second])
    return {
        W1: first,
        W2: second,
        G: gradient,
        A: second @ first,
        C1: first.T @ first,
        C2: second @ second.T,
        Theta: factor,
        Q: factor @ factor.T,
        Ghat: off_diagonal(gradient),
        J: REFLECTION,
    }


def weights(shift):
    """Two layers that follow a constant gradient for a moment."""
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(WIDTH, INPUTS)), rng.normal(size=(OUTPUTS, WIDTH))
    residual, inputs, rate = rng.normal(size=(OUTPUTS, 5)), rng.normal(size=(INPUTS, 5)), 0.1
    gradient = residual @ inputs.T
    # The rates are linear in the layers, and differences from both sides do not see squares.
    moved = first - shift * second.T @ gradient, second - shift * gradient @ first.T
    values = layers(*moved, gradient)
    next_first = first - rate * second.T @ gradient
    next_second = second - rate * gradient @ first.T
    in_turns = second - rate * gradient @ next_first.T
    both = np.vstack([next_first.T, next_second])
    lift = values[Theta]
    drift = both.T @ REFLECTION @ both - lift.T @ REFLECTION @ lift
    return values | {
        eta: rate,
        X: inputs,
        sd.R: residual,
        sd.grad_W1: second.T @ gradient,
        sd.grad_W2: gradient @ first.T,
        sd.Q_next: both @ both.T,
        sd.Theta_next: np.vstack([next_first.T, in_turns]),
        sd.Delta_B: drift,
    }


def flow(shift):
    """The squared loss under flow from infinite width, integrated with 12 digits."""
    rng = np.random.default_rng(5)
    scales, target, time = (1.3, 0.4), rng.normal(size=(OUTPUTS, INPUTS)), 0.4 + shift
    start = np.sqrt(block_diag(scales[0] * np.eye(INPUTS), scales[1] * np.eye(OUTPUTS)))

    def rate(_, flat):
        factor = flat.reshape(start.shape)
        gradient = (factor @ factor.T)[INPUTS:, :INPUTS] - target
        return -(off_diagonal(gradient) @ factor).ravel()

    # A step of 12 digits in time is exact for the differences that are taken of it.
    end = solve_ivp(rate, (0, time), start.ravel(), "DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
    factor = end.reshape(start.shape)
    threshold, imbalance = sum(scales) / 2, scales[0] - scales[1]
    mirror = off_diagonal(target)
    size = INPUTS + OUTPUTS
    root = power(mirror @ mirror + threshold**2 * np.eye(size), 0.5)
    inverse, shifted = np.linalg.inv(root), mirror + imbalance / 2 * REFLECTION
    decay, cosh = expm(-root * time), (expm(root * time) + expm(-root * time)) / 2
    sinh = inverse @ (expm(root * time) - expm(-root * time)) / 2
    values = layers(factor[:INPUTS].T, factor[INPUTS:], np.zeros_like(target))
    values = {name: values[name] for name in (A, C1, C2, Q, J)}
    gradient = values[A] - target
    q0 = start @ start
    change = rng.normal(size=(size, size))
    change = 0.1 * (change + change.T)
    generator = np.block(
        [[-shifted, np.eye(size)], [scales[0] * scales[1] * np.eye(size), shifted]]
    )
    grown = expm(generator * time)
    denominator = {
        name: grown[:size, :size] + grown[:size, size:] @ begun
        for name, begun in ((sd.U_a, q0), (sd.U_b, q0 + change))
    }
    numerator = grown[size:, :size] + grown[size:, size:] @ (q0 + change)
    return (
        values
        | denominator
        | {
            sd.Q_a: values[Q],
            sd.Q_b: numerator @ np.linalg.inv(denominator[sd.U_b]),
            sd.Delta_0: change,
            Y: target,
            G: gradient,
            Ghat: off_diagonal(gradient),
            c1: scales[0],
            c2: scales[1],
            c: threshold,
            lam: imbalance,
            t: time,
            sd.F: mirror,
            sd.F_shifted: shifted,
            sd.D_matrix: root,
            sd.Q0: q0,
            sd.Cosh: cosh,
            sd.Sinh: sinh,
            sd.Decay: decay,
            sd.Gain: (np.eye(size) - decay @ decay) @ inverse / 2,
            sd.Delta_start: q0 - shifted + root,
            sd.N_bracket: values[Q] - shifted + root,
            sd.Q_end: shifted + root,
        }
    )


def hidden(_):
    """Layers of infinite width around a random A, and two unit vectors."""
    rng = np.random.default_rng(9)
    scales, matrix = (1.3, 0.4), rng.normal(size=(OUTPUTS, INPUTS))
    threshold, imbalance = sum(scales) / 2, scales[0] - scales[1]
    square = threshold**2
    one = power(matrix.T @ matrix + square * np.eye(INPUTS), 0.5)
    other = power(matrix @ matrix.T + square * np.eye(OUTPUTS), 0.5)
    left = imbalance / 2
    C1_, C2_ = one + left * np.eye(INPUTS), other - left * np.eye(OUTPUTS)
    gram = np.block([[C1_, matrix.T], [matrix, C2_]])
    a, b = (x / np.linalg.norm(x) for x in (rng.normal(size=(k, 1)) for k in (INPUTS, OUTPUTS)))
    return {
        A: matrix,
        C1: C1_,
        C2: C2_,
        Q: gram,
        J: REFLECTION,
        c: threshold,
        c1: scales[0],
        c2: scales[1],
        lam: imbalance,
        sd.R1: one,
        sd.R2: other,
        sd.R_both: gram - left * REFLECTION,
        sd.unit_in: a,
        sd.unit_out: b,
        sd.unit_both: np.vstack([a, b]),
    }


def balanced(shift):
    """The squared loss under flow from lambda-balanced weights, with whitened inputs."""
    rng = np.random.default_rng(7)
    imbalance, width, time, kappa = 0.7, 2, 0.4 + shift, 1.7
    turned = [np.linalg.qr(rng.normal(size=(k, k)))[0] for k in (width, OUTPUTS, INPUTS)]
    small = np.array([0.5, 0.2])
    first = turned[0] @ (np.sqrt(small + imbalance)[:, None] * turned[2][:, :width].T)
    second = turned[1] * np.sqrt(small) @ turned[0].T
    inputs = np.sqrt(kappa) * np.linalg.qr(rng.normal(size=(5, INPUTS)))[0].T
    samples = rng.normal(size=(OUTPUTS, 5))
    target = samples @ inputs.T / kappa
    start, size = np.vstack([first.T, second]), INPUTS + OUTPUTS

    def rate(_, flat):
        factor = flat.reshape(start.shape)
        gradient = (factor @ factor.T)[INPUTS:, :INPUTS] - target
        return -(off_diagonal(gradient) @ factor).ravel()

    end = solve_ivp(rate, (0, time), start.ravel(), "DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
    factor = end.reshape(start.shape)
    shifted = off_diagonal(target) + imbalance / 2 * REFLECTION
    growth = expm(shifted * time)
    rates, vectors = np.linalg.eigh(shifted)
    total = (vectors * np.expm1(2 * rates * time) / (2 * rates)) @ vectors.T
    root, square = power(total, 0.5), rng.normal(size=(size, size))
    turn, triangle = np.linalg.qr(start.T @ root)
    large = np.diag(np.maximum(1, np.abs(np.diag(triangle))))
    rows = np.linalg.inv(large) @ triangle
    inverse = np.linalg.inv(growth)
    squares = rng.normal(size=(size, size))
    gram = factor @ factor.T
    return {
        w: width,
        A: gram[INPUTS:, :INPUTS],
        Q: gram,
        J: REFLECTION,
        Theta: factor,
        lam: imbalance,
        c1: imbalance,
        c2: 0.0,
        t: time,
        Y: target,
        X: inputs,
        G: (gram[INPUTS:, :INPUTS] @ inputs - samples) @ inputs.T,
        sd.kappa_inputs: kappa,
        sd.Y_samples: samples,
        sd.F_shifted: shifted,
        sd.Q0: start @ start.T,
        sd.P_fixed: np.zeros((size, size)),
        sd.N_bracket: gram,
        sd.Growth: growth,
        sd.Growth_sum: total,
        sd.Growth_root: root,
        sd.Rho: growth @ np.linalg.inv(root),
        sd.L_start: start,
        sd.M_inner: np.eye(width) + start.T @ total @ start,
        sd.O_units: turn,
        sd.S_large: large,
        sd.T_rows: rows,
        sd.K_inner: np.linalg.inv(large) @ np.linalg.inv(large) + rows @ rows.T,
        sd.L_square: square,
        sd.M_square: np.eye(size) + square.T @ total @ square,
        sd.Delta_start: square @ square.T,
        sd.Decay: inverse,
        sd.Gain: inverse @ total @ inverse,
        sd.T_square: squares,
        sd.K_square: squares @ squares.T,
    }


def power(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    return vectors * values**exponent @ vectors.T


def unified(shift):
    """The same flow, with the names of the unified evolution."""
    values = flow(shift)
    left, singular, right = np.linalg.svd(values[A])
    diagonal = np.zeros((OUTPUTS, INPUTS))
    np.fill_diagonal(diagonal, singular)
    extended = np.append(singular, np.zeros(INPUTS - OUTPUTS))
    mine = {name: values[name] for name in (A, C1, C2, Q, J, G, Ghat, c1, c2, c, lam)}
    # From A = 0 the matrix keeps the singular vectors of the target.
    target_left, _, target_right = np.linalg.svd(values[Y])
    entry = lambda matrix: target_left[:, 0] @ matrix @ target_right[0]  # noqa: E731
    mine |= {s: entry(values[A]), sd.g: entry(values[G])}
    if shift == 0:
        ahead, behind = (entry(flow(side * 1e-5)[A]) for side in (1, -1))
        mine[sp.Derivative(s_of(t), t)] = (ahead - behind) / 2e-5
    return mine | {
        sd.U_left: left,
        sd.S_values: diagonal,
        sd.V_right: right.T,
        sd.P1: np.diag(np.sqrt(extended**2 + values[c] ** 2)),
        sd.P2: np.diag(np.sqrt(singular**2 + values[c] ** 2)),
    }


def mode(_):
    """One mode of the squared loss, integrated with 12 digits."""
    begun, target, threshold, time = 0.3, 1.1, 0.7, 0.9

    def rate(_, value):
        return 2 * np.sqrt(value**2 + threshold**2) * (target - value)

    value = solve_ivp(rate, (0, time), [begun], "DOP853", rtol=1e-13, atol=1e-13).y[0, -1]
    root = np.sqrt(value**2 + threshold**2)
    solution = single_mode.mode_solution().subs(single_mode.DEFINITIONS)
    return {
        y: target,
        y_positive: target,
        s0: begun,
        s0_positive: begun,
        sd.s0_size: begun,
        c: threshold,
        t: time,
        s: value,
        s_of(t): value,
        s_of(0): begun,
        sp.Derivative(s_of(t), t): rate(0, value),
        r_of(t): target_distance(),
        s_of(sd.c_squared): solution.subs(
            {c: sp.sqrt(sd.c_squared), y: y_positive, s0: s0_positive}
        ),
        q_plus: root + value,
        q_minus: root - value,
        sp.Derivative(q_plus, t): (1 + value / root) * rate(0, value),
        sp.Derivative(q_minus, t): (value / root - 1) * rate(0, value),
    }


def target_distance():
    return single_mode.remaining_distance().subs(single_mode.DEFINITIONS)


WORLDS = {
    "gram-dynamics": weights,
    "gram-descent": weights,
    "unified-evolution": unified,
    "closed-form": flow,
    "balanced-closed-form": balanced,
    "masked-stability": hidden,
    "single-mode": mode,
}

#: Steps in which names have special values, which their texts say.
SPECIAL = {
    "unified-evolution": ["It is zero at infinite width"],
    "closed-form": ["and starts at Q0", "The distance N = Q - (Ft + D)", "and its start, where"],
    "balanced-closed-form": ["The Riccati equation has then", "and starts at Q0"],
    "single-mode": [
        "Lazy limit",
        "Its relative correction starts",
        "Balanced limit",
        "Kernel form",
        "Far below the target",
        "A small distance from",
        "where the factor is -1",
    ],
}

#: Steps that cannot be evaluated, with the reason.
UNKNOWN: dict[str, dict[str, str]] = {
    "masked-stability": {
        "Cauchy and Schwarz": "an inequality",
        "A mask can only lessen": "an inequality",
    }
}


@pytest.mark.parametrize("topic", WORLDS)
def test_every_shown_formula_holds_in_numbers(topic, shown, derivations):
    lists = SPECIAL.get(topic, []), UNKNOWN.get(topic, {})
    shown.check(derivations(topic), WORLDS[topic], *lists)
