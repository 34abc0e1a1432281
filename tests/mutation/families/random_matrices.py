"""Mutants of the random matrices: Wishart moments, spikes and bulk, repulsion."""

from mutant import family

SUMS = "theory/random_matrices/spectrum_sums.py"
SPECTRA = "theory/random_matrices/spiked_matrix.py"
REPULSION = "theory/random_matrices/spike_repulsion.py"
WISHART = "theory/random_matrices/wishart.py"
SPECTRUM = "numerics/prediction/mode_spectrum.py"

FAMILIES = (
    family(
        "spiked matrices",
        (SPECTRA, 'sp.Float("-1.2065335745820")', 'sp.Float("-1.7710868074116")', "constant"),
        (
            SPECTRA,
            "(signal**2 + variance * rows) * (signal**2 + variance * columns)",
            "(signal**2 + variance * rows) * (signal**2 + variance * rows)",
            "dimension",
        ),
        (
            SPECTRA,
            "return sp.sqrt(product) / signal",
            "return sp.sqrt(product) / (2 * signal)",
            "factor",
        ),
        (
            SPECTRA,
            "return tau * (rows * columns) ** sp.Rational(1, 4)",
            "return tau * (rows * columns) ** sp.Rational(1, 2)",
            "power",
        ),
        (
            SPECTRA,
            "return sp.factor(2 * theta / slope)",
            "return sp.factor(theta / slope)",
            "factor",
        ),
        (
            SPECTRA,
            "return tau**2 * y / (y_hat**2 - y**2)",
            "return tau**2 * y_hat / (y_hat**2 - y**2)",
            "swap",
        ),
        (
            SPECTRA,
            "return tau**2 * y / (y_hat**2 - y**2)",
            "return 2 * tau**2 * y / (y_hat**2 - y**2)",
            "factor",
        ),
        (
            SPECTRA,
            "return tau * (sp.sqrt(rows) + sp.sqrt(columns))",
            "return tau * sp.sqrt(rows + columns)",
            "power",
        ),
        (
            SPECTRA,
            "** sp.Rational(1, 3)\n    return tau * sp.sqrt(total**2",
            "** sp.Rational(2, 3)\n    return tau * sp.sqrt(total**2",
            "power",
        ),
        (SPECTRA, "tau**2 * sp.Max(rows, columns)", "tau**2 * sp.Min(rows, columns)", "dimension"),
        (SPECTRA, "tau**2 * sp.sqrt(rows * columns),\n    )", "tau**2 * rows,\n    )", "dimension"),
        proofs="spectra",
        tests=(
            "tests/theory/random_matrices/test_spiked_matrix.py",
            "tests/numerics/prediction/test_mode_spectrum.py",
            "tests/theory/random_matrices/test_shown_formulas.py",
            "tests/numerics/prediction/test_runs.py",
        ),
        claims="spectrum-sums spike-overlap mean-edge outlier-threshold outlier-value "
        "bulk-loss predicted-error",
    ),
    family(
        "spike repulsion",
        (
            REPULSION,
            "return (1 + (a + b) / 2) / (1 - a * b)",
            "return (1 + (a + b)) / (1 - a * b)",
            "factor",
        ),
        (
            REPULSION,
            "return (1 + (a + b) / 2) / (1 - a * b)",
            "return (1 + (a + b) / 2) / (1 + a * b)",
            "sign",
        ),
        (
            REPULSION,
            "sp.factor(spectra.spike_overlap() ** 2 * noise_gain())",
            "sp.factor(spectra.spike_overlap() * noise_gain())",
            "power",
        ),
        (
            REPULSION,
            '"gain_slope": sp.factor(gain.diff(theta))',
            '"gain_slope": sp.factor(2 * gain.diff(theta))',
            "factor",
        ),
        (SPECTRUM, 'root = np.sqrt(noise["gain"])', 'root = noise["gain"]', "power"),
        (
            SPECTRUM,
            "noise = evaluate(repulsion_form, own, tau, rows, columns)",
            "noise = evaluate(repulsion_form, own, tau, columns, columns)",
            "dimension",
        ),
        (
            SPECTRUM,
            'down * noise["variance_slope"] / (2 * spread)',
            'down * noise["variance_slope"] / spread',
            "factor",
        ),
        (
            SPECTRUM,
            'change = 1 - up * noise["gain_slope"] / (2 * root)',
            "change = 1.0",
            "dropped term",
        ),
        (
            SPECTRUM,
            "np.sqrt(2 * gammaincinv(entries / 2, strata))",
            "np.sqrt(2 * gammaincinv(entries, strata))",
            "freedom",
        ),
        proofs="spike-repulsion",
        tests=(
            "tests/theory/random_matrices/test_spike_repulsion.py",
            "tests/numerics/prediction/test_mode_spectrum.py",
        ),
        claims="spectrum-sums spike-repulsion spike-scatter",
    ),
    family(
        "moments of the start",
        (
            WISHART,
            "for i in range(4) for j in range(4)) / 2",
            "for i in range(4) for j in range(4))",
            "factor",
        ),
        (
            WISHART,
            "return sp.simplify(w * one_column)",
            "return sp.simplify(w**2 * one_column)",
            "power",
        ),
        (WISHART, "variance = {0: c1 / w, 1: c2 / w}", "variance = {0: c1 / w, 1: c1 / w}", "swap"),
        (WISHART, '"C1_diagonal": (0, 0)', '"C1_diagonal": (0, 1)', "index"),
        (WISHART, '"A": (2, 0)', '"A": (2, 3)', "index"),
        (
            WISHART,
            "log_chi_square_mean(rows - index) + log_chi_square_mean(columns - index)",
            "log_chi_square_mean(rows) + log_chi_square_mean(columns)",
            "freedom",
        ),
        (
            WISHART,
            "log_chi_square_mean(rows - index) + log_chi_square_mean(columns - index)",
            "2 * log_chi_square_mean(rows - index)",
            "dimension",
        ),
        (WISHART, "(2 * rank) - sp.log(rank) / 2", "(2 * rank)", "dropped term"),
        (
            WISHART,
            "return sp.sqrt(1 / rows + 1 / columns) / 2",
            "return sp.sqrt(1 / rows + 1 / columns)",
            "factor",
        ),
        (
            SPECTRUM,
            "(batch + batch.transpose(0, 2, 1)) / np.sqrt(2)",
            "(batch + batch.transpose(0, 2, 1)) / 2",
            "factor",
        ),
        (SPECTRUM, "size * vectors[0] ** 2", "size * vectors[-1] ** 2", "index"),
        proofs="wishart",
        tests=(
            "tests/theory/random_matrices/test_shown_formulas.py",
            "tests/numerics/prediction/test_mode_spectrum.py",
            "tests/numerics/prediction/test_mode_recursion.py",
        ),
        claims="first-step-power spectrum-sums kernel-fluctuation predicted-distance "
        "linear-kernel-change",
    ),
    family(
        "sums of a spectrum",
        (
            SUMS,
            "return tau**4 * rows * columns / theta**2",
            "return tau**2 * rows * columns / theta**2",
            "power",
        ),
        (
            SUMS,
            "return tau**4 * rows * columns / theta**2",
            "return tau**4 * rows * rows / theta**2",
            "dimension",
        ),
        proofs="spectrum-sums",
        tests=(
            "tests/theory/random_matrices/test_spectrum_sums.py",
            "tests/numerics/prediction/test_mode_spectrum.py",
        ),
        claims="spectrum-sums bulk-loss",
    ),
)
