"""The platform from code: runs tracked by hand, and runs read back."""

from __future__ import annotations
