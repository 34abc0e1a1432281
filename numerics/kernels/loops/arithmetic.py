"""What the loops ask of the generated arithmetic, a signature each.

:func:`numerics.kernels.cache.load` puts functions printed from the expressions of :mod:`theory` in
the place of a loop's import from here.  A loop that is imported as it stands calls these instead,
which refuse; in plain Python (``NUMBA_DISABLE_JIT=1``) any functions may take their place.
"""

from typing import NoReturn

Numbers = tuple[float, ...]


def activation_value(preactivation: float, *constants: float) -> float:
    """Return phi(z)."""
    _refuse("activation_value")


def activation_with_slope(preactivation: float, *constants: float) -> tuple[float, float]:
    """Return phi(z) and phi'(z)."""
    _refuse("activation_with_slope")


def bulk_mode(y: float, c: float, t: float) -> tuple[float, float, float, float]:
    """Return s, y - s, g(y) and g(-y) of a mode that starts at 0, after flow of duration t."""
    _refuse("bulk_mode")


def constants_of(parameters: object) -> Numbers:
    """Return the parameters of a function as a tuple, which a loop need not read again."""
    _refuse("constants_of")


def corrected_entry(defect: float, root_i: float, root_j: float) -> float:
    """Return an entry of the correction of a root that is diagonal."""
    _refuse("corrected_entry")


def error_shares(count: float, a: float, r: float, corr: float) -> tuple[float, float, float]:
    """Return what a mode adds to test error, squared residual and mean second-order shift."""
    _refuse("error_shares")


def euler_step(y: float, s: float, c: float, eta: float) -> float:
    """Return s after an Euler step of equation (1) of the paper."""
    _refuse("euler_step")


def flow_time(iteration: float, eta: float, c: float) -> float:
    """Return the flow time after which a lazy mode has decayed as it does by descent."""
    _refuse("flow_time")


def kernel_variance(c1: float, c2: float, w: float, d_in: float, d_out: float) -> float:
    """Return V, the mean square of the fluctuation of the lazy kernel."""
    _refuse("kernel_variance")


def margin_terms(margin: float, *constants: float) -> tuple[float, float, float]:
    """Return a margin loss, its slope and its curvature."""
    _refuse("margin_terms")


def may_have_stopped(
    iteration: int, train: float, train_before: float, train_start: float, stride: int
) -> bool:
    """Tell whether the train error may have ended the run in the last ``stride`` steps."""
    _refuse("may_have_stopped")


def mode_gain(y: float, a: float, eta: float) -> float:
    """Return h, the scaled residual of a mode."""
    _refuse("mode_gain")


def mode_stage(stage: int, x: float, a: float, z: float, h: float) -> tuple[float, float, float]:
    """Return what a stage of a step makes of the Gram block of a mode."""
    _refuse("mode_stage")


def mode_step(x: float, a: float, z: float, h: float) -> tuple[float, float, float]:
    """Return what a whole step makes of the Gram block of a mode."""
    _refuse("mode_step")


def norm_shares(count: float, a: float, r: float) -> tuple[float, float]:
    """Return what a mode adds to ``||A||_F^2`` and to its mean second-order shift."""
    _refuse("norm_shares")


def outlier_values(a: float, v: float, m: float, n: float) -> tuple[float, float, float]:
    """Return singular value, threshold and edge of a mode a in an m x n bulk of variance v."""
    _refuse("outlier_values")


def pair_stage(
    stage: int,
    h_i: float,
    h_j: float,
    x_i: float,
    a_i: float,
    z_i: float,
    x_j: float,
    a_j: float,
    z_j: float,
    g_ij: float,
    g_ji: float,
    x00: float,
    x01: float,
    x10: float,
    x11: float,
    eta: float,
) -> Numbers:
    """Return what a stage adds to the shifts of i and j, 3 each, and makes of the pair block."""
    _refuse("pair_stage")


def reason(
    iteration: int,
    rises: int,
    train: float,
    train_1: float,
    train_start: float,
    train_error: float,
    test_rises: int,
    stall: float,
    fall: float,
    after: int,
) -> int:
    """Return the place of the condition that ends a run, -1 where it goes on."""
    _refuse("reason")


def rises_needed() -> int:
    """Return how many times running the test error rises before a run ends."""
    _refuse("rises_needed")


def shift_stage(
    stage: int,
    h_i: float,
    g_shift: float,
    x_i: float,
    a_i: float,
    z_i: float,
    s00: float,
    s10: float,
    s11: float,
    eta: float,
) -> tuple[float, float, float]:
    """Return what a stage makes of the mean shift of a mode, its partners left aside."""
    _refuse("shift_stage")


def stage_count() -> int:
    """Return the number of stages of a step: 1 for both layers at once, 2 for one by one."""
    _refuse("stage_count")


def start_power(
    start_variance: float,
    even: float,
    odd: float,
    paired: float,
    d_in: float,
    d_out: float,
    c: float,
    t: float,
) -> float:
    """Return ``E||.||_F^2`` of the response to A0."""
    _refuse("start_power")


def stops_by_train(iteration: int, train: float, train_1: float, train_start: float) -> bool:
    """Tell whether the published experiments stop here because of the train error."""
    _refuse("stops_by_train")


def train_sum(square: float, growth: float) -> float:
    """Return the train error's sum over modes from the sum of squared residuals."""
    _refuse("train_sum")


def truncation(
    power: float,
    shift_share: float,
    theta_1: float,
    c: float,
    w: float,
    d_in: float,
    d_out: float,
    t: float,
) -> float:
    """Return the estimated size of the first neglected order of a test error."""
    _refuse("truncation")


def _refuse(name: str) -> NoReturn:
    raise RuntimeError(
        f"{name} must be joined with its loop by numerics.kernels.cache.load, got a call without"
    )
