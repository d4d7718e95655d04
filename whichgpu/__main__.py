"""`python -m whichgpu`."""

import sys

from whichgpu.cli import main

sys.exit(main())
