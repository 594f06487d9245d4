"""Two scans: are pinned dependencies known to be vulnerable, and does a secret lie in the tree?

``python .ci/scan.py [dependencies] [secrets] [--advisories PATH]``; both scans when none is named. Exit code 1 when
something was found, 0 otherwise; what could not be looked at is said, never passed over in silence.

*Dependencies.* Every pin of ``requirements/*.txt`` is held against pip-audit's vulnerability service. Where none
answers, the scan says so and goes on: a machine without that network must be able to build. ``--advisories`` (or
``$SWAYRANK_ADVISORIES``) asks files instead: a folder or zip file of OSV records (JSON, or YAML as in the Python
Packaging Advisory Database), which may be brought along by hand. :data:`ACCEPTED` holds advisories that were looked at
and do not concern this project, each with its reason.

*Secrets.* detect-secrets over the files that git knows, and a look for this service's own tokens. What is known to be
harmless stands in ``.secrets.baseline``; one line is excused by the comment ``pragma: allowlist secret``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ".secrets.baseline"
OWN_TOKEN = re.compile(r"\bswr_[A-Za-z0-9_-]{32,}")
# Hashes of pins alone, thousands of them, written by the resolver.
NOT_SCANNED = re.compile(r"^requirements/.*\.txt$|^\.secrets\.baseline$")
# Checksums of inputs, written by the benchmarks.
CHECKSUMS = re.compile(r"^benchmarks/results/.*\.json$")

# Advisory -> why it does not concern this project.
ACCEPTED: dict[str, str] = {}


class Pin(NamedTuple):
    """A package at the one version that is installed."""

    name: str
    version: str


class Finding(NamedTuple):
    """An advisory that names a pinned version."""

    pin: Pin
    advisory: str
    summary: str


def normal(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(folder: Path) -> list[Pin]:
    """Every pin of the requirement files, each once."""
    pins = set()
    for file in sorted(folder.glob("*.txt")):
        for match in re.finditer(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", file.read_text(), re.MULTILINE):
            pins.add(Pin(normal(match[1]), match[2]))
    return sorted(pins)


# Dependencies, asked of a service.


def ask_service(pins: list[Pin]) -> tuple[list[Finding], list[Pin]] | None:
    """What pip-audit finds, and which pins its service does not know; None where no service answers."""
    asked = "".join(f"{pin.name}=={pin.version}\n" for pin in pins)
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "-r", "/dev/stdin", "--disable-pip", "--no-deps", "--format", "json",
         "--progress-spinner", "off", "--timeout", "10"],
        input=asked, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        told = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return None
    known = {normal(item["name"]): item for item in told if "skip_reason" not in item}
    found = [
        Finding(Pin(name, item["version"]), vulnerability["id"], vulnerability.get("description", ""))
        for name, item in known.items()
        for vulnerability in item.get("vulns", [])
    ]
    return found, [pin for pin in pins if pin.name not in known]


def audit_online(pins: list[Pin]) -> tuple[list[Finding], list[Pin]] | None:
    """As :func:`ask_service` over all pins, two versions of a package in two rounds; None where it is not to be had."""
    probe = next((pin for pin in pins if pin.name == "numpy"), pins[0])
    first = ask_service([probe])
    if first is None or first[1]:
        return None
    rounds: list[dict[str, Pin]] = []
    for pin in pins:
        place = next((part for part in rounds if pin.name not in part), None)
        if place is None:
            rounds.append(place := {})
        place[pin.name] = pin
    found, unknown = [], []
    for part in rounds:
        answer = ask_service(list(part.values()))
        if answer is None:
            return None
        found += answer[0]
        unknown += answer[1]
    return found, unknown


# Dependencies, asked of files.


def read_advisories(place: Path) -> Iterator[dict[str, Any]]:
    """OSV records of a file, a zip file or a folder."""
    if place.suffix == ".zip":
        with zipfile.ZipFile(place) as packed:
            for name in packed.namelist():
                yield from _records(name, lambda name=name: packed.read(name).decode())  # type: ignore[misc]
    else:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            yield from _records(file.name, file.read_text)


def _records(name: str, read: Any) -> list[dict[str, Any]]:
    if name.endswith(".json"):
        told = json.loads(read())
    elif name.endswith((".yaml", ".yml")):
        import yaml

        told = yaml.load(read(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    else:
        return []
    return [record for record in (told if isinstance(told, list) else [told]) if "affected" in record]


def concerns(affected: dict[str, Any], pin: Pin) -> bool:
    """Whether an OSV record's ``affected`` names this version: in its list, or between two of its events."""
    from packaging.version import InvalidVersion, Version

    package = affected.get("package", {})
    if package.get("ecosystem") != "PyPI" or normal(package.get("name", "")) != pin.name:
        return False
    if pin.version in affected.get("versions", []):
        return True
    version = Version(pin.version)
    for span in affected.get("ranges", []):
        if span.get("type") != "ECOSYSTEM":
            continue
        inside = False
        for event in span.get("events", []):
            try:
                if "introduced" in event and version >= Version(event["introduced"]):
                    inside = True
                if "fixed" in event and version >= Version(event["fixed"]):
                    inside = False
                if "last_affected" in event and version > Version(event["last_affected"]):
                    inside = False
            except InvalidVersion:
                continue
        if inside:
            return True
    return False


