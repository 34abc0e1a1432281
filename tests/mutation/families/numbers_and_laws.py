"""Mutants of numbers and of the framework: rules, descent, observables, fits, laws."""

from mutant import family

RULES = "theory/published_rules.py"
STOP_LOOP = "numerics/kernels/loops/stopping.py"
DESCENT = "numerics/linear/descent.py"
OBSERVABLES = "numerics/linear/observables.py"
ROOT_LOOP = "numerics/kernels/loops/root_correction.py"
FOLLOWED = "numerics/linear/followed_root.py"
SETTINGS = "theory/published_settings.py"
FITS = "verify/measurements/power_fits.py"
MEASURED = "verify/measurements/crossover_exponents.py"
LAWS = "verify/framework/laws.py"
RUNNER = "verify/framework/runner.py"

FAMILIES = (
    family(
        "published rules",
        (RULES, "return sp.floor(d**gamma_w)", "return d**gamma_w", "dropped term"),
        (
            RULES,
            "divisor * theta_1), gamma_sigma2 + gamma_w <= 1)",
            "divisor * theta_1), gamma_sigma2 + gamma_w < 1)",
            "comparison",
        ),
        (RULES, "(1 / (divisor * theta_1), gamma", "(divisor / theta_1, gamma", "power"),
        (RULES, "(1 / (divisor * c), True)", "(1 / (divisor * theta_1), True)", "swap"),
        (RULES, "rises >= test_rises)", "rises > test_rises)", "comparison"),
        (
            RULES,
            "sp.Abs(train - train_1) < stall, train_start - train > fall",
            "sp.Abs(train - train_1) < stall, train - train_start > fall",
            "sign",
        ),
        (RULES, "late = iteration > after", "late = iteration >= after", "comparison"),
        (STOP_LOOP, "before = max(now - 1, 0)", "before = max(now - 2, 0)", "index"),
        (
            STOP_LOOP,
            "rises = rises + 1 if test_errors[now] > test_errors[before] else 0",
            "rises = rises + 1 if test_errors[now] > test_errors[before] else rises",
            "constant",
        ),
        proofs="prediction",
        tests=(
            "tests/theory/test_published_rules.py",
            "tests/numerics/test_published_rules.py",
            "tests/numerics/kernels/loops/test_stopping.py",
            "tests/numerics/phase_diagram/test_stopping.py",
        ),
        claims="",
    ),
    family(
        "linear training",
        (
            DESCENT,
            "self._ceiling = DIVERGENCE_FACTOR * scale",
            "self._ceiling = DIVERGENCE_FACTOR**2 * scale",
            "constant",
        ),
        (
            DESCENT,
            "float(np.linalg.norm(task.inputs, 2)) ** 2, task.truth",
            "float(np.linalg.norm(task.inputs, 2)), task.truth",
            "power",
        ),
        (
            DESCENT,
            "mode_stability_limit(float(largest), threshold) / curvature",
            "mode_stability_limit(float(largest), threshold) * curvature",
            "power",
        ),
        (
            OBSERVABLES,
            "np.sqrt(d_out * off1**2 + d_in * off2**2",
            "np.sqrt(d_in * off1**2 + d_out * off2**2",
            "dimension",
        ),
        (
            OBSERVABLES,
            "np.trace(C1) / d_in, np.trace(C2) / d_out",
            "np.trace(C1) / d_out, np.trace(C2) / d_in",
            "dimension",
        ),
        (
            OBSERVABLES,
            "signs = np.concatenate([np.ones(d_in), -np.ones(d_out)])",
            "signs = np.concatenate([np.ones(d_out), -np.ones(d_in)])",
            "dimension",
        ),
        (
            OBSERVABLES,
            "return float(np.sum(np.square(s / s[0])))",
            "return float(np.sum(s / s[0]))",
            "power",
        ),
        (
            OBSERVABLES,
            "left = _norm(U.T @ U_A[:, :kept]) ** 2 / rank",
            "left = _norm(U.T @ U_A[:, :kept]) / rank",
            "power",
        ),
        (OBSERVABLES, "return W1 @ W1.T - W2.T @ W2", "return W1 @ W1.T + W2.T @ W2", "sign"),
        (ROOT_LOOP, "return 2.0 * sums.sum()", "return sums.sum()", "factor"),
        (
            ROOT_LOOP,
            "residual[i, j] -= step * (product[i, j] + product[j, i])",
            "residual[i, j] -= step * 2.0 * product[i, j]",
            "swap",
        ),
        (
            ROOT_LOOP,
            "return overlaps.sum(), math.sqrt((squares * inverse).max())",
            "return overlaps.sum(), math.sqrt(squares.max())",
            "dropped term",
        ),
        proofs="",
        tests=(
            "tests/numerics/linear/test_observables.py",
            "tests/numerics/linear/test_descent.py",
            "tests/numerics/linear/test_euler_training.py",
        ),
        claims="stable-rank stability-limit masked-stability equation-1 loss-never-rises "
        "balancedness-descent",
    ),
    family(
        "measured exponents",
        (
            FITS,
            "spread = slopes.std(ddof=1) / np.sqrt(slopes.size)",
            "spread = slopes.std(ddof=1)",
            "power",
        ),
        (FITS, "freedom = rest.size - 2", "freedom = rest.size - 1", "freedom"),
        (FITS, "stats.t.ppf(1 - level / 2, freedom)", "stats.t.ppf(1 - level, freedom)", "factor"),
        (FITS, "/ (centred @ centred) / slopes.size)", "/ (centred @ centred))", "factor"),
        (
            MEASURED,
            "scaled = geometric_mean(time / feature.scaled_alpha",
            "scaled = geometric_mean(time * feature.scaled_alpha",
            "power",
        ),
        (MEASURED, "return scaled / np.sqrt(data.width)", "return scaled", "dropped term"),
        (
            MEASURED,
            "share = row[k] / (row[k] - row[k + 1])",
            "share = row[k + 1] / (row[k] - row[k + 1])",
            "index",
        ),
        (
            MEASURED,
            '.var("seed", ddof=1, skipna=False)',
            '.var("seed", ddof=0, skipna=False)',
            "freedom",
        ),
        (
            MEASURED,
            "spread = math.sqrt((count - 1) * np.var(slopes))",
            "spread = math.sqrt(np.var(slopes))",
            "freedom",
        ),
        (
            MEASURED,
            "_power_of_width(scaled, shift=0.5)",
            "_power_of_width(scaled, shift=-0.5)",
            "sign",
        ),
        (
            MEASURED,
            "_power_of_alpha(1 / feature.kernel_change)",
            "_power_of_alpha(feature.kernel_change)",
            "power",
        ),
        proofs="",
        tests=(
            "tests/verify/measurements/test_power_fits.py",
            "tests/verify/cli/test_crossover.py",
            "tests/numerics/crossover/test_sweep.py",
        ),
        claims="",
    ),
    family(
        "laws",
        (
            LAWS,
            "allowed *= np.finfo(float).eps * max(predicted.shape, default=1)",
            "allowed *= 100 * np.finfo(float).eps * max(predicted.shape, default=1)",
            "constant",
        ),
        (
            LAWS,
            'return Outcome(share <= 1, "equal"',
            'return Outcome(share <= 10, "equal"',
            "constant",
        ),
        (
            LAWS,
            "error = draws.std(ddof=1) / np.sqrt(draws.size)",
            "error = draws.std(ddof=1)",
            "power",
        ),
        (
            LAWS,
            "TOLERANCES[self.bias].value * abs(predicted)",
            "2 * TOLERANCES[self.bias].value * abs(predicted)",
            "factor",
        ),
        (
            LAWS,
            "(fit.halfwidth + TOLERANCES[bias].value)",
            "(fit.halfwidth + 2 * TOLERANCES[bias].value)",
            "factor",
        ),
        (
            LAWS,
            "return float(max(deviation, fit.halfwidth / TOLERANCES[resolution].value))",
            "return float(deviation)",
            "dropped term",
        ),
        (
            LAWS,
            "outside = max(lowest - value, value - highest)",
            "outside = value - highest",
            "dropped term",
        ),
        (
            LAWS,
            "return (first.halfwidth + second.halfwidth) / distance if",
            "return first.halfwidth / distance if",
            "dropped term",
        ),
        (
            LAWS,
            "scale = larger if self.entrywise else",
            "scale = larger if not self.entrywise else",
            "sign",
        ),
        (RUNNER, "return float(1 - np.prod(keep))", "return float(1 - np.max(keep))", "power"),
        proofs="",
        tests=("tests/verify/framework/test_laws.py", "tests/verify/framework/test_runner.py"),
        claims="",
    ),
)
