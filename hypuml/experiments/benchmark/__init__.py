"""Benchmarks: ours and the baselines in the same run, as plain data for JSON.

Each is a function of a seed; :mod:`hypuml.experiments.commands.benchmark` lists them. Nothing is
imported here, so that a process that measures memory imports no more than it needs.
"""
