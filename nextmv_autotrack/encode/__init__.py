r"""Any Python object as JSON: bounded, never raising, never changing what it is given.

| value | its JSON |
|---|---|
| None, bool, str, finite float | themselves |
| int | itself, whatever its size; from 2**1023 on `{"type": "int", "repr": "0x…"}` |
| NaN, infinities | `null` |
| str with a lone surrogate | the surrogate spelled out, as `\\udc80` |
| dict, other mappings | an object; keys as below |
| list, tuple, deque, range, `array`, other sequences, dict views | a list |
| set, frozenset, other sets | a list: sorted where the items can be, else by their JSON |
| named tuple, dataclass | an object of its fields |
| Enum | its value; a member that is a str, int, list or dict as well: that |
| datetime, date, time | ISO 8601 |
| timedelta | seconds |
| Decimal | a number with all its digits, from 1E+308 on its text; NaN and infinities `null` |
| Fraction, UUID, Path, time zone | its text |
| complex | `{"real": 1.0, "imag": 2.0}` |
| bytes, bytearray, memoryview | text when it is UTF-8, else `{"base64": "…"}` |
| exception | `{"type": …, "message": …}` |
| class, function, method | its qualified name |
| numpy array | nested lists; a structured one has an object an item; what is masked `null` |
| numpy scalar | as the item of such an array; datetime64 ISO 8601, timedelta64 seconds |
| pandas, polars, pyarrow table | an object of its columns, which are lists |
| a column of such | a list; a pandas Series with labels an object by them |
| pandas index | as columns before the others, unless it only counts and has no name |
| items of columns | as elsewhere; what is missing `null`; moments with a zone have its offset |
| pandas Timestamp, Timedelta, Period, Interval | ISO 8601, seconds, their text |
| scipy sparse matrix | `{"format", "shape", "row", "column", "data"}` |
| networkx graph | `{"directed", "multigraph", "graph", "nodes", "edges"}`, its node-link form |
| torch tensor | as the numpy array of the same numbers; a sparse or quantized one its `repr` |
| pydantic model | an object of its fields, extras too, not what is excluded; a root model its root |
| attrs object, msgspec struct | an object of its fields; a struct with its tag, unset fields left out |
| pydantic `SecretStr` | `"**********"` |
| Plotly figure | the document that draws it, numbers as lists |
| shapely geometry | GeoJSON |
| IP address or network | its text |
| open file | `{"file": name, "mode": …}`; it is not read; one in memory its `repr` |
| `nextmv.Input` | an object of its format, options and data |
| `nextmv.Output` | its document |
| `nextmv.Options` | its values, once they were parsed |
| `nextmv.Statistics`, `Asset` and the like | an object of the fields that are set |
| `orjson.Fragment` | what it holds, unchecked |
| anything else | `{"repr": "…", "type": "module.Class"}`; generators are not consumed |
| a container inside itself | `"<cycle>"` |
| what is nested too deep | `"<too deep>"` |
| what takes too long to walk | what was walked, then `"<cut: 17 more>"` or `"<cut>"`s |
| what is over the bound | `{"truncated": true, "type": …, "length": … or "shape": …, "head": …}`; of tables `"columns"`, of graphs `"nodes"` and `"edges"`, too; where no head can be shown, `"parts"` with the same of each item or field |

Whoever asks for JSON is told when it is a summary, cut short, inside itself or too deep.

Keys are texts in JSON: numbers, dates and the like become theirs, tuples the text of
their list, other keys their `repr`. Where two keys become the same text, the later one
gets ` (2)` behind it.
"""

from __future__ import annotations

from nextmv_autotrack.encode.encoder import to_json
from nextmv_autotrack.encode.losses import is_summary, mark_of_loss

__all__ = ["is_summary", "mark_of_loss", "to_json"]
