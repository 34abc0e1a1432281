"""Mutants of the regimes: quantities, scales, boundaries, smallest error, crossing times."""

from mutant import family

OF = "theory/regimes/quantities.py"
SCALES = "theory/regimes/scales.py"
BOUNDARIES = "theory/regimes/boundaries.py"
MINIMAL = "theory/regimes/minimal_error.py"
TIMES = "theory/regimes/crossing_times.py"
REGIME = "theory/regimes/regime.py"
LINES = "numerics/regimes/boundary_lines.py"

PLANE = "tests/numerics/regimes/test_exponent_plane.py"

FAMILIES = (
    family(
        "regime quantities",
        (OF, "_C = (sigma1**2 + sigma2**2) * w / 2", "_C = (sigma1**2 + sigma2**2) * w", "factor"),
        (OF, "_C = (sigma1**2 + sigma2**2) * w / 2", "_C = sigma1 * sigma2 * w", "swap"),
        (OF, "_S = k * theta**2 / d**2", "_S = k * theta**2 / d", "power"),
        (OF, "_V = sigma1**2 * sigma2**2 * w", "_V = sigma1 * sigma2 * w", "power"),
        (
            OF,
            "edge = (sigma1**2 + sigma2**2) * (w + d) / 2",
            "edge = (sigma1**2 + sigma2**2) * w / 2",
            "dropped term",
        ),
        (OF, 'sp.sqrt(d / w), "relative', 'd / w, "relative', "power"),
        (OF, "y_edge, 2 * tau * sp.sqrt(d)", "y_edge, tau * sp.sqrt(d)", "factor"),
        (OF, "letters.theta_min, tau * sp.sqrt(d)", "letters.theta_min, tau * d", "power"),
        (OF, "letters.e_spike, 2 * k * tau**2 / d", "letters.e_spike, k * tau**2 / d", "factor"),
        (
            OF,
            "(sigma1**2 + sigma2**2) ** 2 * w**2 + (sigma1**4 + sigma2**4) * w * d",
            "(sigma1**2 + sigma2**2) ** 2 * w**2 + (sigma1**4 + sigma2**4) * w**2",
            "power",
        ),
        (OF, "(L**2 + L / 2) / theta**2", "(L**2 + L) / theta**2", "factor"),
        (OF, 'tau**2 * w / (w + d), "noise', 'tau**2 * d / (w + d), "noise', "swap"),
        (
            OF,
            "ratio = _S / tau**2 + _V * (1 + d / w) / tau**2",
            "ratio = _S / tau**2",
            "dropped term",
        ),
        (
            OF,
            '/ (2 * kernel_edge().expression)\n    return Quantity("partial',
            '/ kernel_edge().expression\n    return Quantity("partial',
            "factor",
        ),
        (OF, "time = _V / (2 * _C * tau**2)", "time = _V / (_C * tau**2)", "factor"),
        (
            OF,
            "gain = (_S + _V) * sp.sqrt(d) / (_C * tau)",
            "gain = (_S + _V) / (_C * tau)",
            "power",
        ),
        (OF, '1 / (theta + _C), "the paper', '1 / (theta * _C), "the paper', "swap"),
        (
            OF,
            "return signal().scale.compare(detection().scale).second_larger",
            "return signal().scale.compare(detection().scale).first_larger",
            "comparison",
        ),
        (
            OF,
            "return signal().scale.compare(kernel_edge().scale).second_larger",
            "return signal().scale.compare(threshold().scale).second_larger",
            "swap",
        ),
        proofs="",
        tests=(
            "tests/theory/regimes/test_quantities.py",
            "tests/theory/regimes/test_boundaries.py",
            "tests/theory/regimes/test_minimal_error.py",
            "tests/theory/regimes/test_shown_formulas.py",
            "tests/theory/regimes/test_crossing_times.py",
            PLANE,
        ),
        claims="initial-matrix best-fraction underparameterised noise-share "
        "threshold-noise narrow-error smallest-error",
    ),
    family(
        "regime boundaries",
        (
            BOUNDARIES,
            "self.first.scale.exponent - self.second.scale.exponent",
            "self.first.scale.exponent + self.second.scale.exponent",
            "sign",
        ),
        (BOUNDARIES, "w: d**gamma_w}", "w: d ** (2 * gamma_w)}", "power"),
        (BOUNDARIES, "level * self.second.expression", "self.second.expression / level", "swap"),
        (BOUNDARIES, "factor = -factor", "factor = 2 * factor", "sign"),
        (
            SCALES,
            "sigma1: Scale(gamma_sigma2 / 2 + gap / 4)",
            "sigma1: Scale(gamma_sigma2 + gap / 4)",
            "factor",
        ),
        (SCALES, "gamma_sigma2: (layer1 + layer2) / 2", "gamma_sigma2: layer1 + layer2", "factor"),
        (
            SCALES,
            "exponent = _extreme(sp.Max, self.exponent",
            "exponent = _extreme(sp.Min, self.exponent",
            "swap",
        ),
        (
            SCALES,
            "Scale(_extreme(sp.Min, sp.S.Zero, small.exponent), log_power)",
            "Scale(_extreme(sp.Max, sp.S.Zero, small.exponent), log_power)",
            "swap",
        ),
        (
            LINES,
            "return at_0 / (at_0 - at_1), heights",
            "return at_1 / (at_0 - at_1), heights",
            "swap",
        ),
        (
            LINES,
            "share = np.where(low == high, 0.5, low / (low - high))",
            "share = np.where(low == high, 0.5, high / (low - high))",
            "swap",
        ),
        (LINES, "return heights <= 1 if boundary", "return heights <= 2 if boundary", "constant"),
        (LINES, "(moving[1] - moving[0])", "(moving[2] - moving[0])", "index"),
        proofs="",
        tests=(
            "tests/theory/regimes/test_boundaries.py",
            "tests/theory/regimes/test_scales.py",
            PLANE,
            "tests/theory/regimes/test_minimal_error.py",
        ),
        claims="initial-matrix underparameterised narrow-error threshold-noise smallest-error",
    ),
    family(
        "smallest error",
        (
            MINIMAL,
            "(of.spike_estimation(), of.fitted_noise(), of.initial_matrix(), beyond)",
            "(of.spike_estimation(), of.initial_matrix(), beyond)",
            "dropped term",
        ),
        (
            MINIMAL,
            "(of.missing_signal(), of.initial_matrix()))",
            "(of.missing_signal(),))",
            "dropped term",
        ),
        (MINIMAL, "8 * missing * theta**4", "4 * missing * theta**4", "factor"),
        (MINIMAL, "L * sp.exp(4 * L) - ratio", "L * sp.exp(2 * L) - ratio", "factor"),
        (MINIMAL, "return first * second / (first + second)", "return first + second", "power"),
        (
            MINIMAL,
            "sp.Min(*(region.error(stop).exponent",
            "sp.Max(*(region.error(stop).exponent",
            "swap",
        ),
        (
            MINIMAL,
            "both = region.scale(of.waiting_time()) + region.scale(of.unlearning_time())",
            "both = region.scale(of.waiting_time())",
            "dropped term",
        ),
        (MINIMAL, "return sp.And(*(mine <= region", "return sp.And(*(mine >= region", "comparison"),
        (
            REGIME,
            "return time_to_minimum() / of.learning_rate().scale",
            "return time_to_minimum() * of.learning_rate().scale",
            "power",
        ),
        (
            REGIME,
            "larger(edge, of.signal()),\n        larger(edge, noise),",
            "larger(edge, noise),\n        larger(edge, of.signal()),",
            "swap",
        ),
        proofs="",
        tests=(
            "tests/theory/regimes/test_minimal_error.py",
            PLANE,
            "tests/theory/regimes/test_boundaries.py",
            "tests/theory/regimes/test_shown_formulas.py",
        ),
        claims="smallest-error initial-matrix narrow-error detection",
    ),
    family(
        "crossing times",
        (TIMES, "return c * sp.sinh(2 * y * t)", "return c * sp.sinh(y * t)", "factor"),
        (
            TIMES,
            "/ y_positive / accuracy) / (2 * _ROOT)",
            "/ y_positive / accuracy) / _ROOT",
            "factor",
        ),
        (TIMES, "of.threshold().expression) / (2 * y)", "of.threshold().expression) / y", "factor"),
        (
            TIMES,
            "sp.sqrt(d * of.initial_matrix().expression)",
            "sp.sqrt(of.initial_matrix().expression)",
            "power",
        ),
        (TIMES, "/ of.threshold().expression ** 2", "/ of.threshold().expression", "power"),
        proofs="boundaries",
        tests=(
            "tests/theory/regimes/test_crossing_times.py",
            "tests/theory/regimes/test_shown_formulas.py",
        ),
        claims="threshold-crossing",
    ),
)
