"""`python -m spec.guide docs/layers` writes the pages of all layers anew."""

from __future__ import annotations

import sys
from pathlib import Path

from spec.guide.pages import write

if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/layers"))
