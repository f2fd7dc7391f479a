"""The files of the batch API: what is uploaded, and what is read of the files and states that come back.

Vendors word a batch's state differently, and put a call's reply as JSON or as a text. Pure functions; nothing in a
file, however odd, raises anything but a fault.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from typing import Any

from datagen_cli.core.whole_number import whole_number
from datagen_cli.llm.completion import read_reply
from datagen_cli.llm.faults import Fault, Kind, TransportError, fault_in
from datagen_cli.llm.provider import RawReply
from datagen_cli.llm.turned_away import reply_in_error

BOUNDARY = "datagen-batch-7f3c9a51d2"
ENDS = {
    **dict.fromkeys(("completed", "complete", "success", "succeeded", "ended", "done", "finished"), "completed"),
    **dict.fromkeys(("failed", "error", "errored"), "failed"),
    **dict.fromkeys(("expired", "timeout", "timeout_exceeded"), "expired"),
    **dict.fromkeys(("cancelled", "canceled"), "cancelled"),
}
"""What vendors call the end of a batch, in OpenAI's words."""
OUTPUT, ERRORS = ("output_file_id", "output_file"), ("error_file_id", "error_file")


class NotInBatch(TransportError):
    """A batch is over, or gone, and has no answer to this call, which goes into another one."""

    def __init__(
        self,
        message: str,
        *,
        kind: Kind = "server",
        status: int | None = None,
        retry_after_s: float | None = None,
        sent: bool = False,
        quota: bool = False,
        used: tuple[int, int] = (0, 0),
    ) -> None:
        kind = "server" if kind in ("timeout", "dropped") else kind
        super().__init__(kind, message, retry_after_s, status, sent=sent, quota=quota, used=used)


def end_of(found: Mapping[str, Any]) -> str | None:
    """How a batch ended, in OpenAI's words; `running` while it has not, None where the answer has no state."""
    status = found.get("status")
    return ENDS.get(status.strip().lower(), "running") if isinstance(status, str) else None


def files_of(found: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The files of a batch that is over, each with how many lines it must have; 0 where nobody says."""
    counts = found.get("request_counts")
    counts = counts if isinstance(counts, dict) else {}
    files = []
    for names, count in ((OUTPUT, "completed"), (ERRORS, "failed")):
        name = next((found[name] for name in names if isinstance(found.get(name), str) and found[name]), None)
        if name is not None:
            expected = counts.get(count)
            files.append((name, expected if isinstance(expected, int) else 0))
    return files


def has_more(found: Mapping[str, Any]) -> bool:
    """Whether a batch that is over says that calls were answered, and names no file that holds the answers yet."""
    counts = found.get("request_counts")
    answered = counts.get("completed") if isinstance(counts, dict) else 0
    return isinstance(answered, int) and answered > 0 and not any(found.get(name) for name in OUTPUT)


def lines_in(content: bytes) -> dict[str, Any]:
    """The lines of a file by call. Blank ones, ones cut off and those of no call are left out."""
    found: dict[str, Any] = {}
    for raw in content.splitlines():
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get("custom_id"), str):
            add_lines(found, {value["custom_id"]: value})
    return found


def add_lines(found: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Adds lines by call; of several for one call the first that holds an answer stays, in whichever file it is."""
    for key, line in more.items():
        if key not in found or not _is_answered(found[key]):
            found[key] = line


def _is_answered(line: Mapping[str, Any]) -> bool:
    response = line.get("response")
    response = response if isinstance(response, dict) else {}
    return 200 <= _status(response, response.get("body")) < 300


def reply_in(line: Mapping[str, Any] | None, hidden: Collection[str]) -> RawReply:
    """The reply in a line. Raises the fault that it stands for."""
    if line is None:
        raise NotInBatch("the batch ended without this call", sent=True)
    response = line.get("response")
    response = response if isinstance(response, dict) else {}
    value = response.get("body") or line.get("error") or {}
    body = value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()
    status = _status(response, value)
    try:
        if 200 <= status < 300:
            return read_reply(body, tuple(hidden))
    except TransportError as fault:
        raise _not_in_batch(fault, fault.status) from fault
    if (written := reply_in_error(body)) is not None:
        return written
    found: Fault = fault_in(status or 500, {}, body, hidden, time.time())
    if isinstance(found, TransportError):
        raise _not_in_batch(found, status or None)
    raise found


def _not_in_batch(fault: TransportError, status: int | None) -> NotInBatch:
    """The fault of a call, which came in a batch's line."""
    return NotInBatch(
        fault.message,
        kind=fault.kind,
        status=status,
        retry_after_s=fault.retry_after_s,
        sent=True,
        quota=fault.quota,
        used=fault.used,
    )


def _status(response: Mapping[str, Any], value: Any) -> int:
    """The status of a line: its code as a number or as digits, success for a completion without one, else 0."""
    said = response.get("status_code")
    said = whole_number(said) if isinstance(said, str) else said
    if isinstance(said, int):
        return said
    return 200 if isinstance(value, dict) and "choices" in value else 0


def input_file(bodies: Mapping[str, bytes]) -> bytes:
    """A batch's input: one JSON line a call, bodies as they are."""
    head = b'{"custom_id":"%s","method":"POST","url":"/v1/chat/completions","body":%s}\n'
    return b"".join(head % (key.encode(), body) for key, body in bodies.items())


def form(content: bytes) -> tuple[bytes, str]:
    """The upload of an input file as a form, and its content type."""
    parts = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="datagen.jsonl"\r\n'
        "Content-Type: application/jsonl\r\n\r\n"
    )
    return parts.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"
