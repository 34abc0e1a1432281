"""The parts of the fuzzer stand beside its tests: make them importable."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / x) for x in ("", "text_and_files")]
