# Copyright (c) 2026, voiceops.vapi_didlogic authors (@voiceops)
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository under the checks that no tool makes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import nox
import pytest
import yaml

import noxfile
from tests.tools import checks, pages, prepare_release

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = checks.COLLECTION
MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/[a-z]*.py"))
ROLES = sorted(path.parent.parent.name for path in ROOT.glob("roles/*/meta/argument_specs.yml"))
PLAYBOOKS = sorted(path.stem for path in ROOT.glob("playbooks/*.yml"))
GUIDES = [
    path for path in sorted([*ROOT.glob("README.md"), *ROOT.glob("docs/**/*.*")]) if path.suffix in {".md", ".rst"}
]
# What belongs into the archive for Galaxy; everything else stands in build_ignore.
PACKED = {
    "CHANGELOG.rst", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "requirements.txt",
    "changelogs", "docs", "extensions", "galaxy.yml", "meta", "playbooks", "plugins", "roles", "tests",
}  # fmt: skip


def tracked() -> list[Path]:
    """What git knows or would take."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    return sorted(ROOT / name for name in names if name and (ROOT / name).is_file())


def relative(path: Path) -> str:
    """A file's name as it appears in a report."""
    return str(path.relative_to(ROOT))


def load(path: Path) -> Any:
    """Parse a YAML file, with Ansible's tags read as plain values."""
    return parsed(path.read_text())


def parsed(text: str) -> Any:
    """Parse YAML, with Ansible's tags read as plain values."""

    class Loader(yaml.SafeLoader):
        pass

    def plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
        assert isinstance(node, yaml.ScalarNode)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("!", plain)
    return yaml.load(text, Loader)


def ansible(program: str, *arguments: str, **settings: str) -> str:
    """What one of Ansible's programs prints."""
    command = [str(Path(sys.executable).parent / program), *arguments]
    env = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false", **os.environ, **settings}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def dump() -> dict[str, Any]:
    """What Ansible itself knows of the collection, doc fragments merged."""
    text = ansible("ansible-doc", "--metadata-dump", "--no-fail-on-errors", COLLECTION)
    plugins: dict[str, Any] = json.loads(text)["all"]
    return plugins


@pytest.fixture(scope="session")
def modules(dump: dict[str, Any]) -> dict[str, Any]:
    """Documentation of our modules, and of those of ansible-core that our tasks use."""
    own = {name: plugin["doc"] for name, plugin in dump["module"].items() if "doc" in plugin}
    texts = [path.read_text() for path in tracked() if path.suffix in {".yml", ".yaml", ".md", ".rst", ".py"}]
    used = {name for text in texts for name in re.findall(r"ansible\.builtin\.[a-z_]+(?=:(?:\s|$))", text)}
    foreign = json.loads(ansible("ansible-doc", "--type", "module", "--json", *sorted(used))) if used else {}
    return own | {name: plugin["doc"] for name, plugin in foreign.items()}


@pytest.fixture(scope="session")
def roles(dump: dict[str, Any]) -> dict[str, Any]:
    """Documentation of our roles."""
    found: dict[str, Any] = dump["role"]
    return found


def all_well(findings: Any) -> None:
    """Fail with every finding on a line of its own."""
    found = list(findings)
    assert not found, "\n" + "\n".join(found)


# --- Modules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_module_documentation_is_valid(name: str, dump: dict[str, Any]) -> None:
    """Ansible can read a module's documentation."""
    assert "error" not in dump["module"][f"{COLLECTION}.{name}"], dump["module"][f"{COLLECTION}.{name}"]["error"]


@pytest.mark.parametrize("name", MODULES)
def test_module_examples_are_valid(
    name: str, dump: dict[str, Any], modules: dict[str, Any], roles: dict[str, Any]
) -> None:
    """Examples run as they stand: full names, real options, and the module itself is among them."""
    text = dump["module"][f"{COLLECTION}.{name}"].get("examples") or ""
    document = yaml.safe_load(text)
    used = {action for task in checks.tasks_in(document) for action in checks.action_of(task)}
    assert f"{COLLECTION}.{name}" in used
    all_well(checks.check_plays(document, modules, roles, PLAYBOOKS))
    all_well(checks.check_filters(text, own_filters(dump)))


