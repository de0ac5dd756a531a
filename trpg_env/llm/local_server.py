"""The program of the embedded model's own process: it serves one GGUF file until whoever started it has gone.

Run by its path, with a socket as standard input. Over that comes one line of JSON (`Order`), and back goes one line
with the address. It imports llama.cpp and the standard library alone, so that it is there in a moment.
"""

import json
import os
import signal
import socket
import sys
from typing import Any, TypedDict


class Order(TypedDict):
    """What the caller wants served, and how.

    Attributes:
        library: The folder that `xllamacpp` is in.
        model: The GGUF file's path.
        key: The API key to ask for.
        settings: llama.cpp's parameters by name, a dot between a group and its member.
    """

    library: str
    model: str
    key: str
    settings: dict[str, Any]


def serve(order: Order) -> Any:
    """Start llama.cpp's server; it ends with the value returned."""
    import xllamacpp  # noqa: PLC0415  (an extra, found by the order)

    parameters = xllamacpp.CommonParams()
    parameters.model.path = order["model"]
    parameters.api_keys = [order["key"]]
    for name, value in order["settings"].items():
        *groups, last = name.split(".")
        owner = parameters
        for group in groups:
            owner = getattr(owner, group)
        setattr(owner, last, value)
    return xllamacpp.Server(parameters)


def main() -> None:
    """Serve what the line on standard input orders, until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    caller = socket.socket(fileno=os.dup(0))
    with caller.makefile("rb") as lines:
        order = json.loads(lines.readline())
    sys.path.append(order["library"])
    server = serve(order)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 2)
    caller.sendall(json.dumps({"address": server.listening_address}).encode() + b"\n")
    caller.recv(1)
    os._exit(0)  # requests that are being answered are nobody's any more


if __name__ == "__main__":
    main()
