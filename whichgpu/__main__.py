"""`python -m whichgpu`."""

import sys

from whichgpu.cli import console

sys.exit(console())