@pytest.mark.parametrize("name", MODULES)
def test_module_return_is_documented(name: str, dump: dict[str, Any]) -> None:
    """What comes back is documented."""
    all_well(checks.check_return(dump["module"][f"{COLLECTION}.{name}"].get("return")))


def test_action_groups_contain_every_module(modules: dict[str, Any]) -> None:
    """module_defaults reach every module of a service."""
    groups = load(ROOT / "meta" / "runtime.yml")["action_groups"]
    own = [f"{COLLECTION}.{name}" for name in MODULES]
    all_well(checks.check_action_groups(groups, {name: modules.get(name, {}) for name in own}))


def test_no_trailing_whitespace() -> None:
    """In no text: the formatters look at Python and YAML only."""
    texts = [path for path in tracked() if path.suffix in {".j2", ".js", ".json", ".md", ".rst", ".toml", ".txt"}]
    assert [relative(path) for path in texts if re.search(r"[ \t]$", path.read_text(), re.MULTILINE)] == []


def own_filters(dump: dict[str, Any]) -> list[str]:
    """Short names of our filters."""
    return [name.rpartition(".")[2] for name in dump.get("filter", {})]


PLUGINS = sorted(
    relative(path) for kind in ("filter", "inventory", "lookup") for path in ROOT.glob(f"plugins/{kind}/[a-z]*")
)


@pytest.mark.parametrize("file", PLUGINS)
def test_plugin_has_examples(file: str, dump: dict[str, Any]) -> None:
    """Plugins other than modules show how they are used, in YAML."""
    kind, name = Path(file).parent.name, Path(file).stem
    # The filters of a file are documented one by one.
    plugins = [dump[kind].get(f"{COLLECTION}.{name}")] if kind != "filter" else dump[kind].values()
    assert plugins
    for plugin in plugins:
        assert yaml.safe_load(plugin["examples"])
        all_well(checks.check_filters(plugin["examples"], own_filters(dump)))


# --- Roles and playbooks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROLES)
def test_role_variables_are_documented_and_used(name: str) -> None:
    """Documentation, defaults and use of a role's variables agree."""
    role, prefix = ROOT / "roles" / name, checks.ROLE_PREFIXES[name]
    options = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"].get("options") or {}
    defaults = load(role / "defaults" / "main.yml") if (role / "defaults" / "main.yml").exists() else {}
    used = checks.names_in(list((defaults or {}).values()), prefix)
    made: set[str] = set()
    for path in [path for folder in ("tasks", "handlers", "vars") for path in role.glob(f"{folder}/**/*.yml")]:
        document = load(path)
        used |= checks.names_in(document, prefix)
        made |= set(document or ()) if path.parent.name == "vars" else checks.names_made(document)
    for path in role.glob("templates/**/*.*"):
        used |= checks.names_in(path.read_text(), prefix)
    all_well(checks.check_role_variables(options, defaults or {}, used, made, prefix))


PROMPTS = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.rst"),
    *ROOT.glob("docs/**/*.yml"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("roles/*/*.md"),
    *ROOT.glob("roles/*/meta/*.yml"),
    *ROOT.glob("plugins/modules/*.py"),
]


def test_files_with_a_prompt_explain_unsafe() -> None:
    """Readers copy prompts from where they find them."""
    displayed = [path for path in PROMPTS if re.search(r"firstMessage|role: system", path.read_text())]
    displayed = [path for path in displayed if not path.stem.endswith("_info")]  # they show answers
    assert len(displayed) >= 5
    assert [relative(path) for path in displayed if "!unsafe" not in path.read_text()] == []


def test_roles_are_documented() -> None:
    """Every role says what it takes."""
    found = sorted(path.name for path in ROOT.glob("roles/*") if path.is_dir())
    assert found == ROLES


PLAYS = [
    *ROOT.glob("playbooks/**/*.yml"),
    *ROOT.glob("roles/*/tasks/**/*.yml"),
    *ROOT.glob("roles/*/handlers/**/*.yml"),
    *ROOT.glob("extensions/molecule/*/*.yml"),
    *ROOT.glob("docs/example/**/*.yml"),
    *ROOT.glob("tests/**/playbooks/**/*.yml"),
]


@pytest.mark.parametrize("file", sorted(map(relative, PLAYS)))
def test_tasks_are_valid(file: str, modules: dict[str, Any], roles: dict[str, Any], dump: dict[str, Any]) -> None:
    """Tasks name what exists."""
    all_well(checks.check_plays(load(ROOT / file), modules, roles, PLAYBOOKS))
    all_well(checks.check_filters((ROOT / file).read_text(), own_filters(dump)))


