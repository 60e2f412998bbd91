"""What the removal of internal annotations does to the rest: all values become strings of their source texts.

Source: kustomize v5.8.1 `RemoveBuildAnnotations`, which rewrites the whole map.
"""

from __future__ import annotations

from kbuild.model.scalars import OddKey, Quoted, is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Json


def final_annotations(annotations: Json) -> Json:
    """The map as it is printed: the same object when nothing changes, None when it disappears.

    A later entry of the same key wins; a map or list as value becomes an empty string.
    """
    if type(annotations) is not dict:
        return None if is_null(annotations) or type(annotations) is not dict else annotations
    if not annotations:
        return None
    for key, value in annotations.items():
        kind = type(value)
        if (kind is not str and kind is not Quoted) or type(key) is OddKey:
            break
    else:
        return annotations
    result: dict[str, str] = {}
    for key, value in annotations.items():
        name = key.text if type(key) is OddKey else key
        result.pop(name, None)
        result[name] = text_of(value)
    return result
