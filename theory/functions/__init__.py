"""Losses, margin losses and activations, as scalar sympy expressions."""
