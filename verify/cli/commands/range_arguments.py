"""Ranges on the command line: ``A:B`` and ``A:B:N``."""

from __future__ import annotations

import argparse
import re

__all__ = ["allow_negative_ranges", "check_cells", "two_numbers"]


def allow_negative_ranges(command: argparse.ArgumentParser) -> None:
    """Let a range start with a minus sign, which argparse grants to plain numbers only."""
    command._negative_number_matcher = re.compile(r"^-[\d.][\d.eE:+-]*$")


def two_numbers(text: str) -> tuple[float, float]:
    """Parse ``A:B``."""
    try:
        first, last = (float(part) for part in text.split(":"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be A:B, two numbers, got {text!r}") from None
    return first, last


def check_cells(rows: int, columns: int) -> None:
    """Refuse a grid that is none, before its cells are run."""
    if min(rows, columns) < 2:
        raise ValueError(f"a figure needs at least 2 x 2 cells, got {rows} x {columns}")
