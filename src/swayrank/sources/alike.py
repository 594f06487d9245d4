"""Names that are probably one account's: they differ only by a leading @ or by upper and lower case.

Ids stay as they are written, so that such names are accounts of their own. That is told, with the cure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayrank._text import printable
from swayrank.ids import Ids


@dataclass(frozen=True, slots=True)
class Alike:
    """Names that differ only by a leading @ or by case.

    Attributes
    ----------
    surplus : int
        How many accounts fewer there would be if such names were one account's.
    examples : tuple of str
        Two such names.
    """

    surplus: int
    examples: tuple[str, str]

    def __str__(self) -> str:
        one, other = (repr(printable(name, 60)) for name in self.examples)
        accounts = "1 account differs" if self.surplus == 1 else f"{self.surplus:,} accounts differ"
        return (
            f"{accounts} from another only by @ or case, such as {one} and {other}: if these are the same people, "
            "write each name in one way before it is read, as names.str.lstrip('@').str.lower() does in pandas"
        )


def alike(*collections: Ids) -> Alike | None:
    """What to tell of the names in all collections together; None if no two are alike.

    Examples
    --------
    >>> found = alike(Ids.from_values(["@Ana", "bob"]), Ids.from_values(["ana", "ANA", "bob"]))
    >>> found.surplus, found.examples
    (2, ('@Ana', 'ana'))
    """
    texts = [ids.to_arrow().cast(pa.large_string()) for ids in collections if ids.kind == "string"]
    if not texts:
        return None
    names = pc.unique(pa.chunked_array(texts))
    keys = pc.utf8_lower(pc.utf8_ltrim(names, "@")).dictionary_encode()
    surplus = len(names) - len(keys.dictionary)
    if surplus == 0:
        return None
    codes = keys.indices.to_numpy()
    # Keys are numbered by first appearance: the first code that does not go up is of a name that was there already.
    later = int((codes[1:] <= np.maximum.accumulate(codes)[:-1]).argmax()) + 1
    first = int((codes == codes[later]).argmax())
    return Alike(surplus, (names[first].as_py(), names[later].as_py()))
