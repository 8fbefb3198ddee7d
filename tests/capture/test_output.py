"""The output: a document, or a value that is put into one; metrics, options, assets."""

from __future__ import annotations

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
    [{"metrics": [1]}, {"metrics": 5}, {"assets": {"a": 1}}, {"assets": "x"}],
    ids=str,
)
def test_a_dict_the_platform_would_not_understand_is_a_value(written, document):
    tracked(lambda: document)()
    assert written.run.output == document
    assert written.run.is_document is False
    assert written.run.metrics == {}


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
    if setting == "metrics":
        assert written.runs[0].output == {"a": 1}


@pytest.mark.parametrize("value", [None, 5, [1], "text"], ids=repr)
def test_metrics_that_are_no_mapping_are_left_out(written, as_for_users, value):
    tracked(metrics=lambda _: value)(lambda: 1)()
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
