"""Mutants of nonlinear networks: losses and activations, frozen flow, steps."""

from mutant import family

ACTIVATIONS = "theory/functions/activations.py"
LOSSES = "theory/functions/losses.py"
MARGINS = "theory/functions/margin_losses.py"
STABLE = "theory/algebra/stable_form.py"
NETWORKS = "theory/kernels/network_functions.py"
WATCH = "numerics/networks/kernel_change.py"
FLOW_LOOP = "numerics/kernels/loops/frozen_flow.py"
FROZEN = "numerics/networks/frozen_kernel.py"
EULER = "numerics/networks/euler_steps.py"
LINEARISED = "numerics/networks/linearised_steps.py"
TRAINING = "numerics/networks/training.py"

FAMILIES = (
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
        claims="loss-gradient network-gradient layerwise-ntk",
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
        claims="layer-balance one-diagram network-gradient last-layer",
    ),
)
