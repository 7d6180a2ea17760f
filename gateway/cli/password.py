"""How a password comes into a command: typed twice unseen, as a line on standard input, or made up and shown once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from gateway import passwords
from gateway.cli import common


def options(command: Callable[..., None]) -> Callable[..., None]:
    """--generate, --stdin and --remove."""
    for option in (
        click.option("--generate", is_flag=True, help="Make one up and print it: it is shown this once only."),
        click.option("--stdin", "from_stdin", is_flag=True, help="Read it as one line from standard input."),
        click.option("--remove", is_flag=True, help="Take the password away."),
    ):
        command = option(command)
    return command


@contextmanager
def new(*, generate: bool, from_stdin: bool) -> Iterator[str]:
    """The hash of a new password, to be stored; then says that it holds, and what it is if nobody knows it yet.

    Ends the process with a sentence if there is none or it can't be one.
    """
    password = _given(generate=generate, from_stdin=from_stdin)
    yield passwords.hashed(password)
    if generate:
        click.echo(password)  # alone on standard output
    click.echo("The password is set; it holds from the next session on.", err=True)


def _given(*, generate: bool, from_stdin: bool) -> str:
    if generate and from_stdin:
        common.fail("Either --generate or --stdin.", 2)
    if generate:
        return passwords.generated()
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    fault = passwords.fault(password)
    if fault:
        common.fail(str(fault))
    return password
