"""The gRPC server of the Pub/Sub API on its own loopback ports, plain and over TLS."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import grpc

from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.pubsub.bus import EventBus
from app.sandbox.salesforce.pubsub.service import PubSubService
from app.sandbox.server import Gate

_LOOPBACK = "127.0.0.1"
_MOST_STREAMS = 32
_OPTIONS = (
    ("grpc.so_reuseport", 0),  # a port that is taken is refused, not shared
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
)


class PubSubPorts:
    """A running gRPC server; `plain` and `secure` are its addresses, "" where it has none."""

    def __init__(self, org: Org, bus: EventBus, gate: Gate) -> None:
        self._service = PubSubService(org, bus, gate, _MOST_STREAMS)
        self._pool = ThreadPoolExecutor(_MOST_STREAMS + 4, thread_name_prefix="pubsub")
        self._server = grpc.server(self._pool, options=_OPTIONS)
        self._server.add_generic_rpc_handlers((self._service.handler(),))
        self.plain = ""
        self.secure = ""

    def open(self, port: int, certificate: Path | None = None, key: Path | None = None) -> Self:
        """Begin to serve at a port (0: a free one), and with a certificate at another over TLS.

        Raises:
            OSError: The port is taken.
        """
        try:
            self.plain = f"{_LOOPBACK}:{self._server.add_insecure_port(f'{_LOOPBACK}:{port}')}"
        except RuntimeError as error:
            raise OSError(f"The Pub/Sub port {port} cannot be had: {error}") from error
        if certificate is not None and key is not None:
            pair = (key.read_bytes(), certificate.read_bytes())
            credentials = grpc.ssl_server_credentials([pair])
            found = self._server.add_secure_port(f"{_LOOPBACK}:0", credentials)
            self.secure = f"{_LOOPBACK}:{found}"
        self._server.start()
        return self

    def close(self) -> None:
        """Cut every call off and end all threads."""
        self._server.stop(None).wait()
        self._service.close()
        self._pool.shutdown()
