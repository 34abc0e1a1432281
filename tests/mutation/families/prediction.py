"""Mutants of the prediction: errors, fluctuations and their recursion, pair response."""

from mutant import family

SCATTER = "theory/prediction/scatter.py"
ERRORS = "theory/prediction/errors.py"
FLUCTUATIONS = "theory/prediction/fluctuations.py"
PAIR = "theory/prediction/pair_response.py"
RECURSION = "numerics/prediction/mode_recursion.py"
RECURSION_LOOP = "numerics/kernels/loops/mode_recursion.py"
SCALES = "numerics/prediction/network_scales.py"

OF_RUNS = (
    "tests/numerics/prediction/test_runs.py",
    "tests/numerics/prediction/test_grid.py",
    "tests/theory/prediction/test_shown_formulas.py",
)

FAMILIES = (
    family(
        "prediction errors",
        (ERRORS, '"test": a**2 - 2 * a * corr', '"test": a**2 - a * corr', "factor"),
        (ERRORS, '"train": (a - y) ** 2', '"train": (a + y) ** 2', "sign"),
        (
            ERRORS,
            "value + value.diff(a) * mean_shift",
            "value - value.diff(a) * mean_shift",
            "sign",
        ),
        (
            ERRORS,
            "sp.sqrt(variance) * (SIZES[0] * SIZES[1]) ** sp.Rational(1, 4)",
            "variance * (SIZES[0] * SIZES[1]) ** sp.Rational(1, 4)",
            "power",
        ),
        (
            ERRORS,
            "sp.sqrt(a**2 + variance * mean_edge().subs(tau, 1) ** 2)",
            "a + sp.sqrt(variance) * mean_edge().subs(tau, 1)",
            "power",
        ),
        (
            ERRORS,
            "return s**2 / (sp.sqrt(s**2 + c**2) + c)",
            "return s**2 / (sp.sqrt(s**2 + c**2) - c)",
            "sign",
        ),
        (
            ERRORS,
            "weight = sp.Rational(1, 10) + 2 * c / (c + theta_1)",
            "weight = sp.Rational(1, 10) + c / (c + theta_1)",
            "factor",
        ),
        (
            ERRORS,
            "weight = sp.Rational(1, 10) + 2 * c / (c + theta_1)",
            "weight = sp.Rational(1, 10) + 2 * theta_1 / (c + theta_1)",
            "swap",
        ),
        (ERRORS, "* weight * sp.Max(1, (c * t) ** 2)", "* weight * sp.Max(1, c * t)", "power"),
        (
            ERRORS,
            "return size * (d_in + d_out) / (2 * w) * weight",
            "return size * d_in / w * weight",
            "dimension",
        ),
        (
            ERRORS,
            "sp.sqrt(2 * rank * (d_in + d_out)) / (d_in * d_out)",
            "sp.sqrt(rank * (d_in + d_out)) / (d_in * d_out)",
            "freedom",
        ),
        (
            ERRORS,
            "sp.sqrt(2 * rank * (d_in + d_out)) / (d_in * d_out)",
            "sp.sqrt(2 * rank * (d_in + d_out)) / d_in**2",
            "dimension",
        ),
        proofs="prediction",
        tests=("tests/theory/prediction/test_errors.py", *OF_RUNS),
        claims="predicted-ends outlier-value outlier-threshold estimation-scatter "
        "predicted-error predicted-distance",
    ),
    family(
        "prediction fluctuations",
        (
            FLUCTUATIONS,
            "return N - eta * small * L - eta * small**2 * M,",
            "return N - eta * small * L,",
            "dropped term",
        ),
        (
            FLUCTUATIONS,
            "return N - eta * small * L - eta * small**2 * M,",
            "return N - eta * small * L - 2 * eta * small**2 * M,",
            "factor",
        ),
        (
            FLUCTUATIONS,
            "found += _lower(_explicit(shared, stage))",
            "found += [x / 2 for x in _lower(_explicit(shared, stage))]",
            "factor",
        ),
        (
            FLUCTUATIONS,
            "return matrix[0, 0], matrix[1, 0], matrix[1, 1]",
            "return matrix[0, 0], matrix[1, 0], matrix[0, 0]",
            "index",
        ),
        (FLUCTUATIONS, '"L_ji": drive(*reversed(DRIVE))', '"L_ji": drive(*DRIVE)', "swap"),
        (
            FLUCTUATIONS,
            "sp.Matrix([[0, first * other], [second * own, 0]])",
            "sp.Matrix([[0, first * own], [second * own, 0]])",
            "swap",
        ),
        (
            RECURSION,
            "partners = (count[i] - 1, 0.0) if same",
            "partners = (count[i], 0.0) if same",
            "freedom",
        ),
        (
            RECURSION,
            "weight = count[i] * (count[i] - 1) / 2 if same",
            "weight = count[i] * (count[i] - 1) if same",
            "factor",
        ),
        (
            RECURSION,
            "mean_shift[0] * has_input, zero, mean_shift[1] * has_output",
            "mean_shift[1] * has_input, zero, mean_shift[0] * has_output",
            "swap",
        ),
        (
            RECURSION,
            '("A", _OTHER, has_input[i] and has_output[j])',
            '("A", _OWN, has_input[i] and has_output[j])',
            "index",
        ),
        (
            RECURSION_LOOP,
            "shifted[j, 1] += of_second * j1",
            "shifted[j, 1] += of_first * j1",
            "swap",
        ),
        (RECURSION_LOOP, "square += below**2 + above**2", "square += below**2", "dropped term"),
        (
            RECURSION_LOOP,
            "g_ij, g_ji = frozen.drive[e, 0], frozen.drive[e, 1]",
            "g_ij, g_ji = frozen.drive[e, 1], frozen.drive[e, 0]",
            "swap",
        ),
        (
            SCALES,
            "return self.c1 * self.c2 / self.width",
            "return self.c1 * self.c2 / self.width**2",
            "power",
        ),
        proofs="fluctuations",
        tests=(
            "tests/theory/prediction/test_fluctuations.py",
            "tests/numerics/kernels/loops/test_mode_recursion.py",
            "tests/numerics/prediction/test_mode_recursion.py",
            "tests/numerics/prediction/test_runs.py",
        ),
        claims="first-step-power predicted-distance predicted-error",
    ),
    family(
        "pair response",
        (PAIR, "rho: rates[0] + rates[3],", "rho: rates[0] - rates[3],", "sign"),
        (
            PAIR,
            "return -4 * c * y / D**2 * integral / square",
            "return -2 * c * y / D**2 * integral / square",
            "factor",
        ),
        (
            PAIR,
            "(sp.sinh(2 * D * t) / 4 - D * t / 2)",
            "(sp.sinh(2 * D * t) / 4 - D * t)",
            "factor",
        ),
        (PAIR, "x10: (u + v) / 2, x01: (u - v) / 2", "x10: (u - v) / 2, x01: (u + v) / 2", "swap"),
        proofs="pair-flow",
        tests=("tests/theory/prediction/test_shown_formulas.py",),
        claims="",
    ),
    family(
        "scatter of a run",
        (SCATTER, "2 * fourth(0, 0, 1, 1)", "fourth(0, 0, 1, 1)", "factor"),
        (
            SCATTER,
            "z / (z**2 - y**2), y / (z**2 - y**2)",
            "y / (z**2 - y**2), z / (z**2 - y**2)",
            "swap",
        ),
        (SCATTER, '"output": move.coeff(delta_ii, 1)', '"output": move.coeff(delta_oo, 1)', "swap"),
        (
            SCATTER,
            '"train": (mode - target) ** 2}',
            '"train": (mode - y_hat) ** 2}',
            "dropped term",
        ),
        (
            SCATTER,
            "(place_curvature * shift + place_slope * shift_slope)",
            "(place_slope * shift_slope)",
            "dropped term",
        ),
        proofs="scatter",
        tests=(
            "tests/theory/prediction/test_scatter.py",
            "tests/numerics/prediction/test_scatter.py",
        ),
        claims="estimation-scatter",
    ),
)
