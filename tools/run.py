"""`make run`: brings the database up to date, makes the demo, starts web, worker and scheduler.

A second start goes on where the first one was: the database is the queue, and the embedded
broker only carries wake-ups, so what a killed worker left in it is thrown away.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import json
import os
import pwd
import shlex
import socket
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from tools import healthy, processes
from tools.steps import Done, StepFailed, call, end_on_signals, say, step, venv_program
from tools.supervisor import Child, Parent, Supervisor

HEALTHY_SECONDS = 90.0
MANAGE = (venv_program("python"), "manage.py")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--with-parent", action="store_true", help="end when the parent ends")
    parent = Parent() if parser.parse_args().with_parent else None
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
    end_on_signals()
    try:
        from django.conf import settings

        os.environ["DATA_DIR"] = str(settings.DATA_DIR)
        lock = claim_data_dir(settings.DATA_DIR, settings.PORT)
        claim_port(settings.BIND, settings.PORT)
        login = prepare()
        try:
            return serve(Supervisor(children(), parent.is_leaving if parent else bool), login)
        finally:
            os.close(lock)
    except ImproperlyConfigured as error:
        say(f"Configuration error: {error}")
    except StepFailed as failure:
        say(str(failure))
    except KeyboardInterrupt:
        say("\nInterrupted. The same command goes on from here.")
        return 130
    return 1


def claim_data_dir(data_dir: Path, port: int) -> int:
    """Only one supervisor per data folder; the lock ends with the process, however it ends."""
    path = data_dir / "run.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StepFailed(not_writable(path, error)) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            other = json.loads(path.read_text())
        except ValueError:
            other = {"pid": "?", "port": "?"}
        raise StepFailed(
            f"It already runs on port {other['port']} (process {other['pid']}) with the data in "
            f"{data_dir}. End that one first, or start another with its own data: "
            "make run PORT=8001 DATA_DIR=var2"
        ) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, json.dumps({"pid": os.getpid(), "port": port}).encode())
    return descriptor


def not_writable(path: Path, error: OSError) -> str:
    """The sentence for a data folder of somebody else's: whose it is, and how it becomes ours."""
    folder, me = path.parent, named(os.geteuid())
    owner, quoted = named(folder.stat().st_uid), shlex.quote(str(folder))
    remedy = f"chmod -R u+rwX {quoted}" if owner == me else f"sudo chown -R {me} {quoted}"
    return (
        f"{path} cannot be written ({error.strerror}). {folder} belongs to {owner}, this is {me}: "
        f"{remedy}. Or start with data of your own: make run DATA_DIR=var2"
    )


def named(uid: int) -> str:
    """The user's name, or the number where nobody has it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def claim_port(address: str, port: int) -> None:
    """Refuse a taken port before anything starts."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise StepFailed(
                    f"Port {port} is taken by another program. Choose another: "
                    f"make run PORT={port + 1 if port < 65535 else 8000}"
                ) from None
            raise StepFailed(
                f"Port {port} on {address} cannot be opened ({error.strerror}). Choose another "
                "with PORT, or another BIND address."
            ) from None


def prepare() -> str:
    """Database, checks, demo; returns the demo's login line, empty without one."""
    with step("Database up to date"):
        # Checks come next, with what to do about each; here they would hide behind a traceback.
        call(
            [*MANAGE, "migrate", "--noinput", "--skip-checks", "--verbosity", "0"],
            remedy="Check DATABASE_URL and DATA_DIR, then start again.",
        )
    with step("Settings and database checked"):
        call(
            [*MANAGE, "check", "--database", "default"],
            remedy="Put right what the lines above name, then start again.",
        )
    wanted = os.environ.get("DEMO", "").strip().lower() not in ("0", "no", "off", "false")
    return demo() if wanted else ""


def demo() -> str:
    """Make the demo, or find it made; its login line, empty where it is another by now."""
    printed = ""
    with step("Demo: people, drafts, a queue to review"):
        try:
            printed = call([*MANAGE, "demo"], remedy="Or start without it: make run DEMO=no")
        except StepFailed as failure:
            if "Unknown command: 'demo'" not in str(failure):
                raise
            raise Done("not part of this version") from None
    return next((line for line in printed.splitlines() if line.startswith("login:")), "")


def children() -> list[Child]:
    from django.conf import settings

    log = settings.DATA_DIR / "log"
    env = dict(os.environ)
    worker_env = dict(env)
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        # The transport moves a message here before it reads it: within one file system that is
        # a rename, and what a killed worker leaves behind stays in our own folder.
        taken = settings.DATA_DIR / "broker" / "taken"
        taken.mkdir(parents=True, exist_ok=True)
        worker_env["TMPDIR"] = str(taken)
    address = f"[{settings.BIND}]" if ":" in settings.BIND else settings.BIND
    return [
        Child("web", processes.web(f"{address}:{settings.PORT}"), log / "web.log", env),
        Child(
            "worker",
            processes.worker(),
            log / "worker.log",
            worker_env,
            before_start=_empty_broker,
        ),
        # Beside the worker, not in it: one that dies in there is started again by nobody.
        Child("beat", processes.beat(settings.DATA_DIR), log / "beat.log", env),
    ]


def _empty_broker() -> None:
    """What killed processes left would wake for what is done already; wake-ups may be lost."""
    from django.conf import settings

    # Empty with Redis or RabbitMQ, whose messages are theirs to keep.
    for path in (settings.DATA_DIR / "broker").rglob("*"):
        if path.is_file():
            path.unlink(missing_ok=True)


def serve(supervisor: Supervisor, login: str) -> int:
    """Start, wait until /healthz is green, say where to go, and stay until told to end."""
    from django.conf import settings

    name = healthy.site_name(settings.ALLOWED_HOSTS)
    said = ["no answer yet"]

    def is_healthy() -> bool:
        alive, said[0] = healthy.ask(settings.PORT, name)
        return alive

    try:
        supervisor.start()
        with step(f"Web, worker and scheduler on port {settings.PORT}"):
            if not supervisor.watch(HEALTHY_SECONDS, until=is_healthy) and not supervisor.stopping:
                raise StepFailed(
                    f"/healthz is not green after {HEALTHY_SECONDS:.0f} s ({said[0]}). Read "
                    f"{settings.DATA_DIR / 'log'}, then start again."
                )
        if not supervisor.stopping:
            say(f"/healthz: {said[0]}")
            say(f"Open http://localhost:{settings.PORT}/   (Ctrl-C ends everything)")
            say(
                login
                or "Log in as yourself; .venv/bin/python manage.py createsuperuser makes a login."
            )
            supervisor.watch()
        why = f"{supervisor.ended_by} was sent to this process. " if supervisor.ended_by else ""
        say(f"{why}Ending web, worker and scheduler ...")
    finally:
        supervisor.end()
    say("Ended.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
