"""The pieces that are timed stand beside the benchmarks: make them importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