def audit_offline(pins: list[Pin], records: Iterable[dict[str, Any]]) -> tuple[list[Finding], int, str]:
    """What records say about pins; how many records there were, and the day of the latest."""
    by_name: dict[str, list[Pin]] = {}
    for pin in pins:
        by_name.setdefault(pin.name, []).append(pin)
    found, count, latest = [], 0, ""
    for record in records:
        count += 1
        latest = max(latest, str(record.get("modified", ""))[:10])
        if record.get("withdrawn"):
            continue
        for affected in record["affected"]:
            for pin in by_name.get(normal(affected.get("package", {}).get("name", "")), []):
                if concerns(affected, pin):
                    found.append(Finding(pin, record["id"], record.get("summary") or record.get("details", "")))
    return list(dict.fromkeys(found)), count, latest


def scan_dependencies(advisories: Path | None, folder: Path = ROOT / "requirements") -> bool:
    """Say what was found; whether all is well, as far as could be seen."""
    pins = read_pins(folder)
    if advisories is not None:
        found, count, latest = audit_offline(pins, read_advisories(advisories))
        if not count:
            print(f"dependency scan: {advisories} holds no OSV record (JSON or YAML)")
            return False
        print(f"dependency scan: {len(pins)} pins held against {count:,} advisories, the latest of {latest}")
    else:
        answer = audit_online(pins)
        if answer is None:
            print(
                f"dependency scan: NOT DONE, {len(pins)} pins not looked at: no vulnerability service answers here. "
                "Run it where one does, or bring OSV records along: --advisories PATH"
            )
            return True
        found, unknown = answer
        print(f"dependency scan: {len(pins) - len(unknown)} of {len(pins)} pins held against the vulnerability service")
        if unknown:
            print("  not known there, not looked at: " + ", ".join(f"{pin.name} {pin.version}" for pin in unknown))
    bad = [finding for finding in found if finding.advisory not in ACCEPTED]
    for finding in bad:
        print(f"  {finding.pin.name} {finding.pin.version}: {finding.advisory} {finding.summary.strip()[:160]}")
    return not bad


# Secrets.


def find_secrets(files: list[str], root: Path = ROOT) -> list[tuple[str, int, str]]:
    """File, line and kind of each thing that looks like a secret and is not in the baseline."""
    from detect_secrets import SecretsCollection
    from detect_secrets.core import baseline
    from detect_secrets.settings import transient_settings

    kept = baseline.load_from_file(str(root / BASELINE))
    settings = {key: kept[key] for key in ("plugins_used", "filters_used")}
    found = []
    with transient_settings(settings):
        known = baseline.load(kept)
        fresh = SecretsCollection(root=str(root))
        fresh.scan_files(*(name for name in files if not NOT_SCANNED.search(name)))
        excused = {(name, secret.type, secret.secret_hash) for name, secret in known}
        for name, secret in fresh:
            checksum = CHECKSUMS.search(name) and secret.type == "Hex High Entropy String"
            if not checksum and (name, secret.type, secret.secret_hash) not in excused:
                found.append((name, secret.line_number, secret.type))
    for name in files:
        if (root / name).is_file() and not NOT_SCANNED.search(name):
            for number, line in enumerate((root / name).read_text(errors="replace").splitlines(), 1):
                if OWN_TOKEN.search(line) and "pragma: allowlist secret" not in line:
                    found.append((name, number, "Token of this service"))
    return sorted(set(found))


def scan_secrets() -> bool:
    """Say what was found; whether the tree is clean."""
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in told.split("\0") if name]
    found = find_secrets(files)
    print(f"secret scan: {len(files)} files, {len(found)} findings that are not in {BASELINE}")
    for name, line, kind in found:
        print(f"  {name}:{line}: {kind}")
    if found:
        print(
            "  A real one: revoke it first, then take it out. No secret: mark its line with `pragma: allowlist secret` "
            f"or, for many, write the baseline anew: detect-secrets scan --baseline {BASELINE}"
        )
    return not found


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Scan pinned dependencies and the tree.")
    parser.add_argument("what", nargs="*", choices=["dependencies", "secrets", []], help="default: both")
    parser.add_argument(
        "--advisories",
        type=Path,
        default=os.environ.get("SWAYRANK_ADVISORIES"),
        help="folder, zip or file of OSV records to ask instead of a service",
    )
    asked = parser.parse_args()
    what = asked.what or ["dependencies", "secrets"]
    well = [scan_dependencies(asked.advisories) if "dependencies" in what else True]
    well.append(scan_secrets() if "secrets" in what else True)
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
