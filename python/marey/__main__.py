"""``python -m marey``."""

from __future__ import annotations

from marey.cli import main

raise SystemExit(main())
