"""Mistakes that people make in the text of a file: what an editor, a shell, a merge or a template left behind."""

from __future__ import annotations

import re

from trees.mistakes import blocks

from mutations.style import lines_of, store
from mutations.work import Work

KEY = re.compile(r"\s*(?:- )*[^\s#'\"{}\[\],:-][^:#]*:(?: |\Z)")
# What ends up in files by copying them from elsewhere, as lines of their own.
LEFTOVERS = (
    "```yaml", "```", "EOF", "cat <<EOF | kubectl apply -f -", "{{- if .Values.enabled }}", "{{- end }}", '{{ include "x" . | nindent 4 }}', "#!/bin/sh",
    "// a comment", "/* a comment */", "; a comment", "...", "apiVersion: v1", '<?xml version="1.0"?>', "kind: List", "%TAG ! tag:a,2000:", "Error: x",
    "+  added: x", "@@ -1,3 +1,4 @@", "diff --git a/x b/x", "$ANSIBLE_VAULT;1.1;AES256", "sops: {}", "---8<---", "\u200b", "status: {}", "null", "~", "- ", "-",
)  # fmt: skip
TEMPLATES = (
    "{{ .Values.image }}", "{{name}}", "${NAME}", "$NAME", "$(NAME)", "%NAME%", "@NAME@", "<name>", "<name", "[name]", "__NAME__", "#{NAME}#", "!Ref x",
    "{{ .a }}-b", "a-{{ .b }}", "${A:-b}", "$(A)$(B)", "$((A))", "$$(A)", "$(A", "$()", "*name", "&name", "&name x", "note: x", "x: y: z", "@x", "`x`", "%x", "?", "? x",
    "-", "- x", "-x", ":", ":x", "x:", "a # b", "a#b", "#b", ",", "{", "}", "]", "'", '"', "'x", 'x"', "'a'b", '"a" b', '"\\x"', '"\\q"', "'\\n'", '"a\\"', "''''", "|x", "|-", ">+2", "|9",
)  # fmt: skip
LOOKALIKES = (
    ("'", "\u2018"), ('"', "\u201c"), ("- ", "\u2013 "), (" ", "\u00a0"), (": ", ":\u00a0"), (":", "\uff1a"), ("-", "\u2011"), ("a", "\u0430"), (" ", "\u3000"), ("e", "e\u0301"),
)  # fmt: skip
JSON_SIGNS = ((",", ""), (",", ",,"), ('"', "'"), ('"', ""), ("}", ""), ("}", ",}"), ("]", ",]"), ("]", ""), (":", ""), (":", "="), ("{", "{{"), ("{", "{ // x\n"), ("true", "True"), ("\n", "\n# x\n"))  # fmt: skip
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-8-sig", "utf-32", "cp037")


def conflict(work: Work) -> None:
    """What a merge leaves: both versions of a block between its marks, or one of the marks."""
    if not (found := lines_of(work)):
        return
    (name, lines), choice = found, work.choice
    start, end = choice.one(blocks(lines))
    own, mark = lines[start:end], choice.one(("<<<<<<< HEAD", "<<<<<<< Updated upstream"))
    other = [*own[:-1], own[-1] + "x"] if choice.chance(0.7) else []
    inner = [mark, *own, "=======", *other, ">>>>>>> feature/a"]
    if choice.chance(0.2):
        inner = [*inner[: len(own) + 1], "||||||| merged", *own, *inner[len(own) + 1 :]]
    if choice.chance(0.35):
        inner = [line for line in inner if not line.startswith(("<<<<<<<", ">>>>>>>")) or choice.chance(0.5)]
    store(work, name, [*lines[:start], *inner, *lines[end:]])


def indentation(work: Work) -> None:
    """A whole block deeper or less deep, or all of a list's entries."""
    if not (found := lines_of(work)):
        return
    (name, lines), choice = found, work.choice
    start, end = choice.one(blocks(lines))
    if choice.chance(0.4) and end > start + 1:
        start += 1  # what is below a key, without the key
    by = choice.one((-4, -2, -1, 1, 2, 3, 4))
    for at in range(start, end):
        if lines[at].strip():
            lines[at] = (
                " " * by + lines[at] if by > 0 else lines[at][min(-by, len(lines[at]) - len(lines[at].lstrip())) :]
            )
    store(work, name, lines)