# --- Code and texts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [relative(path) for path in tracked() if path.suffix == ".py"])
def test_header_has_copyright_and_licence(file: str) -> None:
    """Every Python file says whose it is and under which licence."""
    all_well(checks.check_header((ROOT / file).read_text()))


@pytest.mark.parametrize("file", [relative(path) for path in tracked() if fnmatch(relative(path), "plugins/*.py")])
def test_no_forbidden_calls(file: str) -> None:
    """The collection's code neither prints nor leaks."""
    all_well(checks.check_calls((ROOT / file).read_text()))


def test_no_secrets_and_local_paths() -> None:
    """No file holds what could be somebody's key, or says where it was written."""
    places = {str(ROOT), str(ROOT.parent) + "/", str(Path.home()) + "/", os.environ.get("HOME", "") + "/"} - {"/"}
    findings = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found = [*checks.check_secrets(text), *checks.check_places(text, places)]
        findings += [f"{relative(path)}: {finding}" for finding in found if path.name != "LICENSE"]
    all_well(findings)


HEADINGS = {
    "code of conduct": "code of conduct",
    "communication": "communication",
    "use cases": "use cases",
    "installation": "installation",
    "testing": "^## testing",
    "support": "^## support",
    "release notes": "release notes",
    "supported ansible-core": "ansible",
    "supported Python": "python|require",
    "licence": "licen[cs]",
}


def test_readme_headings() -> None:
    """The README has what the requirements for collections ask for."""
    text = (ROOT / "README.md").read_text()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = "\n".join(re.findall(r"^#+ .*$", prose, re.MULTILINE))
    found = {name for name, pattern in HEADINGS.items() if re.search(f"(?im){pattern}", titles)}
    all_well(f"no heading on {name}" for name in HEADINGS.keys() - found)


def test_links_name_the_version() -> None:
    """A text that is installed or published with a version links to the files of this version."""
    paths = prepare_release.linking_files()
    found = {(relative(path), version) for path in paths for version in prepare_release.links(path)}
    assert len(found) > 2
    assert {row for row in found if row[1] != prepare_release.current_version()} == set()


def test_version_added_of_new_plugins() -> None:
    """A plugin that no release has is marked with the version that will have it first."""
    version = prepare_release.current_version()
    paths = prepare_release.new_plugins()
    found = {relative(path): prepare_release.ADDED.search(path.read_text()) for path in paths}
    assert {name: match[2] for name, match in found.items() if match and match[2] != version} == {}


@pytest.mark.parametrize("name", MODULES)
def test_module_is_mentioned_in_the_guides(name: str) -> None:
    """A module that no text names is not found."""
    assert any(re.search(rf"\b{name}\b", path.read_text()) for path in GUIDES)


def test_version_added_is_not_after_the_collection_version() -> None:
    """What is released with a version is marked with it or an earlier one."""
    own = tuple(map(int, load(ROOT / "galaxy.yml")["version"].split(".")))
    marks = {
        (relative(path), mark)
        for folder in ("plugins", "roles", "extensions")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in {".py", ".yml"}
        for mark in re.findall(r"version_added:\s*[\"']?(\d+(?:\.\d+)+)", path.read_text())
    }
    assert marks
    assert {mark for mark in marks if tuple(map(int, mark[1].split("."))) > own} == set()


@pytest.mark.parametrize("file", list(map(relative, GUIDES)))
def test_yaml_in_guides_is_valid(
    file: str, modules: dict[str, Any], roles: dict[str, Any], dump: dict[str, Any]
) -> None:
    """What people copy from the texts is right."""
    others = {name for path in PLAYS for name in re.findall(r"\bvapi_didlogic_\w+", path.read_text())}
    for block in checks.yaml_blocks((ROOT / file).read_text()):
        document = parsed(block)
        all_well(checks.check_plays(document, modules, roles, PLAYBOOKS))
        all_well(checks.check_environment(document, modules, roles, others))
        all_well(checks.check_filters(block, own_filters(dump)))


