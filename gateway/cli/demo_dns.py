"""A small DNS server on loopback that answers from zone files: the demonstration needs no network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone

_HOST = "127.0.0.1"
_UDP_SIZE = 512  # bytes, of a client that says nothing else (RFC 1035 §4.2.1)
_CHAIN = 20
_ATTEMPTS = 10


async def serve_zones(zones: Iterable[Path]) -> tuple[str, Callable[[], Awaitable[None]]]:
    """Serves zone files, each called by its origin: "corp.example.zone". Gives "127.0.0.1:port", and what ends it."""
    server = ZoneServer(zones)
    await server.start()
    return server.address, server.close


class ZoneServer:
    """Knows the names of its zones and nothing else in the world."""

    def __init__(self, zones: Iterable[Path]) -> None:
        self._nodes: dict[dns.name.Name, dns.node.Node] = {}
        for path in zones:
            zone = dns.zone.from_text(path.read_text("utf-8"), path.stem, relativize=False, check_origin=False)
            self._nodes |= {name: node for name, node in zone.nodes.items() if isinstance(name, dns.name.Name)}
        self._answering: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens on one free port with UDP and TCP: `address`, "127.0.0.1:port"."""
        loop = asyncio.get_running_loop()
        for attempt in range(_ATTEMPTS):
            self._tcp = await asyncio.start_server(self._on_connection, _HOST, 0)
            address = self._tcp.sockets[0].getsockname()[:2]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=address)
            except OSError:  # another program has the same port for UDP
                self._tcp.close()
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                break
        self.address = "{}:{}".format(*address)

    async def close(self) -> None:
        """Stops listening; what is being answered is dropped."""
        self._udp.close()
        self._tcp.close()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """What the zones say, aliases followed."""
        response = dns.message.make_response(query, recursion_available=True)
        question = query.question[0]
        name: dns.name.Name | None = question.name
        for _ in range(_CHAIN):
            name = self._add(response, name, question.rdtype) if name else None
        return response

    async def on_datagram(self, query: dns.message.Message) -> bytes | None:
        """The datagram to send back."""
        response = self.answer(query)
        try:
            return response.to_wire(max_size=max(query.payload, _UDP_SIZE))
        except dns.exception.TooBig:
            return truncated(query)

    async def on_stream(self, query: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        """Writes the answer with its length before it (RFC 1035 §4.2.2)."""
        wire = self.answer(query).to_wire(max_size=65535)
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()

    def reply_later(self, wire: bytes, send: Callable[[bytes], None]) -> None:
        """Answers a datagram beside others."""
        task = asyncio.create_task(self._reply(wire, send))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _reply(self, wire: bytes, send: Callable[[bytes], None]) -> None:
        reply = await self.on_datagram(dns.message.from_wire(wire))
        if reply:
            send(reply)

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._answering.add(task)
        try:
            size = int.from_bytes(await reader.readexactly(2), "big")
            await self.on_stream(dns.message.from_wire(await reader.readexactly(size)), writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client has gone, or the server goes
        finally:
            writer.close()
            if task:
                self._answering.discard(task)

    def _add(
        self, response: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> dns.name.Name | None:
        """Adds a name's records. Gives the name that it is an alias of, if there is more to look for."""
        node = self._nodes.get(name)
        if node is None:
            if not any(known.is_subdomain(name) for known in self._nodes):
                response.set_rcode(dns.rcode.NXDOMAIN)
            return None
        found = node.get_rdataset(dns.rdataclass.IN, kind)
        alias = None if found else node.get_rdataset(dns.rdataclass.IN, dns.rdatatype.CNAME)
        records = found or alias
        if records:
            rrset = dns.rrset.from_rdata_list(name, records.ttl, list(records))
            if rrset not in response.answer:
                response.answer.append(rrset)
        return dns.name.from_text(alias[0].to_text()) if alias else None


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: ZoneServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.reply_later(data, lambda reply: self._transport.sendto(reply, addr))


def truncated(query: dns.message.Message) -> bytes:
    """The answer that says: come again by TCP."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    return response.to_wire()
