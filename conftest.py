"""What every test gets: fast hashing, a file database where processes share it, guarded tables."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ["ENV_FILE"] = os.devnull  # what this machine is set up for must not reach a test
if "DATA_DIR" not in os.environ:  # the first process of a run makes it, the others inherit it
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="outreach-tests-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # locks and heads of logs are a machine's own
    os.environ["DATA_DIR"] = str(Path(os.environ["DATA_DIR"]) / worker)
    Path(os.environ["DATA_DIR"]).mkdir(exist_ok=True)
os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 40
os.environ["EMAIL_URL"] = "memorymail://"

import hypothesis
import pytest
from django.conf import settings
from django.test import TransactionTestCase

# A busy machine is slow without anything being wrong.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-database",
        action="store_true",
        help="Leave out tests that touch no database: on a second database they say nothing new.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--only-database"):
        return
    kept, left = [], []
    for item in items:
        uses = item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(
            getattr(item, "fixturenames", ())
        )
        (kept if uses else left).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)


def pytest_configure() -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        name = Path(os.environ["DATA_DIR"]) / "test.sqlite3"
        database.setdefault("TEST", {})["NAME"] = str(name)
        # Durability against power cuts is not what these tests ask; speed is.
        database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    _quick_flush()


def _quick_flush() -> None:
    """Transactional tests leave rows; `testing.empty` knows the guards and takes little time."""

    def teardown(self: TransactionTestCase) -> None:
        from outreach import testing

        testing.empty()

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _no_memory_of_logs() -> None:
    """Each test begins a log of its own, often with the very same first entry."""
    shutil.rmtree(Path(settings.DATA_DIR) / "heads", ignore_errors=True)


@pytest.fixture
def live(settings):  # type: ignore[no-untyped-def]
    """A deployment that says DRY_RUN=False."""
    settings.DRY_RUN = False
    settings.ENVIRONMENT_BRAKES = {**settings.ENVIRONMENT_BRAKES, "DRY_RUN": False}
    return settings
