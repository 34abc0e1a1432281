"""Predicted runs and phase diagrams, without training."""
