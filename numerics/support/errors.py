r"""Errors of the toolkit's own: a diverged run, and a limit asked for outside its range.

A step of gradient descent with learning rate ``eta`` multiplies the error of a mode by
``1 - eta h``, where ``h`` is the curvature of the loss along that mode. The step is stable for

    0 < eta < 2 / max(h) = stability_limit,

and above that limit the error grows until the numbers overflow. The formula is the linear one,
so it holds close to a minimum; far from one the limit is an estimate.

Wrong values and wrong types are reported by the built-in ``ValueError`` and ``TypeError``
(see `numerics.support.validation`).

Source: the linear stability condition of the explicit Euler method (textbook).
"""

__all__ = ["DivergedError", "OutOfRangeError", "SweepError"]


class DivergedError(RuntimeError):
    r"""Training left the range of finite numbers.

    Parameters
    ----------
    iteration : int
        Number of updates made when the first infinity or NaN was seen.
    learning_rate : float
        Learning rate of the run, in units of 1/curvature.
    stability_limit : float
        Largest learning rate that the linear stability condition allows, in the same units.

    Notes
    -----
    The three values are also the exception's ``args``, so that it survives being pickled on the
    way back from a worker process.

    Examples
    --------
    >>> str(DivergedError(7, 0.5, 0.125))
    'training diverged at iteration 7: learning rate 0.5, stability limit 0.125'
    """

    def __init__(self, iteration: int, learning_rate: float, stability_limit: float) -> None:
        super().__init__(iteration, learning_rate, stability_limit)
        self.iteration = iteration
        self.learning_rate = learning_rate
        self.stability_limit = stability_limit

    def __str__(self) -> str:
        """Return the one-line message that names all three."""
        return (
            f"training diverged at iteration {self.iteration}: "
            f"learning rate {self.learning_rate:.6g}, stability limit {self.stability_limit:.6g}"
        )


class OutOfRangeError(ValueError):
    r"""A limit or an expansion was asked for where it does not hold.

    It is a ``ValueError``, since a value is at fault: the message names the limit, the condition
    under which it holds, and the value that broke it.

    Examples
    --------
    >>> raise OutOfRangeError("the lazy limit needs c > y, got c = 0.1, y = 3")
    Traceback (most recent call last):
        ...
    numerics.support.errors.OutOfRangeError: the lazy limit needs c > y, got c = 0.1, y = 3
    """


class SweepError(ValueError):
    """A sweep, or a folder of its results, that cannot be gone on with; the message says why."""
