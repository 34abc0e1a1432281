"""Mutants of the crossover and of nonlinear networks: exponents, kernel change, functions."""

from mutant import family

CHANGE = "theory/crossover/kernel_change.py"
OUTPUT = "theory/crossover/output_fluctuation.py"
SCALING = "theory/crossover/output_scaling.py"
FEATURE = "theory/crossover/feature_exponents.py"
HIERARCHY = "theory/crossover/kernel_hierarchy.py"
PLANE = "theory/crossover/alpha_plane.py"
EXPONENTS = "theory/crossover/exponents.py"
ACTIVATIONS = "theory/functions/activations.py"
LOSSES = "theory/functions/losses.py"
MARGINS = "theory/functions/margin_losses.py"
STABLE = "theory/algebra/stable_form.py"
FAST = "theory/kernels/fast_exponentials.py"
NETWORKS = "theory/kernels/network_functions.py"
WATCH = "numerics/networks/kernel_change.py"
FLOW_LOOP = "numerics/kernels/loops/frozen_flow.py"
FROZEN = "numerics/networks/frozen_kernel.py"
EULER = "numerics/networks/euler_steps.py"
LINEARISED = "numerics/networks/linearised_steps.py"
TRAINING = "numerics/networks/training.py"
DENSE = "numerics/networks/fully_connected.py"

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
    family(
        "functions",
        (
            ACTIVATIONS,
            "steepness * PREACTIVATION)) / steepness",
            "steepness * PREACTIVATION))",
            "factor",
        ),
        (ACTIVATIONS, "return 1 / sp.sqrt(moment)", "return 1 / moment", "power"),
        (
            ACTIVATIONS,
            "PREACTIVATION / (1 + sp.exp(-PREACTIVATION))",
            "PREACTIVATION / (1 + sp.exp(-2 * PREACTIVATION))",
            "factor",
        ),
        (
            ACTIVATIONS,
            "density = sp.exp(-(PREACTIVATION**2) / 2) / sp.sqrt(2 * sp.pi)",
            "density = sp.exp(-(PREACTIVATION**2)) / sp.sqrt(sp.pi)",
            "factor",
        ),
        (ACTIVATIONS, "evaluate(z) ** 2 * mpmath.npdf(z)", "evaluate(z) * mpmath.npdf(z)", "power"),
        (
            LOSSES,
            "outer = bound * (sp.Abs(residual) - bound / 2)",
            "outer = bound * (sp.Abs(residual) - bound)",
            "factor",
        ),
        (
            LOSSES,
            "(PREDICTION - TARGET) ** 2 / 2, curvature=1.0",
            "(PREDICTION - TARGET) ** 2, curvature=1.0",
            "factor",
        ),
        (
            LOSSES,
            "sp.log(sp.cosh(PREDICTION - TARGET)), curvature=1.0",
            "sp.log(sp.cosh(PREDICTION - TARGET)), curvature=0.5",
            "constant",
        ),
        (MARGINS, '{"beta": beta}, curvature=beta / 4', '{"beta": beta}, curvature=beta', "factor"),
        (MARGINS, "steepness * (1 - MARGIN))) / steepness", "steepness * (1 - MARGIN)))", "factor"),
        (MARGINS, "curvature=0.25", "curvature=1.0", "factor"),
        (
            MARGINS,
            "sp.Piecewise((1 - MARGIN, MARGIN < 1)",
            "sp.Piecewise((1 - MARGIN, MARGIN > 1)",
            "comparison",
        ),
        (
            STABLE,
            "near = log1p(2 * sp.sinh(argument / 2) ** 2)",
            "near = log1p(sp.sinh(argument / 2) ** 2)",
            "factor",
        ),
        (
            STABLE,
            "return sp.Max(argument, 0) + log1p(sp.exp(-sp.Abs(argument)))",
            "return sp.Max(argument, 0) + log1p(sp.exp(argument))",
            "sign",
        ),
        (NETWORKS, '"slope": loss.derivative,', '"slope": loss.second_derivative,', "index"),
        proofs="",
        tests=(
            "tests/theory/functions/test_losses.py",
            "tests/theory/functions/test_margin_losses.py",
            "tests/theory/functions/test_activations.py",
            "tests/theory/algebra/test_stable_form.py",
            "tests/theory/kernels/test_network_functions.py",
            "tests/numerics/linear/test_training_by_reference.py",
        ),
        claims="loss-gradient layerwise-ntk layer-balance",
    ),
    family(
        "frozen flow",
        (FLOW_LOOP, "STABILITY = 1.54", "STABILITY = 0.5", "constant"),
        (FLOW_LOOP, "OF_CHANGE, OF_RATES = 0.8, 0.4", "OF_CHANGE, OF_RATES = 0.8, 0.8", "constant"),
        (FLOW_LOOP, "SAFETY, ORDER = 0.8, -1.0 / 3.0", "SAFETY, ORDER = 0.8, -1.0", "power"),
        (
            FLOW_LOOP,
            "4 * last[1] + 2 * w0 * last[2] - before[2]",
            "2 * last[1] + 2 * w0 * last[2] - before[2]",
            "factor",
        ),
        (FLOW_LOOP, "w1 = p1[1] / p1[2]", "w1 = p1[0] / p1[1]", "index"),
        (
            FLOW_LOOP,
            "mu, nu, own = 2 * b * w0 / b1, -b / b2,",
            "mu, nu, own = 2 * b * w0 / b1, -b / b1,",
            "swap",
        ),
        (
            FLOW_LOOP,
            "error = max(error, abs(work[1, k]) / (old.size * tolerance))",
            "error = max(error, abs(work[1, k]) / (100 * old.size * tolerance))",
            "constant",
        ),
        (
            FLOW_LOOP,
            "time + step * (here.loss - level) / (here.loss - found.loss)",
            "time + step * (level - found.loss) / (here.loss - found.loss)",
            "swap",
        ),
        (FLOW_LOOP, "forces[k] = -slope * labels[k]", "forces[k] = -slope", "dropped term"),
        (FLOW_LOOP, "return Margins(total / outputs.size,", "return Margins(total,", "factor"),
        (
            FLOW_LOOP,
            "aim = limits.margin + 0.5 * limits.overshoot",
            "aim = limits.margin - limits.overshoot",
            "constant",
        ),
        (
            FROZEN,
            "others_outputs = others @ impulses / count",
            "others_outputs = others @ impulses",
            "factor",
        ),
        (
            FROZEN,
            "float(np.abs(kernel).sum(axis=0).max()) / count",
            "float(np.abs(kernel).sum(axis=0).max()) / count**2",
            "power",
        ),
        (FROZEN, "HALF_LOSS = 0.5", "HALF_LOSS = 0.25", "constant"),
        (FROZEN, "TOLERANCE = 1e-6", "TOLERANCE = 1e-3", "constant"),
        proofs="",
        tests=(
            "tests/numerics/kernels/loops/test_frozen_flow.py",
            "tests/numerics/networks/test_frozen_kernel.py",
        ),
        claims="lazy-exponent",
    ),
    family(
        "networks",
        (WATCH, "KERNEL_MARK = 0.5", "KERNEL_MARK = 0.25", "constant"),
        (WATCH, "LOOK = 1.1", "LOOK = 11.0", "constant"),
        (
            WATCH,
            "power = math.log(KERNEL_MARK / self._change) / math.log(change / self._change)",
            "power = KERNEL_MARK / change",
            "power",
        ),
        (EULER, "GROWTH, SHRINKAGE = 1.1, 0.1", "GROWTH, SHRINKAGE = 1.1, 0.5", "constant"),
        (
            EULER,
            "share = (self.mean_loss - HALF_LOSS) / (self.mean_loss - loss)",
            "share = (HALF_LOSS - loss) / (self.mean_loss - loss)",
            "swap",
        ),
        (LINEARISED, "OVERSHOOT = 1e-3", "OVERSHOOT = 1e-1", "constant"),
        (
            LINEARISED,
            "miss = error / rule.output_error",
            "miss = error / rule.output_change",
            "swap",
        ),
        (
            LINEARISED,
            "max(gap, 1e-12) ** (-1 / 2), max(miss, 1e-12) ** (-1 / 3)",
            "max(gap, 1e-12) ** (-1 / 2), max(miss, 1e-12) ** (-1)",
            "power",
        ),
        (
            LINEARISED,
            "allowed = rule.gradient_change * math.sqrt(a) * math.sqrt(b)",
            "allowed = 100 * rule.gradient_change * math.sqrt(a) * math.sqrt(b)",
            "constant",
        ),
        (
            TRAINING,
            "error = float(np.mean(y_test * outputs <= 0))",
            "error = float(np.mean(y_test * outputs >= 0))",
            "comparison",
        ),
        (
            "numerics/networks/flow_problem.py",
            "self._scale = problem.alpha * len(problem.y)",
            "self._scale = problem.alpha",
            "factor",
        ),
        (
            "numerics/networks/flow_problem.py",
            "return self.problem.rule.weight_share * size / speed",
            "return size / speed",
            "constant",
        ),
        proofs="",
        tests=(
            "tests/numerics/networks/test_kernel_change.py",
            "tests/numerics/networks/test_flow_problem.py",
            "tests/numerics/networks/test_training.py",
            "tests/numerics/networks/test_step_rule.py",
        ),
        claims="layer-balance one-diagram first-time last-layer",
    ),
)
