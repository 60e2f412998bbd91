"""Go's quoting of a text (`%q`), which the reference uses in several error sentences."""

from __future__ import annotations

_SHORT = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}


def go_quote(text: str) -> str:
    """The text in double quotes, with Go's escapes. Source: Go `strconv.Quote`."""
    out = ['"']
    for char in text:
        short = _SHORT.get(char)
        if short is not None:
            out.append(short)
        elif char.isprintable():
            out.append(char)
        else:
            code = ord(char)
            if 0xDC80 <= code < 0xDD00:
                # An octet that is no UTF-8.
                out.append(f"\\x{code - 0xDC00:02x}")
            elif code < 0x80:
                out.append(f"\\x{code:02x}")
            else:
                out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    out.append('"')
    return "".join(out)


def go_format(text: str) -> str:
    """A text that Go formats without arguments: what stands behind each percent sign is missing. Source: Go `fmt.Sprintf`."""
    if "%" not in text:
        return text
    import re

    return re.sub(
        r"%[-+# 0]*\d*(?:\.\d*)?(.)", lambda found: "%" if found[1] == "%" else f"%!{found[1]}(MISSING)", text
    )
