"""The output: a document, or a value that is put into one; metrics, options, assets."""

from __future__ import annotations

import copy

import pytest

from nextmv_autotrack import current_run, track_run, tracked
from nextmv_autotrack.encode.budget import MAX_STEPS

ASSETS = [{"name": "map", "content": [{"a": 1}], "content_type": "json"}]


def test_a_dict_is_the_document_itself(written):
    tracked(lambda: {"solution": [1], "other": 2})()
    assert written.run.output == {"solution": [1], "other": 2}
    assert written.run.is_document is True


@pytest.mark.parametrize("value", [[1, 2], "text", 5, 1.5, True, 0, "", []], ids=repr)
def test_any_other_value_is_no_document(written, value):
    tracked(lambda: value)()
    assert written.run.output == value
    assert written.run.is_document is False


def test_no_result_is_no_output(written):
    tracked(lambda: None)()
    assert written.frames[-1][2] == b""


def test_metrics_and_assets_are_taken_out_of_a_document(written):
    tracked(lambda: {"solution": 1, "metrics": {"cost": 9}, "assets": ASSETS})()
    assert written.run.output == {"solution": 1}
    assert written.run.metrics == {"cost": 9}
    assert written.run.assets == ASSETS


@pytest.mark.parametrize(
    "document",
    [
        {"metrics": [1]},
        {"metrics": []},
        {"metrics": 5},
        {"assets": {"a": 1}},
        {"assets": "x"},
    ],
    ids=str,
)
def test_a_dict_the_platform_would_not_understand_is_a_value(written, document):
    tracked(lambda: document)()
    assert written.run.output == document
    assert written.run.is_document is False
    assert written.run.metrics == {}


def test_metrics_of_a_document_stay_when_its_assets_are_something_else(
    written, as_for_users
):
    given = {"solution": 1, "metrics": {"cost": 9}, "assets": {"gold": 0.4}}
    tracked(lambda: given)()
    assert written.run.metrics == {"cost": 9}
    assert written.run.output == {"solution": 1, "assets": {"gold": 0.4}}
    assert written.run.is_document is False
    assert written.run.logs == [
        "the output's 'assets' stay in its solution: dict is no asset"
    ]


def test_assets_of_a_document_stay_when_its_metrics_are_something_else(
    written, as_for_users
):
    tracked(lambda: {"solution": 1, "metrics": [1], "assets": ASSETS})()
    assert written.run.assets == ASSETS
    assert written.run.output == {"solution": 1, "metrics": [1]}
    assert written.run.is_document is False
    assert written.run.logs == [
        "the output's 'metrics' stay in its solution: list is no mapping"
    ]


@pytest.mark.parametrize(
    "assets",
    [tuple(ASSETS), ASSETS[0], {1: ASSETS[0]}.values()],
    ids=["tuple", "one", "values"],
)
def test_assets_of_a_document_may_be_one_or_several_of_any_kind(written, assets):
    tracked(lambda: {"solution": 1, "metrics": {"cost": 9}, "assets": assets})()
    assert written.run.output == {"solution": 1}
    assert written.run.is_document is True
    assert (written.run.metrics, written.run.assets) == ({"cost": 9}, ASSETS)


def test_a_series_is_the_metrics_of_a_document(written):
    pandas = pytest.importorskip("pandas", exc_type=ImportError)
    given = pandas.Series({"cost": 9.5, "gap": 0.1})
    tracked(lambda: {"solution": 1, "metrics": given})()
    assert (written.run.metrics, written.run.output) == (dict(given), {"solution": 1})


def test_a_figure_is_the_assets_of_a_document(written):
    go = pytest.importorskip("plotly.graph_objects", exc_type=ImportError)
    figure = go.Figure(layout={"title": "Cost"})
    tracked(lambda: {"solution": 1, "assets": figure})()
    assert [asset["name"] for asset in written.run.assets] == ["Cost"]


def test_an_array_under_the_name_of_assets_is_a_value(written, as_for_users):
    np = pytest.importorskip("numpy", exc_type=ImportError)
    tracked(lambda: {"metrics": {"cost": 9}, "assets": np.arange(3)})()
    assert written.run.metrics == {"cost": 9}
    assert written.run.output == {"assets": [0, 1, 2]}


