"""Algorithms as files: searches, integrators and stopping rules, compiled with their arithmetic."""
