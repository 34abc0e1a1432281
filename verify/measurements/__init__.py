"""Exponents measured."""
