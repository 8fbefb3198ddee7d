"""What the platform knows and answers: uploads, runs, and the calls on them."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote

from nextmv_autotrack.testing.create_check import Wrong, check
from nextmv_autotrack.testing.messages import Answer, Request

PAGE_RUNS = 50

PARTS = {
    "input": "upload_id",
    "output": "output_upload_id",
    "logs": "error_upload_id",
    "metrics": "metrics_upload_id",
    "statistics": "statistics_upload_id",
    "assets": "assets_upload_id",
}

# Beyond it, and for files, only a detour by the storage leads to a payload.
MAX_INLINE_BYTES = 5 * 1024 * 1024


@dataclass
class CreatedRun:
    """A run as it was taken."""

    id: str
    app_id: str
    instance_id: str | None
    body: dict[str, Any]
    created_at: str


class Service:
    """The platform without its wire."""

    def __init__(self, key: str | None = None) -> None:
        self._key = key
        """The only one that is taken; None: any."""
        self.storage = ""
        """Address of the storage."""
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.signatures: dict[str, str] = {}
        self.expired: set[str] = set()
        self.blobs: dict[str, bytes] = {}
        self.runs: dict[str, CreatedRun] = {}
        self.applications: dict[str, dict[str, Any]] = {}
        self.statuses: list[str] = []
        """What the next questions for the state of a run are answered with."""
        self._numbers = count(1)

    def answer(self, request: Request) -> Answer:
        """Return what a request is answered with, done."""
        if request.is_storage:
            return self._store(request)
        return self._of_the_api(request)

    def takes(self, authorization: str) -> bool:
        """Whether a request with this header may do all."""
        if self._key is None:
            return authorization.removeprefix("Bearer ") not in {"", authorization}
        return authorization == f"Bearer {self._key}"

    def _of_the_api(self, request: Request) -> Answer:
        if not self.takes(request.headers.get("authorization", "")):
            return Answer.error(401, "unauthorized")
        parts = request.path.split("/")[1:]
        if parts[:2] == ["v1", "applications"] and len(parts) < 4:
            return self._application(request, unquote("".join(parts[2:])))
        if parts[:2] != ["v1", "applications"] or parts[3:4] != ["runs"]:
            return Answer.error(404, f"no such path: {request.path}")
        return self._about_runs(request, unquote(parts[2]), parts[4:])

    def _about_runs(self, request: Request, app_id: str, rest: list[str]) -> Answer:
        if request.method == "POST":
            return self._post(request, app_id, rest)
        if request.method == "GET":
            return self._get(request, app_id, rest)
        return Answer.error(405, "no such method")

    def _application(self, request: Request, app_id: str) -> Answer:
        if request.method == "GET" and not app_id:
            return Answer.of(list(self.applications.values()))
        if request.method == "GET":
            known = self.applications.get(app_id)
            return Answer.of(known) if known else Answer.error(404, "no such app")
        given = json.loads(request.body)
        if not given.get("id") or not given.get("name"):
            return Answer.error(400, "an application has an id and a name")
        if given["id"] in self.applications:
            return Answer.error(409, "there is one already")
        self.applications[given["id"]] = given
        return Answer.of(given)

    def _post(self, request: Request, app_id: str, rest: list[str]) -> Answer:
        if rest == ["uploadurl"]:
            return self._new_upload()
        return self._create(request, app_id) if not rest else Answer.error(404, "no")

    def _get(self, request: Request, app_id: str, rest: list[str]) -> Answer:
        if not rest:
            return self._page(request, app_id)
        run = self.runs.get(rest[0])
        if run is None or run.app_id != app_id:
            return Answer.error(404, f"no such run: {rest[0]}")
        by_url = parse_qs(request.query).get("format") == ["url"]
        return self._part(run, "/".join(rest[1:]), by_url=by_url)

    def _new_upload(self) -> Answer:
        upload_id = f"upload-{next(self._numbers)}"
        self.signatures[upload_id] = secrets.token_hex(16)
        return Answer.of({"upload_id": upload_id, "upload_url": self._url(upload_id)})

    def _url(self, upload_id: str) -> str:
        query = f"X-Amz-Expires=900&X-Amz-Signature={self.signatures[upload_id]}"
        return f"{self.storage}/uploads/{upload_id}?{query}"

    def _store(self, request: Request) -> Answer:
        if "authorization" in request.headers:
            words = "Only one auth mechanism allowed"
            return Answer.of_the_storage(400, "InvalidArgument", words)
        upload_id = request.upload_id
        given = parse_qs(request.query).get("X-Amz-Signature", [""])[0]
        if self.signatures.get(upload_id) != given:
            return Answer.of_the_storage(403, "SignatureDoesNotMatch", f"got {given}")
        if upload_id in self.expired:
            return Answer.of_the_storage(403, "AccessDenied", "Request has expired")
        if request.method == "GET" and upload_id in self.blobs:
            return Answer(200, self.blobs[upload_id])
        if request.method != "PUT":
            return Answer.of_the_storage(405, "MethodNotAllowed", "only GET and PUT")
        self.blobs[upload_id] = request.body
        return Answer()

    def _create(self, request: Request, app_id: str) -> Answer:
        try:
            body = json.loads(request.body)
            check(body, self._arrived())
        except ValueError:
            return Answer.error(400, "the body is not JSON")
        except Wrong as wrong:
            return Answer.error(400, str(wrong))
        instance_id = parse_qs(request.query).get("instance_id", [None])[0]
        place = "-".join(re.findall(r"\w+", instance_id or "latest"))
        run_id = f"{place}-{secrets.token_urlsafe(7)[:9]}"
        now = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
        self.runs[run_id] = CreatedRun(run_id, app_id, instance_id, body, now)
        return Answer.of({"run_id": run_id})

    def _arrived(self) -> dict[str, bytes]:
        if not self.expired:
            return self.blobs
        return {k: v for k, v in self.blobs.items() if k not in self.expired}

    def _page(self, request: Request, app_id: str) -> Answer:
        mine = [run for run in self.runs.values() if run.app_id == app_id][::-1]
        token = parse_qs(request.query).get("pagetoken", ["0"])[0]
        if not token.isdigit():
            return Answer.error(400, "no such page")
        start, end = int(token), int(token) + PAGE_RUNS
        page: dict[str, Any] = {"runs": [self._listed(r) for r in mine[start:end]]}
        if end < len(mine):
            page["next_page_token"] = str(end)
        return Answer.of(page)

    def _listed(self, run: CreatedRun) -> dict[str, Any]:
        return {
            "id": run.id,
            "user_email": "someone@example.com",
            "name": run.body.get("name", ""),
            "description": run.body.get("description", ""),
            "created_at": run.created_at,
            "application_id": run.app_id,
            "application_instance_id": run.instance_id or "",
            "application_version_id": "",
            "run_type": {"type": "external"},
            "execution_class": "",
            "runtime": "",
            "status_v2": run.body["result"]["status"],
            "metrics": {
                "status": run.body["result"]["status"],
                "indicators": [
                    {"name": name, "value": value}
                    for name, value in _flat(self._metrics(run))
                ],
            },
        }

    def _part(self, run: CreatedRun, part: str, *, by_url: bool) -> Answer:
        if part == "metadata":
            return Answer.of(self._information(run))
        if part == "logs":
            return Answer.of({"log": self.blob(run, "logs").decode("utf-8", "replace")})
        if part in {"", "input", "output"}:
            return self._place(run, part) if by_url else self._payload(run, part)
        return Answer.error(404, f"no such part: {part}")

    def _payload(self, run: CreatedRun, part: str) -> Answer:
        asked_for = part or "output"
        kind = _formats(run).get(asked_for, {}).get("type", "json")
        blob = self.blob(run, asked_for)
        if kind == "text" and part == "input":
            # The SDK asks for it so, and reads it as JSON.
            kind, blob = "json", json.dumps(blob.decode("utf-8", "replace")).encode()
        if kind != "json" or len(blob) > MAX_INLINE_BYTES:
            return Answer.error(400, "only format=url leads to it")
        if part:
            return Answer(200, blob or b"null")
        return Answer.of(self._information(run) | self._outcome(run))

    def _place(self, run: CreatedRun, part: str) -> Answer:
        upload_id = _upload_id(run, part or "output")
        place = {"url": self._url(upload_id)} if upload_id else {}
        if part:
            return Answer.of(place) if place else Answer.error(404, "there is none")
        # Whoever asks for a run as a whole is told of it, too, but for its output.
        told = self._information(run) | self._outcome(run) | place
        return Answer.of({name: one for name, one in told.items() if name != "output"})

    def _information(self, run: CreatedRun) -> dict[str, Any]:
        result = run.body["result"]
        listed = self._listed(run)
        if self.statuses:
            listed["status_v2"] = self.statuses.pop(0)
        named = ("id", "user_email", "name", "description")
        metadata = {name: listed[name] for name in listed if name not in named} | {
            "duration": float(result["execution_duration"]),
            "execution_duration": float(result["execution_duration"]),
            "error": result.get("error_message", ""),
            "input_size": float(len(self.blob(run, "input"))),
            "output_size": float(len(self.blob(run, "output"))),
            "format": _formats(run),
            "metrics": self._metrics(run),
            "options": {
                "active_options": run.body.get("options", {}),
                "request_options": run.body.get("options", {}),
            },
        }
        return {name: listed[name] for name in named} | {"metadata": metadata}

    def _metrics(self, run: CreatedRun) -> Any:
        if aside := self.blob(run, "metrics"):
            return json.loads(aside)
        output = self._output(run)
        return output.get("metrics", {}) if isinstance(output, dict) else {}

    def _output(self, run: CreatedRun) -> Any:
        kind = _formats(run).get("output", {}).get("type", "json")
        blob = self.blob(run, "output")
        return json.loads(blob) if blob and kind == "json" else {}

    def _outcome(self, run: CreatedRun) -> dict[str, Any]:
        result = run.body["result"]
        if result["status"] == "succeeded":
            return {"output": self._output(run)}
        message = result.get("error_message", "")
        logs = self.blob(run, "logs").decode("utf-8", "replace")
        stdout = self.blob(run, "output").decode("utf-8", "replace")
        stderr = f"{logs}\n{message}" if logs else message
        return {"error_log": {"error": message, "stdout": stdout, "stderr": stderr}}

    def blob(self, run: CreatedRun, part: str) -> bytes:
        """Return what was uploaded of a run, or nothing."""
        if part == "input" and "upload_id" not in run.body:
            return json.dumps(run.body.get("input")).encode()
        return self.blobs.get(_upload_id(run, part), b"")


def _upload_id(run: CreatedRun, part: str) -> str:
    fields = run.body if part == "input" else run.body["result"]
    upload_id: str = fields.get(PARTS[part], "")
    return upload_id


def _flat(metrics: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What a list shows of metrics: those inside others by their whole names."""
    if not isinstance(metrics, dict):
        yield name, metrics
        return
    for part, value in metrics.items():
        yield from _flat(value, f"{name}.{part}" if name else part)


def _formats(run: CreatedRun) -> dict[str, Any]:
    formats: dict[str, Any] = run.body.get("configuration", {}).get("format", {})
    return formats
