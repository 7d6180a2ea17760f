"""What `init` says in the end: what stands, the names that DNS must have, and what to do next."""

from __future__ import annotations

from pathlib import Path

from config.settings import Settings
from config.values import host_and_port
from gateway.cli import common
from gateway.cli.address import USES
from gateway.cli.init.answers import NO_CERTIFICATE
from gateway.cli.init.steps import Made
from gateway.core.model import Channel


def everything(settings: Settings, file: Path | None, made: Made) -> None:
    """All of it. `file`: of the settings, if they aren't the environment's."""
    config = f" --config {file}" if file else ""
    parts = [
        ["What stands now:", *made.lines],
        _captures(made),
        _console(settings, made, config),
        _dns(settings, config),
        _warnings(settings),
        [
            "Next:",
            f"  bcc-gateway serve{config}     # or as a service or container: docs/install.md",
            f"  bcc-gateway tail -f{config}   # decisions, as they are made",
        ],
    ]
    common.say("\n\n".join("\n".join(part) for part in parts if part))


def _captures(made: Made) -> list[str]:
    lines = [line for one in made.captures for line in (f"  {one.address}", f"    {USES[one.channel]}")]
    return ["Capture addresses, which are secrets:", *lines] if lines else []


def _console(settings: Settings, made: Made, config: str) -> list[str]:
    if not settings.console.listen:
        return []
    url = settings.console.url or f"http://{settings.console.listen}"
    if not made.secret:
        return [
            f"The console is at {url} while the gateway serves; `bcc-gateway user setup-link{config}` lets people in."
        ]
    return [
        "The admin chooses a password by this link, within a day, while the gateway serves. It isn't shown again:",
        f"  {url}/setup/{made.secret}",
    ]


def _dns(settings: Settings, config: str) -> list[str]:
    """Records of the four capture domains and of the server."""
    domains = [f"{channel.value}.{settings.domain}." for channel in Channel]
    width = max(len(name) for name in (*domains, settings.hostname)) + 2
    return [
        "DNS records that mail needs to find it:",
        *[f"  {domain:<{width}}MX    10 {settings.hostname}." for domain in domains],
        f"  {f'{settings.hostname}.':<{width}}A     the IPv4 address of this server",
        f"  {f'{settings.hostname}.':<{width}}AAAA  its IPv6 address, if it listens on that",
        "No others: the gateway sends no mail, so there is no SPF or DKIM to publish. To check them:",
        *[f"  dig +short {domain} MX" for domain in domains],
        f"  dig +short {settings.hostname}. A",
        f"  bcc-gateway doctor{config}",
    ]


def _warnings(settings: Settings) -> list[str]:
    """What will surprise whoever doesn't know it."""
    lines = []
    if not settings.smtp.certificate:
        lines.append(f"There is no certificate (smtp.certificate): {NO_CERTIFICATE}.")
    if 25 not in [host_and_port(address)[1] for address, _ in settings.listeners()]:
        lines.append("Nothing listens on port 25 (smtp.listen), the one that other mail servers deliver to.")
    return lines