@pytest.mark.slow
def test_plays_in_guides_have_valid_syntax(tmp_path: Path) -> None:
    """Ansible itself takes the playbooks that stand in the texts. It starts once, and names the file of an error."""
    plays = []
    for guide in GUIDES:
        for index, block in enumerate(checks.yaml_blocks(guide.read_text())):
            document = parsed(block)
            if isinstance(document, list) and any(checks.is_play(each) for each in document if isinstance(each, dict)):
                plays.append(tmp_path / f"{guide.stem}_{index}.yml")
                plays[-1].write_text(block)
    checked = ansible("ansible-playbook", "--syntax-check", "--inventory", "localhost,", *map(str, plays))
    assert checked.count("playbook: ") == len(plays) > 5


PIPELINES = sorted(ROOT.glob("docs/examples/**/*.yml"))


@pytest.mark.parametrize("file", list(map(relative, [*GUIDES, *PIPELINES])))
def test_playbooks_in_guides_exist(file: str) -> None:
    """What the texts start is there."""
    assert checks.playbooks_named((ROOT / file).read_text()) <= set(PLAYBOOKS)


@pytest.mark.parametrize("file", list(map(relative, PIPELINES)))
def test_pipeline_examples_are_yaml(file: str) -> None:
    """Something is in it. tests/integration runs the pipelines, tests/ecosystem the project."""
    assert load(ROOT / file)


# --- The package -----------------------------------------------------------------------------------------------------


def test_every_entry_is_packed_or_ignored() -> None:
    """Nothing gets into the archive by chance, and nothing that belongs there is left out."""
    ignored = load(ROOT / "galaxy.yml")["build_ignore"]
    entries = {path.relative_to(ROOT).parts[0] for path in tracked()}
    stray = {entry for entry in entries - PACKED if not any(fnmatch(entry, pattern) for pattern in ignored)}
    lost = {entry for entry in PACKED if any(fnmatch(entry, pattern) for pattern in ignored)}
    assert (stray, lost) == (set(), set())


def test_tasks_are_documented() -> None:
    """CONTRIBUTING.md names every session of nox, and no other."""
    sessions = set(nox.registry.get())
    text = (ROOT / "CONTRIBUTING.md").read_text()
    tasks = text[text.index("## Tasks") : text.index("## Layout")]
    assert {name for name in sessions if f"`{name}`" not in tasks} == set()
    table = re.findall(r"^\| (`.*?`) \|", tasks, re.MULTILINE)
    assert {name for names in table for name in re.findall(r"`(.*?)`", names)} <= sessions
    assert {step.session.partition("(")[0] for step in noxfile.EVERYTHING} <= sessions


def test_requirements_are_consistent() -> None:
    """The lower bounds stand in several files, as several programs read them; they say the same."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    libraries = {line for line in project["dependencies"] if not line.startswith("ansible-core")}
    assert set((ROOT / "requirements.txt").read_text().split()) == libraries
    assert libraries <= set((ROOT / "tests" / "unit" / "requirements.txt").read_text().split())
    core = load(ROOT / "meta" / "runtime.yml")["requires_ansible"]
    assert f"ansible-core{core.removesuffix('.0')}" in project["dependencies"]
    assert load(ROOT / "tests" / "config.yml")["modules"]["python_requires"] == project["requires-python"]


def test_sanity_has_no_ignore_files() -> None:
    """ansible-test's findings are mended, not ignored."""
    assert not list(ROOT.glob("tests/sanity/ignore*"))


@pytest.mark.slow
def test_collection_works_without_other_directories(tmp_path: Path) -> None:
    """The collection needs nothing beside these directories."""
    copy = tmp_path / "ansible_collections" / "voiceops" / "vapi_didlogic"
    copy.mkdir(parents=True)
    for name in ("meta", "plugins", "roles", "playbooks"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "galaxy.yml", copy)
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    listed = json.loads(ansible("ansible-doc", "--type", "module", "--list", "--json", COLLECTION, **settings))
    assert sorted(listed) == [f"{COLLECTION}.{name}" for name in MODULES]
    plays = [f"{COLLECTION}.{name}" for name in PLAYBOOKS]
    checked = ansible("ansible-playbook", "--syntax-check", "--inventory", "localhost,", *plays, **settings)
    assert checked.count("playbook: ") == len(plays)


def test_pages_are_up_to_date() -> None:
    """`python tests/tools/pages.py` writes them anew."""
    for path in pages.PARTS:
        assert path.read_text(encoding="utf-8") == pages.filled(path)