def test_what_can_be_looked_at_once_is_left_to_the_caller(written, as_for_users):
    given = {"solution": 1, "metrics": {"cost": 9}, "assets": iter(ASSETS)}
    assert list(tracked(lambda: given)()["assets"]) == ASSETS
    assert written.run.metrics == {"cost": 9}
    assert len(written.run.logs) == 1


STATISTICS = {
    "schema": "v1",
    "run": {"duration": float("nan"), "iterations": 3},
    "result": {"value": float("inf"), "custom": {"gap": float("nan"), "used": 2}},
    "series_data": {
        "value": {
            "name": "cost",
            "data_points": [
                {"x": 0.0, "y": float("inf")},
                {"x": 1.0, "y": 9.5},
                {"x": 2.0, "y": None},
            ],
        }
    },
}
LOST_STATISTICS = [
    "statistics.run.duration is left out: it is not a finite number",
    "statistics.result.value is left out: it is not a finite number",
    "statistics.result.custom.gap is left out: it is not a finite number",
    "2 of 3 in statistics.series_data.value.data_points left out: no finite numbers",
]


def test_statistics_that_are_not_finite_are_left_out_and_the_sdk_reads_the_others(
    written, as_for_users
):
    nextmv = pytest.importorskip("nextmv", exc_type=ImportError)

    def as_output():
        return nextmv.Output(statistics=nextmv.Statistics.from_dict(whole))

    whole = copy.deepcopy(STATISTICS)
    del whole["series_data"]["value"]["data_points"][2]
    tracked(lambda: {"solution": 1, "statistics": STATISTICS})()
    tracked(as_output)()
    for run, points in zip(written.runs, (3, 2), strict=True):
        assert run.is_document is True
        found = nextmv.Statistics.from_dict(run.output["statistics"])
        assert (found.run.iterations, found.run.duration) == (3, None)
        assert (found.result.value, found.result.custom) == (None, {"used": 2})
        (point,) = found.series_data.value.data_points
        assert (point.x, point.y) == (1.0, 9.5)
        lost = [f"{points - 1} of {points}{LOST_STATISTICS[-1][6:]}"]
        assert run.logs == [*LOST_STATISTICS[:-1], *lost]


def test_finite_statistics_stay_as_they_are(written):
    given = {"run": {"duration": None}, "result": {"value": 1.5}, "other": [None, 2]}
    tracked(lambda: {"solution": 1, "statistics": given})()
    assert written.run.output == {"solution": 1, "statistics": given}
    assert written.run.logs == []


def test_empty_metrics_and_assets_are_harmless(written):
    tracked(lambda: {"a": 1, "metrics": None, "assets": None})()
    assert (written.run.output, written.run.metrics) == ({"a": 1}, {})
    assert written.run.assets is None


def test_metrics_of_the_run_go_before_those_of_the_document(written):
    @tracked(metrics=lambda result: {"cost": 1, "computed": 1, "set": 1})
    def solve():
        current_run().metrics["set"] = 2
        return {"metrics": {"cost": 0, "in document": 0}}

    solve()
    assert written.run.metrics == {
        "cost": 1,
        "computed": 1,
        "set": 2,
        "in document": 0,
    }


def test_metrics_of_the_user_go_before_ours(written):
    tracked(lambda: {"metrics": {"cpu_s": "theirs"}})()
    assert written.run.end["metrics"]["cpu_s"] == "theirs"


def test_assets_of_the_document_and_of_the_run_are_joined(written):
    @tracked
    def solve():
        current_run().assets.append({"name": "second"})
        return {"assets": [{"name": "first"}]}

    solve()
    assert [asset["name"] for asset in written.run.assets] == ["first", "second"]


def test_output_may_be_computed_from_the_result(written):
    assert tracked(output=lambda result: result["cost"])(lambda: {"cost": 3})() == {
        "cost": 3
    }
    assert written.run.output == 3


def test_output_false_records_none_but_metrics(written):
    result = tracked(output=False, metrics=lambda routes: {"n": len(routes)})(
        lambda: [1, 2]
    )()
    assert result == [1, 2]
    assert (written.run.output, written.run.metrics) == (None, {"n": 2})


