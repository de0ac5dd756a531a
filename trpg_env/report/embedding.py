"""Data, style and program inside a page: so that nothing in the data ends its block, and nothing but ours runs.

The data stand in a block of JSON, where `<`, `>` and `&` are written as escapes: no text can close the block or open a
comment. The page's policy allows the one style sheet and the one program by their hashes, and no network at all; what
got past all escaping would still not run.
"""

import base64
import hashlib
import json
from typing import Any

_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def json_block(data: Any) -> str:
    r"""JSON that may stand between `<script type="application/json">` and its end.

    Example:
        >>> print(json_block("</script>"))
        "\u003c/script\u003e"
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Outside of strings JSON has none of these characters.
    return text.translate(_ESCAPES)


def policy(style: str, program: str) -> str:
    """The page's content security policy.

    Args:
        style: The style sheet, exactly as it stands in its element.
        program: The program, likewise.
    """
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(program)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
