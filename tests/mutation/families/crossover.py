"""Mutants of the crossover: exponents, kernel change, fluctuation of the output."""

from mutant import family

CHANGE = "theory/crossover/kernel_change.py"
OUTPUT = "theory/crossover/output_fluctuation.py"
SCALING = "theory/crossover/output_scaling.py"
FEATURE = "theory/crossover/feature_exponents.py"
HIERARCHY = "theory/crossover/kernel_hierarchy.py"
PLANE = "theory/crossover/alpha_plane.py"
EXPONENTS = "theory/crossover/exponents.py"

FAMILIES = (
    family(
        "kernel change",
        (CHANGE, "(rate - rate.subs(s, 0)) / 2", "rate - rate.subs(s, 0)", "factor"),
        (
            CHANGE,
            "((rows + columns) * squares + 2 * total**2)",
            "((rows + columns) * squares + total**2)",
            "factor",
        ),
        (
            CHANGE,
            "(4 * threshold**2 * rows * columns)\n\n\ndef initial_variance",
            "(4 * threshold**2 * rows**2)\n\n\ndef initial_variance",
            "dimension",
        ),
        (
            CHANGE,
            "directions = 2 * rows * columns + rows + columns + 4",
            "directions = 2 * rows * columns + rows + columns",
            "freedom",
        ),
        (
            CHANGE,
            "subs({c: threshold, w: width}) * square / (2 * threshold**2)",
            "subs({c: threshold, w: width}) * square / threshold**2",
            "factor",
        ),
        (
            CHANGE,
            "(square + 2 * along_square + along**2)",
            "(square + along_square + along**2)",
            "factor",
        ),
        (
            CHANGE,
            "directions = 2 * square + trace * along + 5 * along_square",
            "directions = 2 * square + trace * along + 4 * along_square",
            "freedom",
        ),
        (
            CHANGE,
            "fluctuation_covariance((2, 0), (2, 0)).subs({c1: c, c2: c})",
            "fluctuation_covariance((0, 0), (0, 0)).subs({c1: c, c2: c})",
            "index",
        ),
        (
            CHANGE,
            "(name, x**2 / (1 + hypot(x, 1)))",
            "(name, x**2 / (1 + hypot(x, 2)))",
            "constant",
        ),
        proofs="kernel-change crossover",
        tests=(
            "tests/theory/crossover/test_kernel_change.py",
            "tests/theory/crossover/test_exponents.py",
        ),
        claims="linear-kernel-change",
    ),
    family(
        "output fluctuation",
        (OUTPUT, "return sp.asinh(s / c) / 2", "return sp.asinh(s / c)", "factor"),
        (OUTPUT, "cosh = sp.sqrt(1 + growth / 2)", "cosh = sp.sqrt(1 + growth)", "factor"),
        (OUTPUT, "return sp.sqrt(moved / rows)", "return sp.sqrt(moved) / rows", "power"),
        (
            OUTPUT,
            "of_start**2 * start + of_kernel**2 * kernel",
            "of_start**2 * start + of_kernel * kernel",
            "power",
        ),
        (
            OUTPUT,
            "variance((2, 0), (2, 0)), variance((0, 1), (0, 1))",
            "variance((2, 0), (2, 0)), variance((0, 0), (0, 0))",
            "index",
        ),
        (
            OUTPUT,
            "motion = root * q_scaled / (root + sp.sqrt(2))",
            "motion = root * q_scaled / (2 * root)",
            "factor",
        ),
        (
            OUTPUT,
            '"function": c * sp.sqrt(motion / w)',
            '"function": c * sp.sqrt(motion) / w',
            "power",
        ),
        proofs="crossover",
        tests=(
            "tests/theory/crossover/test_output_fluctuation.py",
            "tests/theory/crossover/test_shown_formulas.py",
        ),
        claims="",
    ),
    family(
        "crossover exponents",
        (
            SCALING,
            "return alpha / (sp.sqrt(h) * sp.sqrt(d_in))",
            "return alpha / (h * sp.sqrt(d_in))",
            "power",
        ),
        (SCALING, "change = N / (n * alpha**2) * G.T", "change = N / (n * alpha) * G.T", "power"),
        (SCALING, "values = {rho: sp.sqrt(d_in), N: n}", "values = {rho: d_in, N: n}", "power"),
        (SCALING, "scaled_alpha = sp.sqrt(h) * alpha", "scaled_alpha = h * alpha", "power"),
        (
            FEATURE,
            "return own * other**depth * h ** (-depth / 2)",
            "return own * other**depth * h ** (-(depth + 1) / 2)",
            "power",
        ),
        (FEATURE, "return (depth + 1) * slope**2", "return depth * slope**2", "index"),
        (
            FEATURE,
            "return divisor * own * other**depth",
            "return divisor * own * other ** (depth - 1)",
            "power",
        ),
        (
            FEATURE,
            "SCALED[alpha] ** -order * contraction_scale(order + 2)",
            "SCALED[alpha] ** -order * contraction_scale(order + 1)",
            "index",
        ),
        (
            FEATURE,
            "speed = _output(size, size, depth) / size / SCALED[alpha]",
            "speed = _output(size, size, depth) / size * SCALED[alpha]",
            "power",
        ),
        (
            FEATURE,
            "return (_output(size, size, depth) / size) ** 2",
            "return _output(size, size, depth) / size",
            "power",
        ),
        (
            HIERARCHY,
            "sp.sqrt(h) if is_odd(contraction(order)) else h",
            "h if is_odd(contraction(order)) else sp.sqrt(h)",
            "swap",
        ),
        (
            HIERARCHY,
            "total += input_product(index, order) * slopes",
            "total += slopes",
            "dropped term",
        ),
        (PLANE, "return equation.rhs.diff(gamma_h)", "return -equation.rhs.diff(gamma_h)", "sign"),
        (
            PLANE,
            "{gamma_sigma2: mapping.init_variance, gamma_w: mapping.width}",
            "{gamma_sigma2: mapping.threshold, gamma_w: mapping.width}",
            "swap",
        ),
        (
            EXPONENTS,
            "log_slope(function_fluctuation(), w, sp.oo)",
            "log_slope(function_fluctuation() ** 2, w, sp.oo)",
            "power",
        ),
        (
            EXPONENTS,
            "kernel = -feature_exponent(depth)",
            "kernel = feature_exponent(depth)",
            "sign",
        ),
        proofs="crossover",
        tests=(
            "tests/theory/crossover/test_output_scaling.py",
            "tests/theory/crossover/test_exponents.py",
            "tests/theory/crossover/test_shown_formulas.py",
        ),
        claims="one-diagram feature-exponent last-layer lazy-exponent first-time",
    ),
)
