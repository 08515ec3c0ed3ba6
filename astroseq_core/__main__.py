"""``python -m astroseq_core``."""

import sys

from astroseq_core.cli import main

sys.exit(main())
