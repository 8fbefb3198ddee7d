"""What nobody else is to read: told by its name or its shape, and replaced.

Names are told by their words, however these are joined: `access_token`, `apiKey` and
`X-Api-Key` name secrets, `max_tokens`, `tokenizer` and `primary_key` do not. Whatever
stands under such a name is replaced by `"[redacted]"`, but for what says nothing: null,
true, false, an empty text, list or object, and a number where the word is `token`,
since it counts some.

Two look for them: `encode.discreet` at the call, at names in the upper levels of a value; and,
before anything is kept or sent, `json_scan` and `text_scan` at every byte.
"""

from __future__ import annotations

from nextmv_autotrack.redact.known import known_values, learn
from nextmv_autotrack.redact.names import REDACTED, hides
from nextmv_autotrack.redact.rules import DEFAULT_RULES, Rules

# Not the scans: their expressions take milliseconds to make, and a call needs none.
__all__ = ["DEFAULT_RULES", "REDACTED", "Rules", "hides", "known_values", "learn"]
