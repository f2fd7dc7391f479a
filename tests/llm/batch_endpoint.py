"""The tests' own batch API: files and batches over an `Endpoint`, whose script answers the lines.

A batch is over when `release` is set (as it is from the start). Lines that the script answers with a status other than
200 stand in the error file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.endpoint import Answer, Endpoint, Script, completion


class BatchEndpoint(Endpoint):
    """`batches` are lists of their lines, in order; `polls` counts looks at a batch.

    `meddle(path, time)` may answer a request in its place, `time` counted for each path from 1; `edit` changes the
    files that are fetched; `uploaded` and `started` answer what was uploaded or started under a name; with `counts` a
    batch says how many lines they have. `inputs` are the files of the batches, which it `lists`.
    """

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.files: dict[str, bytes] = {}
        self.batches: list[list[dict[str, Any]]] = []
        self.release = True
        self.status = "completed"
        self.refuse: Answer | None = None
        self.lost: set[int] = set()
        self.counts = False
        self.inputs: list[str] = []
        self.lists = True
        self.polls = 0
        self.meddle: Callable[[str, int], Answer | None] = lambda path, time: None
        self.edit: Callable[[bytes], bytes] = lambda content: content
        self.uploaded: Callable[[str], web.StreamResponse] = lambda name: web.json_response({"id": name})
        self.started: Callable[[str], web.StreamResponse] = lambda name: web.json_response(
            {"id": name, "status": "validating"}
        )
        self.seen_paths: Counter[str] = Counter()

    @property
    def lines(self) -> int:
        """How many calls were sent in all batches."""
        return sum(map(len, self.batches))

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path.removeprefix("/v1/")
        raw = await request.read()
        if self.refuse is not None:
            refuse = self.refuse
            return web.Response(status=refuse.status, body=refuse.body, headers=dict(refuse.headers))
        self.seen_paths[path] += 1
        odd = self.meddle(path, self.seen_paths[path])
        if odd is not None:
            return await self._answer(request, {}, odd)
        if path == "files":
            name = f"file-{len(self.files)}"
            assert b'name="purpose"\r\n\r\nbatch\r\n' in raw
            self.files[name] = raw.split(b"jsonl\r\n\r\n")[1].rsplit(b"\r\n--", 1)[0]
            return self.uploaded(name)
        if path == "batches" and request.method == "GET" and self.lists:
            listed = [{"id": f"batch-{at}", "input_file_id": file} for at, file in enumerate(self.inputs)]
            return web.json_response({"object": "list", "data": listed[::-1]})
        if path == "batches":
            order = json.loads(raw)
            assert (order["endpoint"], order["completion_window"]) == ("/v1/chat/completions", "24h")
            return self.started(self.start(order["input_file_id"]))
        if path.startswith("batches/"):
            return self._look(int(path.rpartition("-")[2]))
        if path.startswith("files/"):
            return web.Response(body=self.edit(self.files[path.split("/")[1]]))
        return web.Response(status=500, body=b"not a batch")

    def start(self, file: str) -> str:
        """Starts the batch of a file; its name."""
        self.inputs.append(file)
        self.batches.append([json.loads(line) for line in self.files[file].splitlines()])
        return f"batch-{len(self.batches) - 1}"

    def _look(self, number: int) -> web.Response:
        self.polls += 1
        if number in self.lost:
            return web.json_response({"error": {"message": "no such batch"}}, status=404)
        if not self.release:
            return web.json_response({"id": f"batch-{number}", "status": "in_progress"})
        if self.status == "failed":
            return web.json_response({"status": "failed", "errors": {"message": "the model has no batches"}})
        good: list[Any] = []
        bad: list[Any] = []
        for line in self.batches[number]:
            said = self._script(line["body"], number + 1)
            answer = Answer(said) if isinstance(said, str) else said
            body = _json(answer.body if answer.body is not None else completion(line["body"], answer)[: answer.cut])
            reply = {"custom_id": line["custom_id"], "response": {"status_code": answer.status, "body": body}}
            if not (answer.drop or answer.never):
                (good if answer.status < 300 else bad).append(json.dumps(reply))
        self.files |= {f"out-{number}": "\n".join(good).encode(), f"bad-{number}": "\n".join(bad).encode()}
        names = {"output_file_id": f"out-{number}", "error_file_id": f"bad-{number}" if bad else None}
        counts = {"request_counts": {"completed": len(good), "failed": len(bad)}} if self.counts else {}
        return web.json_response({"id": f"batch-{number}", "status": self.status, **names, **counts})


def _json(body: bytes) -> Any:
    """The body of a line; a text where it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
