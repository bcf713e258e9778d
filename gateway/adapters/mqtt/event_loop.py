"""A paho client's connection inside the event loop: its socket, and the thread that connects.

paho runs no loop of its own here: it reads when the socket is readable, and writes on request.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from paho.mqtt.client import Client

from gateway.adapters.mqtt.client import PacketClient

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

PACKETS_AT_ONCE: Final = 64
"""Packets handled before control returns to the event loop: some 2 ms."""


_NOTHING_LINGERS: Final = struct.pack("ii", 1, 0)
"""`struct linger`: on, for 0 s."""


class SessionLost(Exception):  # noqa: N818 - what happened, as all names here
    """The broker refused the connection, or the connection ended."""


class LoopSocket:
    """A session's socket, replaced with each of its clients.

    `opened` is called in the loop when a connection's socket exists. The connection ends if the
    peer does not acknowledge data within `user_timeout_s`, where the system supports it.
    """

    def __init__(self, opened: Callable[[], None], user_timeout_s: float) -> None:
        self.progress = 0
        """Packets handled."""
        self.is_paused = False
        self._on_open = opened
        self._user_timeout_ms = int(user_timeout_s * 1000)
        self._client: PacketClient | None = None
        self._ended: asyncio.Future[str] | None = None
        self._socket: SocketLike | None = None

    def carry(self, client: PacketClient, ended: asyncio.Future[str]) -> None:
        """Serve this client's socket, which is about to connect, until `ended` is done."""
        self._client, self._ended = client, ended
        hand_over_opened = self._in_loop(client, self._opened)

        def opened(_client: Client, _userdata: object, sock: "SocketLike") -> None:
            if client is not self._client:  # given up meanwhile; nothing else would close it
                sock.close()
                raise SessionLost("given up")
            hand_over_opened(client, None, sock)

        client.on_socket_open = opened
        client.on_socket_register_write = self._in_loop(client, self._want_write)
        client.on_socket_unregister_write = self._in_loop(client, self._want_no_write)
        client.on_socket_close = self._in_loop(client, self._forget)

    def flush(self) -> None:
        """Write the queued packets now."""
        if self._client is not None and self._client.want_write():
            self._client.loop_write()

    def pause(self) -> None:
        """Stop reading, so that TCP stops the broker."""
        if not self.is_paused:
            self.is_paused = True
            if self._socket is not None:
                asyncio.get_running_loop().remove_reader(self._socket)

    def resume(self) -> None:
        """Start reading again."""
        if self.is_paused:
            self.is_paused = False
            if self._socket is not None and not self._is_over():
                loop = asyncio.get_running_loop()
                loop.add_reader(self._socket, self._readable)
                # We, or TLS, may have read more than the socket shows.
                loop.call_soon(self._readable)

    def discard(self) -> None:
        """Make the system discard unsent data when the socket is closed."""
        if isinstance(self._socket, socket.socket) and self._socket.fileno() >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOTHING_LINGERS)

    def close(self) -> None:
        """Close the socket at once, without an MQTT DISCONNECT."""
        self._client = None
        sock, self._socket = self._socket, None
        if sock is not None and sock.fileno() >= 0:
            self._forget(sock)
            sock.close()

    def _in_loop(self, client: Client, work: Callable[["SocketLike"], None]) -> Callable[..., None]:
        """Wrap `work` to run in the loop: the first calls come from the connecting thread."""
        loop, here = asyncio.get_running_loop(), threading.get_ident()

        def hand_over(_client: Client, _userdata: object, sock: "SocketLike") -> None:
            if loop.is_closed():
                return  # a client that was given up is cleared away at the end of all
            if threading.get_ident() == here:
                self._if_current(client, work, sock)
            else:
                loop.call_soon_threadsafe(self._if_current, client, work, sock)

        return hand_over

    def _if_current(
        self, client: Client, work: Callable[["SocketLike"], None], sock: "SocketLike"
    ) -> None:
        """Do the work unless this client was given up, or its socket closed, in the meantime."""
        if client is self._client and sock.fileno() >= 0:
            work(sock)

    def _opened(self, sock: "SocketLike") -> None:
        assert isinstance(sock, socket.socket)  # noqa: S101 - TCP; websockets are not offered
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._user_timeout_ms)
        self._socket = sock
        self._on_open()
        self.is_paused = False
        asyncio.get_running_loop().add_reader(sock, self._readable)
        if self._client is not None and self._client.want_write():
            self._want_write(sock)

    def _want_write(self, sock: "SocketLike") -> None:
        if self._client is not None and sock is self._socket:
            asyncio.get_running_loop().add_writer(sock, self._client.loop_write)

    def _want_no_write(self, sock: "SocketLike") -> None:
        asyncio.get_running_loop().remove_writer(sock)

    def _forget(self, sock: "SocketLike") -> None:
        asyncio.get_running_loop().remove_reader(sock)
        asyncio.get_running_loop().remove_writer(sock)

    def _readable(self) -> None:
        """Handle all packets that have arrived, then write what their handlers queued.

        TLS may buffer whole packets that the socket does not show.
        """
        client, may_have_more = self._client, True
        if client is None:
            return
        for _ in range(PACKETS_AT_ONCE):
            if client is not self._client or self.is_paused or self._is_over():
                break
            if client.handle_packet():
                self.progress += 1
            elif may_have_more:
                may_have_more = client.receive() or _buffered(self._socket)
            else:
                break
        else:
            asyncio.get_running_loop().call_soon(self._readable)
        self.flush()

    def _is_over(self) -> bool:
        return self._ended is None or self._ended.done()


async def in_thread_of_its_own(work: Callable[[], None]) -> None:
    """Run blocking work in a thread; a cancelled caller or the process's end does not wait.

    Executors are joined at exit: a broker that does not answer would delay a stop by ten seconds.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(error: Exception | None) -> None:
        if done.done():  # the caller has gone
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def blocking() -> None:
        error: Exception | None = None
        try:
            work()
        except (OSError, ValueError, SessionLost) as wrong:  # what paho's connect raises, and ours
            error = wrong.with_traceback(None)  # its frames hold a socket that paho did not close
        with contextlib.suppress(RuntimeError):  # the loop is closed: no caller waits any more
            loop.call_soon_threadsafe(tell, error)

    threading.Thread(target=blocking, name="mqtt-connect", daemon=True).start()
    await done


def _buffered(sock: "SocketLike | None") -> bool:
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
