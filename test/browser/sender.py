"""Send requests at a rate from a separate process, and print how many were sent per second.

The arguments are the emulator's URL, the token, the number of requests, and the requests per second.
"""

from __future__ import annotations

import asyncio
import sys
import time
from urllib.parse import urlsplit

CONNECTIONS = 8


async def send(url: str, token: str, count: int, rate: float) -> float:
    address = urlsplit(url)
    assert address.hostname is not None
    request = f"GET /v2/customers HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    start = time.monotonic()

    async def one(first: int) -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for number in range(first, count, CONNECTIONS):
            await asyncio.sleep(start + number / rate - time.monotonic())
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one(number) for number in range(CONNECTIONS)))
    return count / (time.monotonic() - start)


if __name__ == "__main__":
    _, url, token, count, rate = sys.argv
    print(asyncio.run(send(url, token, int(count), float(rate))))
