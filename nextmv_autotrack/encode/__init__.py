r"""Any Python object as JSON: bounded, never raising, never changing what it is given.

| value | its JSON |
|---|---|
| None, bool, str, int, finite float | themselves; integers of any size are exact |
| NaN, infinities | `null` |
| str with a lone surrogate | the surrogate as `\\udXXX` |
| dict, other mappings | an object; keys as below |
| list, tuple, deque, set, frozenset, dict views, other sequences | a list; sets sorted where they can be |
| named tuple | an object of its fields |
| dataclass | an object of its attributes, without those that begin with `_` |
| Enum | its value |
| datetime, date, time | ISO 8601 |
| timedelta | seconds |
| Decimal | an exact number; NaN and infinities `null` |
| Fraction | the text `"1/3"` |
| complex | `{"real": 1.0, "imag": 2.0}` |
| UUID, Path, time zones | their text |
| bytes, bytearray, memoryview | `{"base64": "..."}` |
| numpy arrays | nested lists; structured ones as lists of objects |
| numpy scalars | the Python value |
| anything else | `{"type": "module.Class", "repr": "..."}`; generators are not consumed |
| a container inside itself | `"<cycle>"` |
| what is nested too deep, or is too much | `"<nested too deep>"`, `"<left out>"` |
| what is over the bound | `{"truncated": true, "type": ..., "bytes": ..., "head": ...}` |

Keys are texts in JSON: numbers, `true`, `false` and `null` become theirs, other keys
their `repr`. Where two keys become the same text, the later one gets its type behind it.
"""

from __future__ import annotations

from nextmv_autotrack.encode.encoder import to_json

__all__ = ["to_json"]
