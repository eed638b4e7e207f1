"""``python -m hypuml COMMAND``: results to stdout, progress and logs to stderr, errors in one line.

Exit codes: 0 done, 2 a wrong option or input (one line says what), 130 stopped on request.
"""

from __future__ import annotations

import sys

from hypuml.commands import main


def run() -> None:
    """Run the command of ``sys.argv``; what the console script ``hypuml`` calls."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
