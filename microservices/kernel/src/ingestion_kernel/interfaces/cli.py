"""The command line of a service: `ingest`, `serve`, `check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, TypeVar

import structlog
import typer

from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import IngestionError
from ingestion_kernel.domain.ports.source import Source
from ingestion_kernel.infrastructure.config.following_source import FollowingSource
from ingestion_kernel.infrastructure.config.live import LiveSettings
from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.infrastructure.logging.setup import configure_logging
from ingestion_kernel.interfaces.composition import Runtime, ServiceInfo, build_runtime
from ingestion_kernel.interfaces.schemas import RunView, exit_code_of
from ingestion_kernel.interfaces.signals import interruptible

__all__ = ["ServiceInfo", "service_cli"]

S = TypeVar("S", bound=KernelSettings)

_log = structlog.stdlib.get_logger("cli")


def service_cli(info: ServiceInfo, settings_type: type[S], build_source: Callable[[S], Source]) -> typer.Typer:
    """The commands of a service.

    Args:
        info: what the service is called.
        settings_type: its settings, a subclass of the kernel's.
        build_source: makes its source; may raise ConfigurationInvalid.
    """
    # typer's own tracebacks print local variables, secrets among them
    app = typer.Typer(help=info.description, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)

    def compose() -> tuple[LiveSettings[S], Runtime]:
        live = LiveSettings(settings_type)
        configure_logging(info.name, live.current().log_level)
        return live, build_runtime(info, live.current(), FollowingSource(live, build_source))

    @app.callback(invoke_without_command=True)
    def version(
        show: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
    ) -> None:
        if show:
            typer.echo(f"{info.name} {info.version}")
            raise typer.Exit()

    @app.command()
    def ingest(
        mode: Annotated[Mode, typer.Option(help="What is new since the last run, or everything.")] = Mode.INCREMENTAL,
    ) -> None:
        """Ingest once, print the run as JSON on standard output, and exit.

        Exit codes: 0 all went in; 3 something was set aside as unreadable; else the error's code (sysexits.h).
        """
        with _last_wall(info):
            _, runtime = compose()
            with interruptible(runtime.manager):
                run = runtime.manager.run_now(mode)
            typer.echo(RunView.of(run).model_dump_json())
            runtime.export.close()
            if run.error:
                _tell_person(run.error.message, run.error.advice, run.error.code)
            raise typer.Exit(exit_code_of(run))

    @app.command()
    def serve() -> None:
        """Serve the HTTP API until SIGTERM or Ctrl-C; a batch that is being taken is finished first.

        Exit codes: 0 stopped in order; 75 the batch did not end within STOP_TIMEOUT_SECONDS and was dropped whole.
        """
        with _last_wall(info):
            # imported late: the web framework takes half a second to load, and `ingest` has no use for it
            from ingestion_kernel.interfaces.server import run_server

            live, runtime = compose()
            raise typer.Exit(run_server(info, live, runtime))

    @app.command()
    def check() -> None:
        """Try the settings, the source and the lake, print the result as JSON, and exit."""
        with _last_wall(info):
            _, runtime = compose()
            raise typer.Exit(_check(runtime))

    return app


def _check(runtime: Runtime) -> int:
    states: dict[str, str] = {}
    exit_code = 0
    for name, check in runtime.checks().items():
        try:
            check()
            states[name] = "ok"
        except IngestionError as error:
            states[name] = error.code
            exit_code = exit_code or error.exit_code
            _log.error(
                "dependency_unusable", dependency=name, code=error.code, error=error.message, advice=error.advice
            )
            _tell_person(f"{name}: {error.message}", error.advice, error.code)
    typer.echo(json.dumps(states))
    return exit_code


@contextmanager
def _last_wall(info: ServiceInfo) -> Iterator[None]:
    """Turns what ends a command into a log line, advice and an exit code; never into a traceback with values."""
    try:
        yield
    except typer.Exit:
        raise
    except IngestionError as error:
        _make_sure_of_logging(info)
        _log.error(
            "command_failed", code=error.code, error=error.message, advice=error.advice, exc_info=error.__cause__
        )
        _tell_person(error.message, error.advice, error.code)
        raise typer.Exit(error.exit_code) from None
    except Exception as error:
        _make_sure_of_logging(info)
        _log.critical("command_failed", code=IngestionError.code, exc_info=error)
        _tell_person(f"unforeseen {type(error).__name__}", IngestionError.advice, IngestionError.code)
        raise typer.Exit(IngestionError.exit_code) from None


def _make_sure_of_logging(info: ServiceInfo) -> None:
    if not structlog.is_configured():  # the settings themselves are wrong
        configure_logging(info.name, "INFO")


def _tell_person(message: str, advice: str, code: str) -> None:
    """The same in plain words, where a person watches; a log collector gets JSON lines only."""
    if sys.stderr.isatty():
        typer.secho(f"{message} [{code}]", err=True, fg=typer.colors.RED)
        typer.echo(advice, err=True)
