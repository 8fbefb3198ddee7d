"""Delivery to the platform: who sends what when, and what happens when it fails."""

from __future__ import annotations
