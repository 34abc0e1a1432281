"""Mutants of the predicted phase diagram and runs: closed-form errors, loops, what is observed."""

from mutant import family

FAST = "theory/prediction/closed_form_errors.py"
GRID_FORMS = "theory/kernels/error_grid.py"
GRID_LOOP = "numerics/kernels/loops/error_grid.py"
GRID = "numerics/prediction/grid.py"
RUNS = "numerics/prediction/runs.py"
OBSERVABLES = "numerics/prediction/run_observables.py"

FAMILIES = (
    family(
        "closed-form errors",
        (FAST, "(gap, c**2 / (rate + y))", "(gap, c / (rate + y))", "power"),
        (FAST, "(scale, 2 / (M * N))", "(scale, 1 / (M * N))", "factor"),
        (FAST, '"g_minus": 2 * rate * fade / N', '"g_minus": rate * fade / N', "factor"),
        (
            FAST,
            "(even + (d_in - paired) * alone) + odd**2",
            "(even + (d_in - paired) * alone) - odd**2",
            "sign",
        ),
        (
            FAST,
            "(even + (d_in - paired) * alone) + odd**2",
            "(even + (d_in - paired) * alone)",
            "dropped term",
        ),
        (FAST, "alone = sp.exp(-2 * c * t)", "alone = sp.exp(-4 * c * t)", "factor"),
        (
            FAST,
            "(even + (d_out - paired) * alone) * (even + (d_in - paired) * alone)",
            "(even + (d_in - paired) * alone) * (even + (d_in - paired) * alone)",
            "dimension",
        ),
        (
            FAST,
            "(size - 1) * fluctuation_covariance(off, off)",
            "size * fluctuation_covariance(off, off)",
            "freedom",
        ),
        (
            FAST,
            "sides = ((d_in, (0, 1), (0, 0)), (d_out, (2, 3), (2, 2)))",
            "sides = ((d_out, (0, 1), (0, 0)), (d_in, (2, 3), (2, 2)))",
            "dimension",
        ),
        (FAST, "    mean = -growth * r / 2\n", "    mean = -growth * r\n", "factor"),
        (FAST, '"train": -2 * r * mean', '"train": 2 * r * mean', "sign"),
        (FAST, '"norm": 2 * a * mean', '"norm": a * mean', "factor"),
        (FAST, '"power": growth * r**2', '"power": growth * r', "power"),
        (FAST, "sp.log(1 - 2 * eta * c) / (2 * c)", "sp.log(1 - 2 * eta * c) / c", "factor"),
        (
            FAST,
            "sp.Matrix([[0, A0_ji], [A0_ij, 0]])",
            "sp.Matrix([[0, A0_ij], [A0_ji, 0]])",
            "swap",
        ),
        proofs="fast-prediction",
        tests=(
            "tests/numerics/kernels/loops/test_error_grid.py",
            "tests/theory/prediction/test_shown_formulas.py",
            "tests/numerics/prediction/test_grid.py",
        ),
        claims="kernel-fluctuation grid-cells best-fraction predicted-ends",
    ),
    family(
        "prediction grid",
        (
            GRID_LOOP,
            "of_even, of_odd = 0.5 * (g_plus + g_minus), 0.5 * (g_plus - g_minus)",
            "of_even, of_odd = 0.5 * (g_plus + g_minus), g_plus - g_minus",
            "factor",
        ),
        (GRID_LOOP, "odd += count * of_odd * of_odd", "odd += of_odd * of_odd", "dropped term"),
        (
            GRID_LOOP,
            "fluctuation = growth * (square + sums[2] + bulk.drift)",
            "fluctuation = growth * (square + bulk.drift)",
            "dropped term",
        ),
        (
            GRID_LOOP,
            "test = bulk.test + (sums[0] + fluctuation + bulk.from_start)",
            "test = bulk.test + (sums[0] + fluctuation)",
            "dropped term",
        ),
        (
            GRID_LOOP,
            "return test, train_sum(square, growth) + bulk.from_start",
            "return test, train_sum(square, growth) - bulk.from_start",
            "sign",
        ),
        (
            GRID_LOOP,
            "    growth = start.kernel_variance * t**2\n    square",
            "    growth = start.kernel_variance * t\n    square",
            "power",
        ),
        (
            GRID_LOOP,
            "norm += growth * (sums[1] + bulk.power + norm_drift) + bulk.from_start",
            "norm += growth * (sums[1] + bulk.power + norm_drift)",
            "dropped term",
        ),
        (
            GRID_LOOP,
            "first -= 0.5 * growth * (target.spikes[0] - first)",
            "first -= growth * (target.spikes[0] - first)",
            "factor",
        ),
        (
            GRID_LOOP,
            "m, n = d_out - target.spikes.size, d_in - target.spikes.size",
            "m, n = d_out, d_in",
            "freedom",
        ),
        (
            GRID_LOOP,
            "v = (growth * bulk.power + of_start) / (m * n)",
            "v = (growth * bulk.power + of_start) / (m * m)",
            "dimension",
        ),
        (
            GRID_LOOP,
            "target.paired, n, m, start.c, t)",
            "target.paired, m, n, start.c, t)",
            "dimension",
        ),
        (
            GRID_LOOP,
            "return norm / largest**2, estimate",
            "return norm / largest, estimate",
            "power",
        ),
        (
            GRID_LOOP,
            "start = Start(c, width, c1 * c2 / width,",
            "start = Start(c, width, c * c / width,",
            "swap",
        ),
        (GRID_LOOP, "low, high = max(0, best - stride + 1)", "low, high = max(0, best)", "index"),
        (
            GRID_LOOP,
            "rises = rises + 1 if test > test_before else 0",
            "rises = rises + 1",
            "constant",
        ),
        (GRID_LOOP, "if rises == rises_needed():", "if rises == rises_needed() - 1:", "constant"),
        (
            GRID_LOOP,
            "shift_share = growth * (sums[2] + bulk.drift) / entries",
            "shift_share = growth * (sums[2] - bulk.drift) / entries",
            "sign",
        ),
        (
            GRID_FORMS,
            "still = 2 * STOPPING.stall * _stride",
            "still = STOPPING.stall / 8",
            "constant",
        ),
        (GRID, "threshold = (1 + ratio) / 2 * first", "threshold = ratio * first", "factor"),
        (
            GRID,
            "cells = np.broadcast_arrays(first, ratio * first, width, rate)",
            "cells = np.broadcast_arrays(ratio * first, first, width, rate)",
            "swap",
        ),
        proofs="",
        tests=(
            "tests/numerics/kernels/loops/test_error_grid.py",
            "tests/numerics/prediction/test_grid.py",
        ),
        claims="grid-cells predicted-ends",
    ),
    family(
        "prediction runs",
        (
            OBSERVABLES,
            "signal = np.sum(spectrum.signal**2)",
            "signal = np.sum(spectrum.signal)",
            "power",
        ),
        (OBSERVABLES, 'if key.endswith("_shifted"):', 'if key == "test_shifted":', "dropped term"),
        (
            OBSERVABLES,
            'sums["test_shifted"] - sums["test"] - power,',
            'sums["test_shifted"] - sums["test"],',
            "dropped term",
        ),
        (
            OBSERVABLES,
            "network.learning_rate * np.arange(steps),",
            "network.learning_rate * np.arange(steps) / 2,",
            "factor",
        ),
        (
            OBSERVABLES,
            "variance = trajectory.bulk_power / math.prod(size)",
            "variance = trajectory.bulk_power / math.prod(spectrum.shape)",
            "freedom",
        ),
        (
            OBSERVABLES,
            "mean_shift = float(excess) / d_in, float(excess) / d_out",
            "mean_shift = float(excess) / d_out, float(excess) / d_in",
            "dimension",
        ),
        (
            OBSERVABLES,
            "noise = math.hypot(spectrum.noise, math.sqrt(variance))",
            "noise = math.hypot(spectrum.noise, variance)",
            "power",
        ),
        (
            OBSERVABLES,
            "np.maximum(outlier[:, 0], edge) ** 2",
            "np.maximum(outlier[:, 0], edge)",
            "power",
        ),
        (
            OBSERVABLES,
            "    d_out, d_in = spectrum.shape\n    entries, steps",
            "    d_in, d_out = spectrum.shape\n    entries, steps",
            "dimension",
        ),
        (RUNS, "truncation <= limit * value", "truncation <= 10 * limit * value", "constant"),
        (
            RUNS,
            "np.asarray(width) < WIDTHS_PER_RANK * rank",
            "np.asarray(width) < rank",
            "constant",
        ),
        (
            RUNS,
            "rank > RANK_SHARE * min(spectrum.shape)",
            "rank > RANK_SHARE * max(spectrum.shape)",
            "dimension",
        ),
        proofs="",
        tests=("tests/numerics/prediction/test_runs.py", "tests/numerics/prediction/test_grid.py"),
        claims="predicted-ends outlier-threshold outlier-value predicted-distance",
    ),
)
