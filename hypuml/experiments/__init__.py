"""How the method and what ships were made and measured: studies, benchmarks, checkpoints, pages.

``python -m hypuml.experiments COMMAND``. Nothing in the library imports this package.
"""
