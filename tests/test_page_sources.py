"""The page's modules hold together, without a browser: they can be read, and import only what there is and is used.

There is no linter of JavaScript among the project's tools; this looks for what one would be wanted for most.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from swayrank._text import printable

PAGE = Path(__file__).parents[1] / "src/swayrank/service/page"
MODULES = {"/page/" + path.relative_to(PAGE).as_posix(): path.read_text() for path in sorted(PAGE.rglob("*.js"))}
LONGEST = 200
MARKUP = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|srcdoc|DOMParser|createContextualFragment|setHTMLUnsafe)\b"
    r"|\bdocument\s*\.\s*write|\beval\s*\(|\bnew\s+Function\b"
)
_IMPORT = re.compile(r'^import\s+(?:(?P<names>[^"\';]+?)\s+from\s+)?"(?P<source>[^"]+)";', re.M)
_LATER = re.compile(r'\bimport\("([^"]+)"\)')
_EXPORT = re.compile(r"^export\s+(?:async\s+)?(?:const|let|class|function\*?)\s+([\w$]+)", re.M)
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)


def imports(text: str) -> list[tuple[str, dict[str, str]]]:
    """Each import's module, and the names it takes there with what they are called here."""
    found = []
    for one in _IMPORT.finditer(text):
        names = re.sub(r"[{}]", " ", one["names"] or "").split(",")
        pairs = [re.split(r"\s+as\s+", name.strip()) for name in names if name.strip()]
        found.append((one["source"], {pair[0]: pair[-1] for pair in pairs}))
    return found


def code_alone(text: str) -> str:
    """A module without its imports, strings and comments."""
    return _STRING_OR_COMMENT.sub(" ", _IMPORT.sub(" ", text))


def uses(code: str, name: str) -> int:
    """How often a name stands there, other than as a member of something."""
    return len(re.findall(rf"(?:(?<![\w$.])|(?<=\.\.\.)){re.escape(name)}(?![\w$])", code))


def test_there_are_modules_and_imports_to_look_at():
    assert len(MODULES) > 25
    assert sum(len(imports(text)) for text in MODULES.values()) > 80
    assert all(len(imports(text)) == len(re.findall(r"^import\b(?!\()", text, re.M)) for text in MODULES.values())


def test_every_module_can_be_read():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not here")
    # As `node --check` does for one file, for all of them in one process.
    read = """
        const modules = JSON.parse(require("fs").readFileSync(0));
        for (const [identifier, text] of Object.entries(modules)) new vm.SourceTextModule(text, { identifier });
    """
    words = [node, "--experimental-vm-modules", "--no-warnings", "--eval", read]
    done = subprocess.run(words, input=json.dumps(MODULES), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_imports_are_there():
    exported = {name: set(_EXPORT.findall(text)) for name, text in MODULES.items()}
    for name, text in MODULES.items():
        for source, taken in imports(text):
            assert source in MODULES, f"{name} imports {source}, which is not there"
            assert set(taken) <= exported[source], f"{name}: {source} has no {set(taken) - exported[source]}"
        assert set(_LATER.findall(text)) <= set(MODULES), name


def test_imports_are_used_and_made_once():
    for name, text in MODULES.items():
        code = code_alone(text)
        unused = [here for _, taken in imports(text) for here in taken.values() if not uses(code, here)]
        assert not unused, f"{name} imports {unused} and does not use them"
        twice = [source for source, n in Counter(source for source, _ in imports(text)).items() if n > 1]
        assert not twice, f"{name} imports {twice} twice"


def test_what_is_exported_is_used():
    called_by_the_shell = {"render", "title", "mountJobsIndicator"}
    taken = {(source, there) for text in MODULES.values() for source, names in imports(text) for there in names}
    for name, text in MODULES.items():
        for there in set(_EXPORT.findall(text)) - called_by_the_shell:
            assert (name, there) in taken or uses(code_alone(text), there) > 1, f"nobody uses {there} of {name}"


def test_lines_have_an_end():
    for name, text in MODULES.items():
        long = [at for at, line in enumerate(text.splitlines(), 1) if len(line) > LONGEST]
        assert not long, f"{name}: lines {long} have more than {LONGEST} characters"


def test_nothing_makes_markup_or_code_of_text():
    for name, text in MODULES.items():
        found = MARKUP.search(re.sub(r"^\s*(//|\*|/\*).*$", "", text, flags=re.M))
        assert not found, f"{name}: {found and found[0]}"


def test_the_page_shows_joiners_where_the_package_does():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not here")
    letters = [
        "a",
        "\u0436",
        " ",
        "\u0645",
        "\u094d",
        "\u0937",
        "\U0001f468",
        "\u2764",
        "\ufe0f",
        "\u200c",
        "\u200d",
        "\u202e",
        "\u200b",
    ]
    names = ["".join(three) for three in product(letters, repeat=3)]
    source = MODULES["/page/ui.js"]
    first, last = source.index("const JOINED"), source.index("/** A name as plain text")
    code = source[first:last].replace("export ", "") + f"console.log(JSON.stringify({json.dumps(names)}.map(visible)))"
    shown = subprocess.run([node, "-"], input=code, capture_output=True, text=True, check=True, timeout=300).stdout
    assert json.loads(shown) == [printable(name) for name in names]
