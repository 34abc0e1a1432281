"""``python -m verify`` is the ``mixed-dynamics`` command."""

import sys

from verify.cli import main

sys.exit(main())