def tabs(work: Work) -> None:
    """Tabs where spaces belong: of an indentation, behind a colon or a dash, or before a comment."""
    if not (found := lines_of(work)):
        return
    (name, lines), choice = found, work.choice
    start, end = choice.one(blocks(lines)) if choice.chance(0.7) else (0, len(lines))
    how = choice.number(0, 4)
    for at in range(start, end):
        line = lines[at]
        lines[at] = (
            re.sub(r"^( +)", lambda held: "\t" * (len(held[1]) // 2 or 1), line), re.sub(r"^(\s*)- ", r"\1-" + "\t", line), line.replace(": ", ":\t", 1),
            line + "\t# x" if line.strip() else "\t", re.sub(r"^( +)", r"\1" + "\t", line),
        )[how]  # fmt: skip
    store(work, name, lines)


def marks(work: Work) -> None:
    """Marks between documents that are gone, doubled or misspelt, with and without a document between them."""
    if not (found := lines_of(work)):
        return
    (name, lines), choice = found, work.choice
    held = [at for at, line in enumerate(lines) if line.startswith("---")]
    roll = choice.number(0, 5)
    if held and roll < 3:
        at = choice.one(held)
        lines[at : at + 1] = choice.one(
            ([], ["---", "---"], ["--- ", "# c", "---"], ["--"], ["----"], [" ---"], ["...", "---"], ["---", "null", "---"], ["---", "{}", "---"], ["--- #"], ["***"])
        )  # fmt: skip
    elif roll == 3:
        lines = ["---", *lines]
    elif roll == 4:
        lines += ["---"] if lines[-1] else ["---", ""]
    else:
        tops = [at for at, line in enumerate(lines) if re.match(r"[a-zA-Z]", line)]
        lines.insert(choice.one(tops or [0]), "---")
    store(work, name, lines)


def comments(work: Work) -> None:
    """A comment behind or below every line, or every other one; and lines that are commented out."""
    if not (found := lines_of(work)):
        return
    (name, lines), choice = found, work.choice
    share, how = choice.one((0.1, 0.5, 1.0)), choice.number(0, 4)
    changed: list[str] = []
    for line in lines:
        if not line.strip() or not choice.chance(share):
            changed.append(line)
            continue
        depth = len(line) - len(line.lstrip())
        changed += (
            [line + " # behind"], [line, " " * depth + "# below"], [" " * depth + "# " + line.lstrip()], ["# at the left", line], [line, "", " " * (depth + 2) + "# deeper", ""],
        )[how]  # fmt: skip
    store(work, name, changed)


def leftover(work: Work) -> None:
    """A line that belongs elsewhere."""
    if found := lines_of(work):
        name, lines = found
        at = work.choice.one((0, len(lines), work.choice.number(0, len(lines))))
        indent = work.choice.one(("", "", "  ", "    "))
        lines.insert(at, indent + work.choice.one(LEFTOVERS))
        store(work, name, lines)


def template(work: Work) -> None:
    """What is to be replaced by some program, without quotes: as a value, or in the middle of one."""
    if not (found := lines_of(work)):
        return
    (name, lines), choice = found, work.choice
    held = [at for at, line in enumerate(lines) if KEY.match(line)]
    if not held:
        return
    at = choice.one(held)
    head = KEY.match(lines[at])
    assert head is not None
    value = lines[at][head.end() :]
    word = choice.one(TEMPLATES)
    lines[at] = head[0].rstrip() + " " + choice.one((word, word, word, value + word, word + value))
    store(work, name, lines)


def punctuation(work: Work) -> None:
    """A space, colon, dash, quote or comma that is missing, doubled or another sign that looks alike."""
    if not (found := lines_of(work)):
        return
    (name, lines), choice = found, work.choice
    at, sign = (
        choice.number(0, len(lines) - 1),
        choice.one((": ", "- ", ":", "'", '"', ",", "{", "[", "}", "]", "=", " ", ".")),
    )
    held = [number for number, line in enumerate(lines) if sign in line]
    at = choice.one(held) if held else at
    line = lines[at]
    spots = [found.start() for found in re.finditer(re.escape(sign), line)]
    if choice.chance(0.25):
        old, new = choice.one(LOOKALIKES)
        lines[at] = line.replace(old, new, choice.one((1, -1)))
    elif spots:
        spot = choice.one(spots)
        new = choice.one(("", sign * 2, sign.strip(), sign + " ", " " + sign, ";", "="))
        lines[at] = line[:spot] + new + line[spot + len(sign) :]
    store(work, name, lines)


def again(work: Work) -> None:
    """A key twice: the same block once more, as it is, with another value, or without one."""
    if not (found := lines_of(work)):
        return
    (name, lines), choice = found, work.choice
    held = [(start, end) for start, end in blocks(lines) if KEY.match(lines[start])]
    if not held:
        return
    start, end = choice.one(held)
    head = KEY.match(lines[start])
    assert head is not None
    empty = head[0].rstrip()
    # A key that begins the entry of a list is one deeper without its dash.
    plain = empty.replace("- ", "  ")
    other = choice.one((lines[start:end], [plain], [plain + " x"], [plain + " {}"], [plain + " []"], [plain.upper()], [plain.replace(":", "s:")]))  # fmt: skip
    at = choice.one((start, end, end, len(lines)))
    store(work, name, [*lines[:at], *other, *lines[at:]])


def encoding(work: Work) -> None:
    """A file in another encoding, with or without its mark, as some shells and editors write it."""
    name = work.text()
    if name is None:
        return
    text = work.files[name].decode("utf-8", "replace")
    code = work.choice.one(ENCODINGS)
    if work.choice.chance(0.3):
        text = text.replace("\n", "\r\n")
    if code == "latin-1" and text.isascii():
        text = text.replace("a", "\u00e4", 1)
    work.files[name] = text.encode(code, "replace")


def ends(work: Work) -> None:
    """Line ends of other systems in some or all files, old ones of one character, and none at the end of any file."""
    how = work.choice.number(0, 3)
    for name in sorted(work.files) if work.choice.chance(0.5) else [work.choice.one(sorted(work.files))]:
        content = work.files[name]
        work.files[name] = (
            content.replace(b"\n", b"\r\n"), content.replace(b"\n", b"\r"), content.rstrip(b"\n"), content.replace(b"\n", b"\r\n", len(content) // 40 or 1),
        )[how]  # fmt: skip


def json_text(work: Work) -> None:
    """JSON with a comma, quote, bracket or comment too many or too few, or more text behind it."""
    names = [name for name in sorted(work.files) if name.endswith(".json") and work.files[name].strip()]
    if not names:
        return
    choice, name = work.choice, work.choice.one(names)
    text = work.files[name].decode("utf-8", "surrogateescape")
    old, new = choice.one(JSON_SIGNS)
    spots = [found.start() for found in re.finditer(re.escape(old), text)]
    if spots and choice.chance(0.8):
        at = choice.one(spots)
        text = text[:at] + new + text[at + len(old) :]
    else:
        text = choice.one(
            (
                text + ",",
                text + "x",
                text + text,
                "\ufeff" + text,
                "// x\n" + text,
                "[" + text + "]",
                text[: len(text) // 2],
                "# x\n" + text,
                "---\n" + text,
            )
        )
    work.files[name] = text.encode("utf-8", "surrogateescape")


def other_file(work: Work) -> None:
    """A file that is no YAML, as editors and shells leave it: spaces, quotes, marks, other line ends and encodings, binary."""
    names = [name for name in sorted(work.files) if name not in work.texts() and not name.endswith(".json")]
    if not names:
        return
    choice, name = work.choice, work.choice.one(names)
    content = work.files[name]
    lines = content.split(b"\n")
    at = choice.number(0, len(lines) - 1)
    lines[at] = choice.one((lines[at] + b"  ", b"  " + lines[at], b"\t" + lines[at], b"export " + lines[at], lines[at] + b" # x", b"#" + lines[at], b'"' + lines[at] + b'"', lines[at].replace(b"=", b": "), lines[at].replace(b"=", b" = "), lines[at] + b"\\", lines[at] + b"\n" + lines[at], b"", lines[at] + b"\x00", b"=" + lines[at]))  # fmt: skip
    work.files[name] = choice.one(
        (
            b"\n".join(lines),
            b"\n".join(lines),
            b"\xef\xbb\xbf" + content,
            content.replace(b"\n", b"\r\n"),
            content.replace(b"\n", b"\r"),
            content.rstrip(b"\n"),
            content + b"\n\n",
            content.decode("utf-8", "replace").encode("utf-16"),
            b"",
            content[: len(content) // 2] + b"\xff\xfe" + content[len(content) // 2 :],
        )
    )


CHANGES = (conflict, indentation, indentation, tabs, tabs, marks, marks, comments, leftover, template, template, punctuation, punctuation, again, again, encoding, ends, json_text, other_file)  # fmt: skip
