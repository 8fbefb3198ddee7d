from __future__ import annotations

import nextmv_autotrack

PUBLIC = [
    "AmbiguousRunError",
    "Application",
    "AsyncApplication",
    "AutotrackError",
    "DamagedStoreError",
    "DeliveryTimeoutError",
    "InvalidRunError",
    "NotCallableError",
    "NotDeliveredError",
    "PlatformError",
    "RefusedError",
    "ReplayError",
    "Replayed",
    "Run",
    "RunResult",
    "RunSummary",
    "RunTimeoutError",
    "SettingsError",
    "Status",
    "StoreError",
    "TrackedRun",
    "UnknownRunError",
    "UnreachableError",
    "__version__",
    "configure",
    "current_run",
    "flush",
    "last_run",
    "replay",
    "shutdown",
    "track_run",
    "tracked",
]


def test_the_public_names_are_these():
    assert sorted(nextmv_autotrack.__all__) == PUBLIC


def test_every_public_name_is_there_and_documented():
    for name in PUBLIC:
        value = getattr(nextmv_autotrack, name)
        assert isinstance(value, str) or value.__doc__, name


def test_every_error_of_ours_is_an_autotrack_error():
    errors = [getattr(nextmv_autotrack, name) for name in PUBLIC if "Error" in name]
    assert all(issubclass(error, nextmv_autotrack.AutotrackError) for error in errors)
