"""``python -m hypuml.experiments COMMAND``; exit codes as those of ``python -m hypuml``."""

from __future__ import annotations

import sys

from hypuml.experiments.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
