# What mixed_dynamics re-exports, for type checkers and editors.
# ruff: noqa: F403

from numerics import *
from theory import *
from theory import __version__ as __version__
from verify import *
