"""The files around the code say the truth: settings, compose, requirements, README, changelog."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from outreach.tests.source import ROOT, dotted
from tools import processes, run
from tools.syntax import tree

READERS = {"flag", "whole_number", "json_object"}
SERVICES = {"migrate", "web", "worker", "beat", "postgres", "redis"}
# Read by others than us, or only to find our own way.
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "PATH", "TEST_DATABASE_URL", "ARGS"}


def variables_read(path: Path) -> set[str]:
    """Every name that this file asks the environment for."""
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Subscript) and dotted(node.value) == ["os", "environ"]:
            names.add(getattr(node.slice, "value", None))
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called, first = dotted(node.func), node.args[0]
        asks = (
            (called[-1:] and called[-1] in READERS)
            or called[:1] == ["env"]
            or called[:2] == ["os", "environ"]
        )  # fmt: skip
        if asks and isinstance(first, ast.Constant) and isinstance(first.value, str):
            names.add(first.value)
    return {name for name in names if isinstance(name, str) and name.isupper()} - NOT_OURS


def variables_listed() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE))


def test_env_example_lists_exactly_what_is_read():
    read = set()
    places = [
        ROOT / "outreach" / "settings.py",
        ROOT / "outreach" / "environment.py",
        ROOT / "outreach" / "core" / "suppression.py",
        ROOT / "outreach" / "core" / "checkpoints.py",
    ]
    for path in [*places, *(ROOT / "tools").glob("*.py")]:
        read |= variables_read(path)
    assert set(variables_listed()) == read


def test_env_example_as_shipped_cannot_send():
    shipped = variables_listed()
    assert shipped["DRY_RUN"] == "True"
    assert shipped["EMAIL_URL"] == "consolemail://"
    assert "@" not in shipped["EMAIL_URL"]
    assert shipped["SECRET_KEY"] == ""


def test_env_example_can_be_read_as_it_is(tmp_path):
    import environ

    values: dict[str, str] = {}
    original = environ.Env.ENVIRON
    environ.Env.ENVIRON = values
    try:
        environ.Env.read_env(str(ROOT / ".env.example"))
    finally:
        environ.Env.ENVIRON = original
    assert values["ALLOWED_HOSTS"] == "localhost,127.0.0.1,[::1]"
    assert values["DEFAULT_FROM_EMAIL"] == "Outreach <outreach@localhost>"
    assert "SECRET_KEY" not in values


def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_compose_has_the_processes_and_one_image():
    services = compose()["services"]
    assert set(services) == SERVICES
    ours = [services[name] for name in ("migrate", "web", "worker", "beat")]
    assert {service["image"] for service in ours} == {"outreach-command-center"}
    assert all("healthcheck" in services[name] for name in SERVICES - {"migrate"})


def test_compose_runs_the_commands_that_make_run_runs(settings):
    """Each of them is watched over and started again; a scheduler inside the worker was not."""
    services = compose()["services"]
    settings.BIND, settings.PORT, settings.DATA_DIR = "0.0.0.0", 8000, Path("/data")
    settings.CELERY_BROKER_URL = "redis://redis:6379/0"
    assert {child.name: child.argv for child in run.children()} == {
        name: services[name]["command"] for name in ("web", "worker", "beat")
    }
    assert services["migrate"]["command"] == processes.migrate()


def test_dockerfile_starts_the_web_process_of_compose():
    command = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert command and yaml.safe_load(command[1]) == processes.web("0.0.0.0:8000")


def test_compose_holds_no_secret_and_cannot_send():
    services = compose()["services"]
    for name in ("migrate", "web", "worker", "beat"):
        environment = services[name]["environment"]
        assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
        assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]
        assert environment["DRY_RUN"] == "${DRY_RUN:-True}"
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASS")


def test_compose_senders_share_one_data_folder():
    services = compose()["services"]
    for name in ("migrate", "web", "worker", "beat"):
        assert services[name]["environment"]["DATA_DIR"] == "/data"
        assert services[name]["volumes"] == ["data:/data"]
    assert compose()["volumes"]["data"] == {}, "a plain local volume: locks must mean something"


def test_compose_opens_to_this_machine_only():
    services = compose()["services"]
    published = {name: each["ports"] for name, each in services.items() if "ports" in each}
    assert published == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}


def requirement_lines(name: str) -> list[str]:
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def test_each_runtime_package_is_pinned_and_has_its_reason():
    for line in requirement_lines("requirements.txt"):
        assert re.match(r"^[a-z0-9-]+(\[[a-z]+\])?==\S+ +# \S", line), line


@pytest.mark.parametrize(
    "name",
    ["requirements.txt", "requirements-llm.txt", "requirements-mcp.txt", "requirements-dev.txt"],
)
def test_requirements_agree_with_the_constraints(name):
    pins = dict(line.split("==") for line in requirement_lines("constraints.txt"))
    for line in requirement_lines(name):
        package, version = re.match(r"([a-z0-9-]+)(?:\[.*\])?==(\S+)", line).groups()
        assert pins[package] == version, line


def test_readme_opens_with_what_it_is_what_it_never_does_and_two_commands():
    first_screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:45])
    assert "make run" in first_screen
    assert "make test" in first_screen
    assert "never" in first_screen.lower()


def test_readme_names_only_commands_that_exist():
    from django.core.management import get_commands

    named = set(re.findall(r"manage\.py ([a-z_]+)", (ROOT / "README.md").read_text()))
    assert named <= set(get_commands())


def test_readme_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target


def test_make_bench_runs_what_its_readme_lists_and_each_can_be_run():
    named = re.search(r"^BENCHES := (.+)$", (ROOT / "Makefile").read_text(), re.M)
    assert named
    page = (ROOT / "bench/README.md").read_text()
    listed = re.findall(r"^\| `python -m bench\.(\w+)", page, re.M)
    assert named[1].split() == listed
    for name in listed:
        assert '__name__ == "__main__"' in (ROOT / f"bench/{name}.py").read_text(), name


def test_long_fault_runs_are_left_out_by_their_mark_alone():
    """`make torture` runs what is marked; an environment variable nobody set once skipped most."""
    marked = [
        path
        for path in ROOT.glob("*/**/tests/**/test_*.py")
        if ".venv" not in path.parts and "mark.torture" in path.read_text()
    ]
    assert len(marked) >= 6
    for path in marked:
        conditions = re.findall(r"skipif\(([^\n]*)", path.read_text())
        assert not [each for each in conditions if "environ" in each or "torture" in each], path


def test_changelog_begins_with_what_is_unreleased():
    headings = re.findall(r"^##+ (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1] == "Safety"


def test_decisions_are_numbered_and_complete():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for page in pages:
        headings = re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE)
        assert headings == [
            "Context", "Decision", "Consequences", "What would change our mind",
        ], page.name  # fmt: skip


def test_no_pattern_says_of_a_group_that_it_gives_nothing_back():
    """Python before 3.11.5, Debian 12's among them, gives back all the same (CPython gh-106052):
    words in a tag's attribute passed the gate unread. A look-ahead and a reference do it right."""
    said = re.compile(r"""\)(?:[*+?]|\{\d*,?\d*\})\+(?!\+)[^"'\n]*["']""")
    assert said.search('r"(?:ab|a)*+c"') and not said.search('r"[ab]*+c"')
    places = [ROOT / name for name in ("outreach", "safety", "approvals", "channels", "workflows")]
    found = [
        f"{path.name}: {line.strip()}"
        for place in places
        for path in sorted(place.rglob("*.py"))
        if path.name != Path(__file__).name
        for line in path.read_text().splitlines()
        if re.search(r"""\br[bf]?["']|^\s+rf?["']""", line) and said.search(line)
    ]
    assert found == []


def test_each_process_of_a_run_has_locks_of_its_own():
    """Two that share `imports.lock` keep each other's imports from being worked on."""
    assert str(settings.DATA_DIR) == os.environ["DATA_DIR"]


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_timetable_names_tasks_that_exist():
    from outreach.celery import app

    app.loader.import_default_modules()
    missing = {row["task"] for row in app.conf.beat_schedule.values()} - set(app.tasks)
    assert not missing
