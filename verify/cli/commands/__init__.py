"""One file a command: ``add`` describes its arguments, ``run`` does its work.

The files import argparse alone at their head; what is heavy is imported inside ``run``.
"""
