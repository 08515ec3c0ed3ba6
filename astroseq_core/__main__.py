"""``python -m astroseq_core``."""

import sys

from astroseq_core.cli.main import main

sys.exit(main())
