"""What the platform knows and answers: uploads, runs, and the calls on them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.platform_server.create_check import Wrong, check
from tests.platform_server.http_connection import Answer, Request

PAGE_RUNS = 50


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

    def __init__(self, key: str) -> None:
        self._key = f"Bearer {key}"
        self.storage = ""
        """Address of the storage."""
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.signatures: dict[str, str] = {}
        self.expired: set[str] = set()
        self.blobs: dict[str, bytes] = {}
        self.runs: dict[str, CreatedRun] = {}
        self._numbers = count(1)

    def answer(self, request: Request) -> Answer:
        """Return what a request is answered with, done."""
        if request.is_storage:
            return self._store(request)
        if request.headers.get("authorization") != self._key:
            return Answer.error(401, "unauthorized")
        parts = request.path.split("/")[1:]
        if parts[:2] != ["v1", "applications"] or parts[3:4] != ["runs"]:
            is_list = parts == ["v1", "applications"] and request.method == "GET"
            unknown = Answer.error(404, f"no such path: {request.path}")
            return Answer.of([]) if is_list else unknown
        app_id, rest = unquote(parts[2]), parts[4:]
        if request.method == "POST":
            return self._post(request, app_id, rest)
        if request.method == "GET":
            return self._get(request, app_id, rest)
        return Answer.error(405, "no such method")

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
        return self._part(run, "/".join(rest[1:]))

    def _new_upload(self) -> Answer:
        upload_id = f"upload-{next(self._numbers)}"
        self.signatures[upload_id] = signature = secrets.token_hex(16)
        query = f"X-Amz-Expires=900&X-Amz-Signature={signature}"
        url = f"{self.storage}/uploads/{upload_id}?{query}"
        return Answer.of({"upload_id": upload_id, "upload_url": url})

    def _store(self, request: Request) -> Answer:
        if request.method != "PUT":
            return _storage_error(405, "MethodNotAllowed", "only PUT")
        if "authorization" in request.headers:
            words = "Only one auth mechanism allowed"
            return _storage_error(400, "InvalidArgument", words)
        upload_id = upload_id_of(request)
        given = parse_qs(request.query).get("X-Amz-Signature", [""])[0]
        if self.signatures.get(upload_id) != given:
            return _storage_error(403, "SignatureDoesNotMatch", f"got {given}")
        if upload_id in self.expired:
            return _storage_error(403, "AccessDenied", "Request has expired")
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
        run_id = f"{instance_id or 'latest'}-{secrets.token_urlsafe(7)[:9]}"
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
        }

    def _part(self, run: CreatedRun, part: str) -> Answer:
        if part == "metadata":
            return Answer.of(self._information(run))
        if part == "logs":
            return Answer.of({"log": self.blob(run, "logs").decode("utf-8", "replace")})
        if part in {"input", "output"}:
            return Answer(200, self.blob(run, part) or b"null")
        if part:
            return Answer.error(404, f"no such part: {part}")
        return Answer.of(self._information(run) | self._outcome(run))

    def _information(self, run: CreatedRun) -> dict[str, Any]:
        result = run.body["result"]
        output = _document(self.blob(run, "output"))
        listed = self._listed(run)
        named = ("id", "user_email", "name", "description")
        metadata = {name: listed[name] for name in listed if name not in named} | {
            "duration": float(result["execution_duration"]),
            "execution_duration": float(result["execution_duration"]),
            "error": result.get("error_message", ""),
            "input_size": float(len(self.blob(run, "input"))),
            "output_size": float(len(self.blob(run, "output"))),
            "format": run.body.get("configuration", {}).get("format", {}),
            "metrics": output.get("metrics", {}),
            "options": {"request_options": run.body.get("options", {})},
        }
        return {name: listed[name] for name in named} | {"metadata": metadata}

    def _outcome(self, run: CreatedRun) -> dict[str, Any]:
        result = run.body["result"]
        if result["status"] == "succeeded":
            return {"output": _document(self.blob(run, "output"))}
        message = result.get("error_message", "")
        logs = self.blob(run, "logs").decode("utf-8", "replace")
        stdout = self.blob(run, "output").decode("utf-8", "replace")
        stderr = f"{logs}\n{message}" if logs else message
        return {"error_log": {"error": message, "stdout": stdout, "stderr": stderr}}

    def blob(self, run: CreatedRun, part: str) -> bytes:
        """Return what was uploaded of a run, or nothing."""
        if part == "input":
            if "upload_id" not in run.body:
                return json.dumps(run.body.get("input")).encode()
            return self.blobs[run.body["upload_id"]]
        field = {"output": "output_upload_id", "logs": "error_upload_id"}[part]
        return self.blobs.get(run.body["result"].get(field, ""), b"")


def upload_id_of(request: Request) -> str:
    """Return which upload a request to the storage is for."""
    return request.path.removeprefix("/uploads/")


def _document(blob: bytes) -> dict[str, Any]:
    document = json.loads(blob) if blob else {}
    assert isinstance(document, dict)
    return document


def _storage_error(status: int, code: str, words: str) -> Answer:
    text = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>"
    return Answer(status, text.encode(), {"Content-Type": "application/xml"})