def test_an_output_that_is_set_goes_before_the_result(written):
    @tracked(output=lambda result: "computed")
    def solve():
        current_run().output = {"set": True}
        return "result"

    assert solve() == "result"
    assert written.run.output == {"set": True}


@pytest.mark.parametrize("setting", ["output", "metrics"])
def test_a_callable_that_raises_costs_its_part_and_says_so_once(
    written, as_for_users, caplog, setting
):
    def broken(result):
        raise KeyError(str(result))

    solve = tracked(**{setting: broken})(lambda: {"a": 1})
    assert solve() == solve() == {"a": 1}
    assert [run.status for run in written.runs] == ["succeeded"] * 2
    (record,) = caplog.records
    assert setting in record.getMessage()
    assert "KeyError" in record.getMessage()
    for run in written.runs:
        assert run.logs == [
            f"the {setting} of a run: left out: KeyError: \"{{'a': 1}}\""
        ]
    if setting == "metrics":
        assert written.runs[0].output == {"a": 1}


@pytest.mark.parametrize(
    ("part", "value"), [("metrics", 5), ("options", "bad"), ("assets", "x")]
)
def test_what_cannot_be_set_on_a_run_is_named_in_its_logs(
    written, as_for_users, part, value
):
    with track_run() as run:
        setattr(run, part, value)
    (line,) = written.run.logs
    assert line.startswith(f"run.{part} is left out: {type(value).__name__} is n")
    setattr(run, part, value)
    assert len(written.run.logs) == 1


@pytest.mark.parametrize("value", [None, 5, [1], "text"], ids=repr)
def test_metrics_that_are_no_mapping_are_left_out(written, as_for_users, value):
    tracked(metrics=lambda _: value)(lambda: 1)()
    assert len(written.run.logs) == (value is not None)
    assert (written.run.status, written.run.output, written.run.metrics) == (
        "succeeded",
        1,
        {},
    )


def test_metrics_that_another_thread_changes_cost_no_run(written, as_for_users):
    class Changing(dict):
        def items(self):
            raise RuntimeError("dictionary changed size during iteration")

    tracked(lambda: {"solution": 1, "metrics": Changing(a=1)})()
    tracked(metrics=lambda _: Changing(a=1))(lambda: 1)()
    assert [run.status for run in written.runs] == ["succeeded"] * 2
    assert written.runs[0].output == {"solution": 1}


def test_what_metrics_and_assets_have_lost_is_in_the_logs_and_warned_of_once(
    written, as_for_users, caplog
):
    for _ in range(2):
        with track_run() as run:
            run.metrics = {"gap": float("inf"), "value": 1}
            run.assets = [{"name": "map", "visual": {"schema": "custom"}}]
    for one in written.runs:
        assert one.metrics == {"value": 1}
        assert [line.split(":")[0] for line in one.logs] == [
            "asset 'map' is kept without its visual",
            "metric 'gap' is left out",
        ]
    assert len(caplog.records) == 2


def test_a_callable_cannot_change_what_is_returned(written):
    result = {"a": 1}
    tracked(output=lambda _: {"b": 2})(lambda: result)()
    assert result == {"a": 1}


def test_options_are_texts(written):
    with track_run(options={"a": 1, "b": "x", "c": True, "d": None, 5: [1]}):
        pass
    assert written.run.end["options"] == {
        "a": "1",
        "b": "x",
        "c": "true",
        "d": "null",
        "5": "[1]",
    }


def test_options_set_on_the_run_go_before_those_of_the_arguments(written):
    @tracked(options="limit")
    def solve(limit):
        current_run().options["limit"] = 5

    solve(1)
    assert written.run.end["options"] == {"limit": "5"}


def test_what_was_set_is_kept_when_the_call_fails(written):
    @tracked
    def solve():
        run = current_run()
        run.output, run.metrics["n"] = "best so far", 3
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 -- which one is the point
        solve()
    assert (written.run.output, written.run.metrics) == ("best so far", {"n": 3})


SUMMARY = "is a summary, being over 2048 bytes (max_payload)"


def test_an_output_over_max_payload_is_cut_and_says_so(written):
    tracked(max_payload=2048)(lambda: list(range(100_000)))()
    assert written.run.output["truncated"] is True
    assert len(written.frames[-1][2]) <= 2048
    assert written.run.logs == [f"... the output {SUMMARY}"]


