"""Lazy against feature training of networks with a scaled output."""
