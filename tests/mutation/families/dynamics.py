"""Mutants of the dynamics: Gram flow, unified evolution, closed forms, modes of descent, depth."""

from mutant import family

GRAM = "theory/dynamics/gram_flow.py"
GRAM_DESCENT = "theory/dynamics/gram_descent.py"
UNIFIED = "theory/dynamics/unified_evolution.py"
CLOSED = "theory/dynamics/closed_form.py"
BALANCED = "theory/dynamics/low_rank_solution.py"
SINGLE = "theory/dynamics/single_mode.py"
MODE = "theory/dynamics/mode_descent.py"
ROOT = "theory/dynamics/matrix_root.py"
DEPTH = "theory/depth/rate.py"

FAMILIES = (
    family(
        "gram flow",
        (
            GRAM,
            "C1: normal_form(rates[0][0], symmetric)",
            "C1: normal_form(rates[1][1], symmetric)",
            "swap",
        ),
        (
            GRAM,
            "rates = blocks(-(signed * gram) - gram * signed)",
            "rates = blocks(-2 * (signed * gram) - gram * signed)",
            "factor",
        ),
        (
            GRAM,
            "rates = blocks(-(signed * gram) - gram * signed)",
            "rates = blocks(-(signed * gram))",
            "dropped term",
        ),
        (
            GRAM,
            "{Theta: -Ghat * Theta})\n\n\ndef balancedness_descent",
            "{Theta: -Ghat * J * Theta})\n\n\ndef balancedness_descent",
            "swap",
        ),
        (GRAM, "factors = (upper, lower)", "factors = (lower, upper)", "swap"),
        (
            GRAM,
            "sp.Eq(norm2(NTK), d_out * norm2(C1) + d_in * norm2(C2) + traces",
            "sp.Eq(norm2(NTK), d_in * norm2(C1) + d_out * norm2(C2) + traces",
            "dimension",
        ),
        proofs="gram-dynamics gram-descent",
        tests=(
            "tests/theory/dynamics/test_gram_flow.py",
            "tests/theory/dynamics/test_shown_formulas.py",
            "tests/numerics/linear/test_training_by_reference.py",
            "tests/numerics/linear/test_training.py",
        ),
        claims="equivariance layerwise-ntk width-free transposition balancedness-descent",
    ),
    family(
        "gram descent",
        (GRAM_DESCENT, "return A - eta * RATE / 2", "return A - eta * RATE", "factor"),
        (GRAM_DESCENT, "_half_step(C1, G.T * HALFWAY)", "_half_step(C1, HALFWAY.T * G)", "swap"),
        (
            GRAM_DESCENT,
            "normal_form(-order_of(matrix, eta, 1))",
            "normal_form(order_of(matrix, eta, 1))",
            "sign",
        ),
        proofs="gram-descent",
        tests=(
            "tests/theory/dynamics/test_gram_descent.py",
            "tests/numerics/linear/test_gram_training.py",
        ),
        claims="equivariance sequential-simultaneous transposition",
    ),
    family(
        "unified evolution",
        (UNIFIED, "THRESHOLD = (c1 + c2) / 2", "THRESHOLD = sp.sqrt(c1 * c2)", "power"),
        (UNIFIED, "IMBALANCE = c1 - c2", "IMBALANCE = c2 - c1", "sign"),
        (UNIFIED, "- c1 * c2 * identity", "- THRESHOLD**2 * identity", "swap"),
        (
            UNIFIED,
            "(sign * lam / 2 + sp.sqrt(s**2 + c**2) for sign in (1, -1))",
            "(sp.sqrt(s**2 + c**2) / 2 for sign in (1, -1))",
            "factor",
        ),
        (
            UNIFIED,
            "(sign * lam / 2 + sp.sqrt(s**2 + c**2) for sign in (1, -1))",
            "(sp.sqrt(s**2 + 2 * c**2) for sign in (1, -1))",
            "factor",
        ),
        (UNIFIED, "root = hypot(s, (c1 + c2) / 2)", "root = hypot(s, sp.sqrt(c1 * c2))", "swap"),
        (UNIFIED, "sp.sqrt((c1 - c2) / 2 + root)", "sp.sqrt(root)", "dropped term"),
        (
            UNIFIED,
            '"corner": sp.sqrt(c1) * sp.sqrt(c2) / pivot',
            '"corner": (c1 + c2) / 2 / pivot',
            "swap",
        ),
        (UNIFIED, "return -(second * G + G * first)", "return -2 * second * G", "swap"),
        proofs="unified-evolution",
        tests=(
            "tests/theory/dynamics/test_unified_evolution.py",
            "tests/theory/dynamics/test_shown_formulas.py",
            "tests/numerics/linear/test_initial_states.py",
            "tests/numerics/linear/test_euler_training.py",
        ),
        claims="kernel-lift equation-1 lift-flow mode-rates lazy-below-balanced-above "
        "threshold-crossing",
    ),
    family(
        "closed form",
        (
            CLOSED,
            "return Ft * gram + gram * Ft - gram * gram + c1 * c2 * _identity",
            "return Ft * gram + gram * Ft - gram * gram + THRESHOLD**2 * _identity",
            "swap",
        ),
        (CLOSED, "hypot(sp.sqrt(c1) * sp.sqrt(c2), y)", "hypot((c1 + c2) / 2, y)", "swap"),
        (CLOSED, '"decay": sp.exp(-rate * t)', '"decay": sp.exp(-2 * rate * t)', "factor"),
        (
            CLOSED,
            '"gain": -expm1(-2 * rate * t) / (2 * rate)',
            '"gain": -expm1(-2 * rate * t) / rate',
            "factor",
        ),
        (CLOSED, "c1 * c2 / (rate + y), y > 0", "c1 * c2 / (rate - y), y > 0", "sign"),
        (
            CLOSED,
            "return Decay * sp.Inverse(start) * Decay + Gain",
            "return Decay * sp.Inverse(start) + Gain",
            "dropped term",
        ),
        proofs="closed-form",
        tests=(
            "tests/numerics/linear/test_closed_form.py",
            "tests/theory/dynamics/test_closed_form.py",
        ),
        claims="kernel-riccati closed-form semigroup",
    ),
    family(
        "closed form from a factor",
        (
            BALANCED,
            "quotient = y**2 / (root + sp.Abs(c1 - c2) / 2)",
            "quotient = y**2 / (root + sp.Abs(c1 - c2))",
            "factor",
        ),
        (BALANCED, "(root, hypot(y, (c1 - c2) / 2))", "(root, hypot(y, c1 - c2))", "factor"),
        (
            BALANCED,
            "(-expm1(-2 * size * t) / (2 * size), size > 0)",
            "(-expm1(-2 * size * t) / size, size > 0)",
            "factor",
        ),
        (
            BALANCED,
            "(sp.exp(rate_f * t), rate_f < 0), (sp.S.One, True)",
            "(sp.exp(rate_f * t), rate_f > 0), (sp.S.One, True)",
            "comparison",
        ),
        (
            BALANCED,
            "return growth * factor * sp.Inverse(inner) * factor.T * growth",
            "return growth * factor * sp.Inverse(inner) * factor.T",
            "dropped term",
        ),
        (
            BALANCED,
            "inner = _units + L_start.T * Growth_sum * L_start",
            "inner = _units + 2 * L_start.T * Growth_sum * L_start",
            "factor",
        ),
        proofs="balanced-closed-form",
        tests=(
            "tests/theory/dynamics/test_low_rank_solution.py",
            "tests/numerics/linear/riccati/test_lambda_balanced_flow.py",
        ),
        claims="closed-form-balanced closed-form-kernel",
    ),
    family(
        "single mode",
        (SINGLE, "(D * cosh + (P0 + s0 - y) * sinh,", "(D * cosh + (P0 - s0 - y) * sinh,", "sign"),
        (
            SINGLE,
            "return (y - s0) * D**2 / (first * second)",
            "return (y - s0) * D / (first * second)",
            "power",
        ),
        (
            SINGLE,
            "return y + (s0 - y) * sp.exp(-2 * c * t)",
            "return y + (s0 - y) * sp.exp(-c * t)",
            "factor",
        ),
        (
            SINGLE,
            "(y - s0) * sp.exp(-2 * sp.Abs(y) * t))",
            "(y - s0) * sp.exp(-sp.Abs(y) * t))",
            "factor",
        ),
        (SINGLE, "return time_at(1 + sp.sqrt(2))", "return time_at(sp.sqrt(2))", "dropped term"),
        (SINGLE, "/ (D + y - c * z)) / (2 * D)", "/ (D + y - c * z)) / D", "factor"),
        (
            SINGLE,
            "rate, root = hypot(c, y), hypot(s0, c)",
            "rate, root = hypot(c, y), hypot(y, c)",
            "swap",
        ),
        (
            SINGLE,
            "(gain, -expm1(-2 * D_ * t)),\n        (M, q0",
            "(gain, 1 - fade),\n        (M, q0",
            "power",
        ),
        (SINGLE, "(remaining, 4 * fade_M * fade_N)", "(remaining, 2 * fade_M * fade_N)", "factor"),
        (SINGLE, "(gap, kappa**2 / (1 + eta))", "(gap, kappa / (1 + eta))", "power"),
        (
            SINGLE,
            "sp.solve(sp.Eq(multiplier, -1), eta)",
            "sp.solve(sp.Eq(multiplier, 0), eta)",
            "constant",
        ),
        proofs="single-mode",
        tests=(
            "tests/theory/dynamics/test_single_mode.py",
            "tests/numerics/linear/test_single_mode.py",
            "tests/theory/dynamics/test_shown_formulas.py",
        ),
        claims="kernel-single-mode stability-limit threshold-crossing lazy-limit balanced-limit",
    ),
    family(
        "mode descent",
        (MODE, "return eta * (y - a)", "return 2 * eta * (y - a)", "factor"),
        (
            MODE,
            "return s + eta * mode_rate() * (y - s)",
            "return s + 2 * eta * mode_rate() * (y - s)",
            "factor",
        ),
        (MODE, "subs(gradient, -GAIN / eta)", "subs(gradient, GAIN / eta)", "sign"),
        (
            MODE,
            "after = factor * gram_block() * factor.T",
            "after = factor * gram_block() * factor",
            "swap",
        ),
        (MODE, "after[1, 0], after[1, 1])", "after[1, 0], after[0, 0])", "index"),
        (ROOT, "root_i * root_entry + root_entry * root_j", "2 * root_i * root_entry", "swap"),
        proofs="prediction fluctuations",
        tests=(
            "tests/numerics/prediction/test_mode_recursion.py",
            "tests/numerics/kernels/loops/test_mode_recursion.py",
            "tests/numerics/linear/test_euler_training.py",
            "tests/numerics/prediction/test_runs.py",
        ),
        claims="predicted-ends grid-cells predicted-distance",
    ),
    family(
        "depth",
        (
            DEPTH,
            "rate = [(2 * k + 1) * value for k, value",
            "rate = [(2 * k + 2) * value for k, value",
            "index",
        ),
        (DEPTH, "return 2 * math.hypot(1, value)", "return 2 * math.hypot(2, value)", "factor"),
        (
            DEPTH,
            "low, high = mpmath.mpf(0), mpmath.root(goal, depth)",
            "low, high = mpmath.mpf(0), mpmath.root(goal, depth + 1)",
            "power",
        ),
        (
            DEPTH,
            "_in_terms_of(first, square)[1:], order + depth - 1, order)",
            "_in_terms_of(first, square)[1:], order + depth, order)",
            "power",
        ),
        (
            "theory/depth/deep_flow.py",
            "lazy = sp.Sum(scale ** (L - one) * scale ** (one - 1)",
            "lazy = sp.Sum(scale ** (L - one) * scale**one",
            "index",
        ),
        proofs="depth",
        tests=(
            "tests/theory/depth/test_rate.py",
            "tests/theory/depth/test_shown_formulas.py",
            "tests/numerics/depth/test_gaussian_reduction.py",
        ),
        claims="",
    ),
)
