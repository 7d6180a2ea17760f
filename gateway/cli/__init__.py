"""The command line: one module per command group, imported only when its command is asked for."""

from __future__ import annotations

import signal
from importlib import import_module

import click

COMMANDS = {
    "account": ("gateway.cli.account:group", "Make and set up accounts."),
    "address": ("gateway.cli.address:group", "Keep the capture addresses."),
    "config": ("gateway.cli.config:group", "Check and show the configuration."),
    "contact": ("gateway.cli.contact:group", "Keep the contacts."),
    "db": ("gateway.cli.db:group", "Make, check and back up the database."),
    "demo": ("gateway.cli.demo:demo", "Show what the gateway does, with sample messages."),
    "doctor": ("gateway.cli.doctor.command:doctor", "Check this installation, and say what to do."),
    "erase": ("gateway.cli.erase:erase", "Erase all that an account has of a person."),
    "explain": ("gateway.cli.explain:explain", "Say what would be decided about a message now."),
    "healthcheck": ("gateway.cli.healthcheck:healthcheck", "Ask a running gateway whether it lives."),
    "export": ("gateway.cli.export:group", "Hand out what an account has of a person, or altogether."),
    "held": ("gateway.cli.held:group", "Look at held mail, and approve, discard or decide it again."),
    "init": ("gateway.cli.init.command:init", "Set up a gateway: settings, key, database, first account."),
    "inspect": ("gateway.cli.inspect:inspect", "Read messages and print what is in them."),
    "never-log": ("gateway.cli.never_log:group", "Keep the never-log list."),
    "purge": ("gateway.cli.purge:purge", "Erase what accounts have kept for long enough."),
    "replay": ("gateway.cli.replay.command:replay", "Decide old mail as if it came now."),
    "rule": ("gateway.cli.rule:group", "Show and set the logging rule."),
    "serve": ("gateway.cli.serve:serve", "Serve SMTP."),
    "source": ("gateway.cli.source:group", "Keep the mail servers that may send copies by themselves."),
    "tail": ("gateway.cli.tail:tail", "Show decisions as they are made."),
    "trace": ("gateway.cli.trace:trace", "Show what was decided about a message, and why."),
    "user": ("gateway.cli.user:group", "Keep the users, whose mail is logged."),
    "webhook": ("gateway.cli.webhook:group", "Keep the webhooks, to which events are sent."),
}
"""Command name → where it is, and its line in `--help`, so that help imports no command."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command name, in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name == "serve":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # a reload that comes too early waits
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in `--help`, from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bcc-gateway")
def main() -> None:
    """Logs copied mail as CRM activities, and can say for every message why it was or wasn't logged."""
