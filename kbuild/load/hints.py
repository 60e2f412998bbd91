"""What may have been meant where a path leads nowhere. Read only when a build fails."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.load.root import Root


def nearby(root: Root, path: str) -> str:
    """A hint: the name beside a missing one that is most like it; empty where there is none."""
    from difflib import get_close_matches

    folder, _, name = root.joined(path).rpartition("/")
    try:
        names = root.access.fs.names(folder or "/")
    except (OSError, ValueError):
        return ""
    close = get_close_matches(name, [other for other in names if other != name], 1) if name not in names else []
    return f"did you mean {path[: len(path) - len(name)]}{close[0]}?" if close and path.endswith(name) else ""