def test_an_input_over_max_payload_is_cut_and_says_so(written):
    tracked(max_payload=2048)(lambda data: None)("x" * 100_000)
    assert written.run.input["truncated"] is True
    assert written.run.logs == [f"... the input {SUMMARY}"]


def test_an_input_inside_itself_and_an_output_too_deep_say_so(written):
    cycle, deep = [], []
    cycle.append(cycle)
    for _ in range(300):
        deep = [deep]
    tracked(lambda data: deep)(cycle)
    first, second = written.run.logs
    assert first.startswith("... the input holds itself")
    assert second.startswith("... the output is nested more than 254 levels deep")


def test_what_a_block_is_given_over_max_payload_is_cut_and_says_so(written):
    with track_run(max_payload=2048, logs=False) as run:
        run.input = "x" * 100_000
        run.assets = [{"name": "page", "content": "x" * 100_000}]
    assert written.run.input["truncated"] is True
    assert written.run.logs == [
        f"... the input {SUMMARY}",
        "the content of asset 'page' is a summary: it is over max_payload",
    ]


def test_what_a_generator_yields_over_max_payload_is_cut_and_says_so(written):
    @tracked(max_payload=2048)
    def search():
        yield 1
        yield "x" * 100_000
        return "y" * 100_000

    list(search())
    assert written.run.output["yielded"][0] == 1
    assert written.run.output["yielded"][1]["truncated"] is True
    assert written.run.output["returned"]["truncated"] is True
    assert written.run.logs == [f"... the output {SUMMARY}"] * 2


def test_an_output_that_takes_too_long_to_look_at_is_cut_and_says_so(written):
    tracked(lambda: [object] * (MAX_STEPS + 1))()
    assert written.run.output[-1] == "<cut>"
    [loss] = written.run.logs
    assert loss.startswith(
        "... the output has parts left out: to look at all of it takes"
    )


def test_strange_metrics_are_written_as_valid_json(written, as_for_users):
    class Odd:
        def __repr__(self):
            raise RuntimeError

    @tracked
    def solve():
        current_run().metrics = {
            "nan": float("nan"),
            "odd": Odd(),
            5: "number",
            "nested": {"a": {1, 2}},
        }

    solve()
    assert written.run.metrics == {"5": "number", "nested.a": "[1,2]"}


def test_a_result_that_answers_to_nothing_is_returned_all_the_same(
    written, as_for_users
):
    class Unbound:
        """A proxy of a thing that is not there, as web frameworks have them."""

        __slots__ = ()

        def __getattribute__(self, name):
            raise RuntimeError("nothing is bound")

    result = Unbound()
    assert tracked(lambda: result)() is result
    assert written.run.status == "succeeded"


def test_a_dict_of_the_users_own_kind_is_not_asked_more_than_a_dict_is(
    written, as_for_users
):
    class Strict(dict):
        def get(self, *_):
            raise AssertionError

        def __contains__(self, key):
            raise AssertionError

    result = Strict(a=1)
    assert tracked(lambda: result)() is result
    assert written.run.status == "succeeded"


@pytest.mark.parametrize("large", ["t" * 1_200_000, list(range(300_000))], ids=type)
def test_one_large_metric_costs_no_other_one(written, as_for_users, large):
    tracked(lambda: {"solution": 1, "metrics": {"value": 5, "all": large}})()
    assert written.run.metrics == {"value": 5}
    assert written.run.logs == [
        "metric 'all' is left out: together they have more than 1,000,000 bytes"
    ]


def test_long_names_of_many_metrics_cost_the_last_ones(written, as_for_users):
    with track_run() as run:
        run.metrics = {f"{number:05}{'x' * 150}": number for number in range(9_000)}
    assert list(written.run.metrics.values()) == list(range(len(written.run.metrics)))
    assert len(written.run.metrics) > 5_000
    assert "more metrics are left out" in written.run.logs[-1]


def test_options_that_are_not_whole_are_named_in_the_logs(written):
    @tracked(options="limit")
    def solve(limit):
        current_run().options["other"] = "y" * 20_000

    solve("x" * 20_000)
    assert [line.split(":")[0] for line in written.run.logs] == [
        "option 'limit' is not whole",
        "option 'other' is not whole",
    ]
