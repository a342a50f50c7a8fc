"""What every test gets: fast hashing, a file database where processes share it, guarded tables."""

from __future__ import annotations

import atexit
import fcntl
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
from django.db import connection, transaction
from django.test import TransactionTestCase

from tools import second_database, together

# A busy machine is slow without anything being wrong.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")

DATA_DIR = Path(os.environ["DATA_DIR"])
RUN_DIR = DATA_DIR.parent if worker else DATA_DIR  # what all processes of a run share


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-database",
        action="store_true",
        help="Leave out what says nothing new on a second database (tools/second_database.py).",
    )
    parser.addoption(
        "--whole",
        action="store_true",
        help="With --only-database: leave out only what touches no database or drives a browser.",
    )
    parser.addoption(
        "--together",
        action="store_true",
        help="Ask all rows of a pure function's table in one test (tools/together.py).",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "torture" not in config.getoption("markexpr"):  # the mark alone decides what is long
        left = [item for item in items if item.get_closest_marker("torture")]
        items[:] = [item for item in items if not item.get_closest_marker("torture")]
        config.hook.pytest_deselected(items=left)
    if config.getoption("--only-database"):
        items[:], left = second_database.split(items, whole=config.getoption("--whole"))
        config.hook.pytest_deselected(items=left)
    if config.getoption("--together"):
        items[:] = together.merge(items)


def pytest_collection_finish() -> None:
    """What is there by now stays: looking it through again and again would find no garbage.
    Of what comes and goes with each test little is left for the collector: seldom is enough."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(300_000, 20, 50)


def pytest_configure() -> None:
    settings.DATA_DIR = DATA_DIR  # which was not there yet when the settings were read
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        name = RUN_DIR / "test.sqlite3"
        database.setdefault("TEST", {})["NAME"] = str(name)
        # Durability against power cuts is not what these tests ask; speed is.
        database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    _quick_migrations()
    _quick_flush()
    _quick_columns()
    _static_files_once()


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """The test database: migrated once for each run, copied for each of its processes."""
    given = connection.settings_dict["NAME"]
    worker = getattr(request.config, "workerinput", {"workerid": "", "testrunuid": "alone"})
    with django_db_blocker.unblock():
        _enter(**{key: worker[key] for key in ("workerid", "testrunuid")})
    yield
    with django_db_blocker.unblock():
        connection.creation.destroy_test_db(given, verbosity=0)
        _leave(worker["testrunuid"])


@pytest.fixture(scope="module")
def made_once(django_db_setup, django_db_blocker):  # type: ignore[no-untyped-def]
    """`made_once(make)`, in a fixture of a module: the rows that `make` makes are there for each of
    the module's tests, and none sees what another did to them. Not for tests that commit."""
    whole = transaction.atomic()
    whole._from_testcase = True  # as Django's own tests say, so that what must commit may be made
    with django_db_blocker.unblock():
        whole.__enter__()

    def made(make):  # type: ignore[no-untyped-def]
        with django_db_blocker.unblock():
            return make()

    yield made
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        whole.__exit__(None, None, None)


@contextmanager
def _migrated(run: str) -> Iterator[Path]:
    """Held by one process at a time: a file with a letter for each that copies from there."""
    users = RUN_DIR / f"migrated-{run}"
    with users.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield users


def _enter(workerid: str, testrunuid: str) -> None:
    """Whoever comes first migrates; then each takes a copy. Alone there is nothing to copy."""
    creation = connection.creation
    name = creation._get_test_db_name()
    with _migrated(testrunuid) as users:
        if not users.read_text() or not workerid:
            creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        if workerid:
            connection.close()
            _use(name)
            creation.clone_test_db(workerid, verbosity=0, autoclobber=True)
            _use(creation.get_test_db_clone_settings(workerid)["NAME"])
            users.write_text(users.read_text() + "x")


def _leave(run: str) -> None:
    """The last one takes away what all copied from."""
    with _migrated(run) as users:
        left = users.read_text()
        users.write_text(left[1:])
        if left == "x":
            given = connection.settings_dict["NAME"]
            name = connection.creation._get_test_db_name()
            _use(name)
            connection.creation.destroy_test_db(given, verbosity=0)


def _use(name: str) -> None:
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def _quick_migrations() -> None:
    """A migration renders anew the models it changes, not also all that they are related to.

    The tables come out the same in a sixth of the time (a test of `make torture` holds it). What
    runs Python is given models rendered afresh: that is what `is_delayed` asks of Django.
    """
    from django.db.migrations.state import ProjectState

    def itself(self: ProjectState, app_label: str, model_name: str, delay: bool = False) -> set:  # type: ignore[type-arg]
        self.is_delayed = True
        return {(app_label, model_name)}

    ProjectState._find_reload_model = itself  # type: ignore[attr-defined]


def _quick_flush() -> None:
    """Transactional tests leave rows; `tools.emptying` knows the guards and takes little time.

    Their connection is kept, not closed after each as Django does: all that PostgreSQL knows of
    tables and statements goes with a connection, and SQLite reads its tables anew.
    """

    def teardown(self: TransactionTestCase) -> None:
        from tools import emptying

        emptying.empty()

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]
    TransactionTestCase._should_reload_connections = lambda self: False  # type: ignore[attr-defined]


def _quick_columns() -> None:
    """For each ordered statement Django compares all its columns, and spells each out for that by
    the signature of its class. The field itself says the same, in a twentieth of all time."""
    from django.db.models.expressions import Col
    from django.utils.functional import cached_property

    spelt_out = Col.identity.func

    def itself(self: Col) -> tuple[Any, ...]:
        if self.output_field is not self.target or not hasattr(self.target, "model"):
            return spelt_out(self)
        return Col, self.alias, self.target

    Col.identity = cached_property(itself)
    Col.identity.__set_name__(Col, "identity")


def _static_files_once() -> None:
    """Each client of a test loads all middleware; the files there are stay the same."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    found: dict[str, Any] = {}
    look = WhiteNoiseMiddleware.add_files_from_finders

    def once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = once  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _no_memory_of_logs() -> None:
    """Each test begins a log of its own, often with the very same first entry."""
    for kept in ("heads", "intents"):
        shutil.rmtree(Path(settings.DATA_DIR) / kept, ignore_errors=True)


@pytest.fixture
def live(settings):  # type: ignore[no-untyped-def]
    """A deployment that says DRY_RUN=False."""
    settings.DRY_RUN = False
    settings.ENVIRONMENT_BRAKES = {**settings.ENVIRONMENT_BRAKES, "DRY_RUN": False}
    return settings


@pytest.fixture
def memory() -> Iterator[Any]:
    """E-mail goes into a list: `memory.outbox`, and `memory.answers` say what becomes of it."""
    from channels import registry
    from channels.adapters.memory import MemoryAdapter

    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        yield MemoryAdapter
    MemoryAdapter.reset()
