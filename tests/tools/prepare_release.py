# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare a release: `python3 dev.py prepare-release 1.2.0`.

Sets the version in galaxy.yml and in all links to files of the repository, sets `version_added` of plugins that no
release has yet, and makes the changelog of the fragments. The changes are to be committed and tagged with the version.
"""

from __future__ import annotations

import argparse
import datetime
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://github.com/voiceops/vapi_didlogic"
#: A link to a file of the repository, or a requirement of a version of it.
LINK = re.compile(
    rf"({re.escape(REPOSITORY)}/(?:blob|tree|raw)/(?=[\w.-]+/)|{re.escape(REPOSITORY)}\.git\n +type: git\n +version: )"
    r"([\w.-]+)"
)
ADDED = re.compile(r"""^(\s*version_added:\s*)["']?([\d.]+)["']?$""", re.MULTILINE)
#: Folders of plugins with documentation, and how the changelog names their kind.
KINDS = {"modules": "module", "filter": "filter", "inventory": "inventory", "lookup": "lookup"}


def current_version() -> str:
    """The version in galaxy.yml."""
    return str(yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"])


def linking_files() -> Iterator[Path]:
    """Files that users read, and that link to files of the repository."""
    for pattern in ("*.md", "galaxy.yml", "docs/**/*.*", "plugins/**/*.*", "roles/**/*.*", "playbooks/**/*.*"):
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file() and path.suffix in {".md", ".rst", ".yml", ".yaml", ".py", ".j2", ".json"}:
                yield path


def links(path: Path) -> list[str]:
    """The versions to which a file links."""
    return [match[2] for match in LINK.finditer(path.read_text(encoding="utf-8"))]


def released() -> set[tuple[str, str]]:
    """Kind and name of each plugin that a release before this one has."""
    log = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text())["releases"]
    rows = [release for version, release in log.items() if version != current_version()]
    return {("module", row["name"]) for release in rows for row in release.get("modules", ())} | {
        (kind, row["name"])
        for release in rows
        for kind, plugins in release.get("plugins", {}).items()
        for row in plugins
    }


def new_plugins() -> list[Path]:
    """Documentation of plugins that no release before this one has."""
    known = released()
    found = [
        path
        for folder in KINDS
        for path in sorted((ROOT / "plugins" / folder).glob("[a-z]*.*"))
        if path.suffix in {".py", ".yml"} and (KINDS[folder], path.stem) not in known
    ]
    return [path for path in found if ADDED.search(path.read_text(encoding="utf-8"))]


def rewrite(path: Path, text: str) -> None:
    """Write a file if it changes."""
    if path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))


def _check(version: str) -> int:
    """Whether the changelog has the version, and all fragments are in it."""
    log = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text())["releases"]
    left = sorted(path.name for path in (ROOT / "changelogs" / "fragments").glob("*.y*ml"))
    faults = [f"changelogs/fragments/{name} is in no release" for name in left]
    if version not in log:
        faults.append(f"changelogs/changelog.yaml has no {version}")
    print("\n".join(faults) or f"{version}: the changelog is complete")
    return 1 if faults else 0


def main() -> int:
    """Make all changes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", nargs="?", default=current_version())
    parser.add_argument("--check", action="store_true", help="change nothing; fail unless the changelog is made")
    parser.add_argument("--date", type=datetime.date.fromisoformat, default=datetime.datetime.now(datetime.UTC).date())
    parser.add_argument("--without-changelog", action="store_true", help="leave the fragments as they are")
    chosen = parser.parse_args()
    if chosen.check:
        return _check(chosen.version)
    galaxy = ROOT / "galaxy.yml"
    rewrite(galaxy, re.sub(r"^version: .*$", f"version: {chosen.version}", galaxy.read_text(), flags=re.MULTILINE))
    for path in linking_files():
        rewrite(path, LINK.sub(rf"\g<1>{chosen.version}", path.read_text(encoding="utf-8")))
    for path in new_plugins():
        # The first is the plugin's own; options have theirs.
        rewrite(path, ADDED.sub(rf"\g<1>{chosen.version}", path.read_text(encoding="utf-8"), count=1))
    if chosen.without_changelog:
        return 0
    command = ["antsibull-changelog", "release", "--date", str(chosen.date), "--reload-plugins"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
