"""Nonlinear networks and their gradient flow."""
