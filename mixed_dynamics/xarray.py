"""``import mixed_dynamics.xarray`` gives every dataset ``data.mixed_dynamics.plot()``.

Examples
--------
>>> import mixed_dynamics as md
>>> import mixed_dynamics.xarray
>>> figure = md.predict_cell(-1.85, 2.25, 100).mixed_dynamics.plot()
>>> [axes.get_title() for axes in figure.axes]
['Train and test error', 'Singular values of A, distance from the self-consistent dynamics']
"""

from verify.figures.dataset_accessor import DatasetAccessor

__all__ = ["DatasetAccessor"]
