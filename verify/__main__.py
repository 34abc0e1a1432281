"""``python -m verify`` is the ``mixed-dynamics`` command."""

import sys

from verify.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
