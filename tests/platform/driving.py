"""Both drivers, whose waits are over at once."""

from __future__ import annotations

import asyncio

from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.async_client import AsyncClient
from nextmv_autotrack.platform.async_driving import AsyncDriver
from nextmv_autotrack.platform.driving import Driver


class InThreads:
    """Does operations as `Application` does; a wait is over at once."""

    def __init__(self, platform, time):
        self.waits = []

        def sleep(seconds):
            self.waits.append(seconds)
            time.passes(seconds)

        self._driver = Driver(lambda: Client(platform.endpoint, platform.key), sleep)

    def run(self, steps):
        return self._driver.run(steps)

    def end(self):
        self._driver.close()


class InTasks:
    """Does operations as `AsyncApplication` does; a wait is over at once."""

    def __init__(self, platform, time):
        self.waits = []

        async def sleep(seconds):
            self.waits.append(seconds)
            time.passes(seconds)

        self.loop = asyncio.new_event_loop()
        self.driver = AsyncDriver(AsyncClient(platform.endpoint, platform.key), sleep)

    def run(self, steps):
        return self.loop.run_until_complete(self.driver.run(steps))

    def end(self):
        self.loop.run_until_complete(self.driver.close())
        self.loop.close()
