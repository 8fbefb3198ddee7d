# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""Uses of the public face, as type checkers see them. Nobody runs this.

Each ignored error is one that mypy and pyright have to find: both report an `ignore`
that is not needed.
"""

from __future__ import annotations

import functools
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol, TypeVar

from typing_extensions import assert_type

from nextmv_autotrack import (
    Application,
    AsyncApplication,
    Replayed,
    Run,
    RunResult,
    RunSummary,
    SettingsError,
    Status,
    TrackedRun,
    configure,
    current_run,
    flush,
    last_run,
    replay,
    shutdown,
    track_run,
    tracked,
)
from nextmv_autotrack.testing import (
    FakePlatform,
    RecordedRun,
    RecordedRuns,
    killed,
    recording,
)

T = TypeVar("T")

# --- A tracked function has the type that it had.


@tracked
def solve(demand: dict[str, int], *, vehicles: int = 2) -> list[str]:
    return sorted(demand)[:vehicles]


assert_type(solve({"bonn": 3}), list[str])
assert_type(solve({"bonn": 3}, vehicles=1), list[str])
solve("bonn")  # type: ignore[arg-type]
solve()  # type: ignore[call-arg]
solve({"bonn": 3}, vans=1)  # type: ignore[call-arg]
number: int = solve({"bonn": 3})  # type: ignore[assignment]
solve.unknown()  # type: ignore[attr-defined]


@tracked(name="nightly", options=["vehicles"])
def plan(demand: dict[str, int], vehicles: int = 2) -> list[str]:
    return sorted(demand)[:vehicles]


assert_type(plan({"bonn": 3}, 1), list[str])
plan(demand=3)  # type: ignore[arg-type]


@tracked()
def first(items: Sequence[T]) -> T:
    return items[0]


assert_type(first([1, 2]), int)
assert_type(first("ab"), str)


class Solver(Protocol):
    def __call__(self, demand: dict[str, int], *, vehicles: int = ...) -> list[str]: ...


solver: Solver = solve
as_callable: Callable[[dict[str, int]], list[str]] = solve
wrong_callable: Callable[[int], list[str]] = solve  # type: ignore[assignment]


# --- So do coroutine functions and generators.


@tracked
async def search(starts: list[int]) -> int:
    return min(starts)


@tracked(sample=0.5)
async def search_some(starts: list[int]) -> int:
    return min(starts)


@tracked
def improve(value: int) -> Iterator[int]:
    yield value


@tracked(metrics=lambda yielded: {"last": yielded[-1]})
def talk(value: int) -> Generator[int, str, bool]:
    said = yield value
    return said == "stop"


@tracked
async def ticks(count: int) -> AsyncIterator[int]:
    for tick in range(count):
        yield tick


awaited: Callable[[list[int]], Coroutine[Any, Any, int]] = search


async def await_them() -> None:
    assert_type(await search([1]), int)
    assert_type(await search_some([1]), int)
    await search(1)  # type: ignore[arg-type]
    assert_type([tick async for tick in ticks(3)], list[int])
    as_text: str = await search([1])  # type: ignore[assignment]
    assert as_text


assert_type(improve(3), Iterator[int])
assert_type(talk(3), Generator[int, str, bool])
talk(3).send(3)  # type: ignore[arg-type]


# --- And methods, however they are bound.


class Model:
    @tracked
    def solve(self, demand: int) -> int:
        return demand

    @tracked(name="later")
    async def later(self, demand: int) -> int:
        return demand

    @classmethod
    @tracked
    def inside(cls, demand: int) -> Model:
        return cls()

    @tracked
    @classmethod
    def around(cls, demand: int) -> Model:
        return cls()

    @staticmethod
    @tracked(output=False)
    def still(demand: int) -> str:
        return str(demand)

    @tracked
    @staticmethod
    def around_still(demand: int) -> str:
        return str(demand)

    @property
    @tracked
    def bound(self) -> float:
        return 0.5

    @tracked
    def __call__(self, demand: int) -> int:
        return demand


model = Model()
assert_type(model.solve(1), int)
assert_type(Model.solve(model, 1), int)
assert_type(model.inside(1), Model)
assert_type(Model.inside(1), Model)
assert_type(Model.around(1), Model)
assert_type(Model.still(1), str)
assert_type(model.still(1), str)
assert_type(Model.around_still(1), str)
assert_type(model.bound, float)
assert_type(model(1), int)
model.solve("1")  # type: ignore[arg-type]
Model.inside("1")  # type: ignore[arg-type]
Model.around("1")  # type: ignore[arg-type]
Model.still("1")  # type: ignore[arg-type]
Model.around_still("1")  # type: ignore[arg-type]


async def await_a_method() -> None:
    assert_type(await model.later(1), int)


# --- And whatever else can be called.

halved: functools.partial[float] = functools.partial(round, 0.5)
assert_type(tracked(model), Model)
assert_type(tracked(name="model")(model), Model)
assert_type(tracked(halved), "functools.partial[float]")
assert_type(tracked(model.solve)(1), int)
tracked(model)("1")  # type: ignore[arg-type]

tracked(5)  # type: ignore[call-overload]
tracked("nightly")  # type: ignore[call-overload]
tracked(None)  # type: ignore[call-overload]


# --- Settings have types, and an unknown one is an error.


def name_of_a_call(demand: dict[str, int], *, vehicles: int = 2) -> str:
    return f"{len(demand)} towns, {vehicles} vehicles"


tracked(
    name=name_of_a_call,
    description="every night",
    input=("demand", "limits"),
    options="vehicles",
    output=lambda result: {"routes": result},
    metrics=lambda result: {"value": len(result)},
    enabled=True,
    destination="local",
    app_id="routing",
    instance_id="prod",
    redact=["iban", "!token"],
    logs="INFO",
    streams="fd",
    resources=False,
    sample=0.5,
    max_payload=2_000,
    max_log=2_000,
    sync=True,
)


def plan_of(folder: Path) -> Path:
    return folder / "plan"


tracked(input_dir="case", output_dir=Path("plan"))
tracked(output_dir=plan_of)
tracked(input_dir=5)  # type: ignore[call-overload]
tracked(nmae="x")  # type: ignore[call-overload]
tracked(name=5)  # type: ignore[call-overload]
tracked(sample="half")  # type: ignore[call-overload]
tracked(options=5)  # type: ignore[call-overload]
tracked(metrics={"value": 1})  # type: ignore[call-overload]
tracked(api_key="of the process")  # type: ignore[call-overload]
tracked(solve, name="both at once")  # type: ignore[call-overload]


# --- The run of a block is typed, in both kinds of block.


def block(given: Mapping[str, float]) -> float:
    with track_run("nightly", input=given, options={"gap": 0.1}) as run:
        assert_type(run, Run)
        assert_type(run.id, str)
        assert_type(run.name, str)
        assert_type(run.status, Status)
        assert_type(run.started_at, float)
        assert_type(run.duration, "float | None")
        assert_type(run.error, "str | None")
        assert_type(run.metrics, dict[str, Any])
        run.metrics = given
        run.output = {"routes": [1]}
        run.log("two vehicles are enough")
        run.fail("no vehicles")
        run.metrics = 5  # type: ignore[assignment]
        run.error = "read only"  # type: ignore[misc]
        run.unknown = 5  # type: ignore[attr-defined]
        # A block swallows no exception: what follows it needs no `return`.
        return 1.0


async def async_block() -> int:
    async with track_run(name="nightly", sync=True) as run:
        assert_type(run, Run)
        return 1


def asked(run: Run) -> None:
    assert_type(run.platform_run_id, "str | None")
    assert_type(run.url, "str | None")
    assert_type(run.wait(), str)
    assert_type(run.wait(timeout=10), str)
    assert_type(run.result(30), RunResult)
    assert_type(run.wait(None), str)
    run.wait("10")  # type: ignore[arg-type]
    run.url = "read only"  # type: ignore[misc]


async def asked_and_awaited(run: Run) -> None:
    assert_type(await run.wait_async(10), str)
    assert_type(await run.result_async(), RunResult)


track_run(5)  # type: ignore[arg-type]
track_run(options=["gap"])  # type: ignore[arg-type]
with track_run() as unnamed:
    assert_type(unnamed, Run)


# --- The explicit client, called and awaited.

made = TrackedRun(
    "succeeded",
    input=[1, 2],
    output="a plan",
    duration=timedelta(seconds=2),
    logs=["one", "two"],
    options={"gap": 0.1},
    assets=[{"name": "map"}],
    input_dir=None,
    output_dir=Path("out"),
    started_at=datetime.now(timezone.utc),
)
assert_type(made.status, Status)
assert_type(made.duration, "float | None")
made.name = "checked already"  # type: ignore[misc]
TrackedRun()  # type: ignore[call-arg]
TrackedRun("succeeded", [1, 2])  # type: ignore[call-arg]
TrackedRun("succeeded", duration="1.5")  # type: ignore[arg-type]

app = Application("routing", api_key="a-key")
assert_type(app.track_run(made, timeout=5), str)
assert_type(app.track_run_with_result(made, on_poll=print), RunResult)
assert_type(app.run("latest-1"), RunResult)
assert_type([*app.runs(status="failed")], list[RunSummary])
assert_type(app.logs("latest-1"), str)
assert_type(app.create(exist_ok=True), bool)
app.track_run({"status": "succeeded"})  # type: ignore[arg-type]


class OfTheSdk:
    status: str = "succeeded"
    duration: int = 1500
    input_dir_path: str | None = None
    output_dir_path: str | None = None


app.track_run(OfTheSdk())


class OptionsOfTheSdk:
    PARSED: bool = False
    options: tuple[str, ...] = ()


with track_run(options=OptionsOfTheSdk()) as of_the_sdk:
    of_the_sdk.options = OptionsOfTheSdk()
    of_the_sdk.assets = {"type": "Point", "coordinates": [7.1, 50.7]}


async def awaited_application() -> RunResult:
    async def listen(status: Status) -> None:
        assert_type(status, Status)

    async with AsyncApplication("routing") as app:
        assert_type(app, AsyncApplication)
        assert_type(await app.track_run(made), str)
        assert_type([run async for run in app.runs()], list[RunSummary])
        app.track_run(made) + "1"  # type: ignore[operator]
        return await app.track_run_with_result(made, on_poll=listen)


# --- The rest of the public face.

assert_type(current_run(), "Run | None")
assert_type(last_run(), "Run | None")
assert_type(flush(), bool)
assert_type(flush(timeout=10), bool)
assert_type(shutdown(0.5), bool)
configure(logs="INFO", max_log=200_000)
flush(timeout="10")  # type: ignore[arg-type]
id_of_none: str = last_run().id  # type: ignore[union-attr]
error: ValueError = SettingsError("it is one of those")

# --- A run is held against another function.

found = replay("019a2f6c", len, maximize=True)
assert_type(found, Replayed)
assert_type(found.new.objective, "float | None")
assert_type(found.is_worse, bool)
replay(3, len)  # type: ignore[arg-type]

# --- What tests of users see.

with recording() as recorded:
    assert_type(recorded, RecordedRuns)
    assert_type(recorded[0], RecordedRun)
    assert_type(recorded[1:], list[RecordedRun])
    assert_type([run.name for run in recorded], list[str])
    assert_type(recorded.named("solve").duration, "float | None")
with FakePlatform(app_id="routing") as fake:
    assert_type(fake, FakePlatform)
    fake.fail_next(2, status=429, path="/runs$")
    assert_type(fake.runs, RecordedRuns)
assert_type(killed(len, [1], at_line="iteration 3"), RecordedRuns)
assert_type(killed(Path("model.py"), "--seed", "3"), RecordedRuns)
killed(3)  # type: ignore[arg-type]
