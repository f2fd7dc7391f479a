"""The files of the batch API: what is uploaded, and what is read of the files and states that come back.

Vendors word a batch's state differently, and put a call's reply as JSON or as a text. Pure functions; nothing in a
file, however odd, raises anything but a fault.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any

from datagen_cli.core.whole_number import whole_number
from datagen_cli.llm.completion import read_answer
from datagen_cli.llm.encodings import unpacked
from datagen_cli.llm.faults import TransportError
from datagen_cli.llm.foreign_json import loaded, values_in
from datagen_cli.llm.provider import RawReply
from datagen_cli.llm.wrapped import unwrapped

BOUNDARY = "datagen-batch-7f3c9a51d2"
ENDS = {
    **dict.fromkeys(("completed", "complete", "success", "succeeded", "ended", "done", "finished"), "completed"),
    **dict.fromkeys(("finalized", "ready", "partially_completed", "completed_with_errors"), "completed"),
    **dict.fromkeys(("failed", "error", "errored"), "failed"),
    **dict.fromkeys(("expired", "timeout", "timeout_exceeded"), "expired"),
    **dict.fromkeys(("cancelled", "canceled"), "cancelled"),
}
"""What vendors call the end of a batch, in OpenAI's words."""
OUTPUT, ERRORS = ("output_file_id", "output_file", "output_file_ids"), ("error_file_id", "error_file")
CALLS = ("custom_id", "customId", "customID", "key", "recordId")
"""What vendors call the name that a call bears in a file."""
OF_RESPONSE = frozenset(("status_code", "status", "request_id", "body", "headers", "id"))
"""Keys of what a line says of a reply that are no body."""
MOST_UNPACKED = 1024 * 1024 * 1024
_OF_STATE = re.compile(r"^(?:job|batch)_(?:state|status)_")


def name_in(found: Any, *keys: str) -> str:
    """What a file or a batch is called in the answer that it was taken with: its `id`, or one of `keys`, there or in
    the only object or list below; empty where nothing says so.

    >>> name_in({"job": {"id": "batch-1"}}), name_in({"batch_id": 7}, "batch_id"), name_in({"status": "ok"})
    ('batch-1', '7', '')
    """
    for _ in range(3):
        found = found[0] if isinstance(found, list) and len(found) == 1 else found
        if not isinstance(found, dict):
            return ""
        name = next((found[key] for key in ("id", *keys) if isinstance(found.get(key), str | int)), "")
        if name != "" and not isinstance(name, bool):
            return str(name)
        inner = [value for value in found.values() if isinstance(value, dict | list) and value]
        found = inner[0] if len(inner) == 1 else None
    return ""


def started_for(listed: Any, file: str) -> str | None:
    """The batch that was started for a file, in a list of batches; empty where none is listed, None where nobody can
    tell: it is no list, or does not name the files."""
    if isinstance(listed, dict):
        listed = next((value for value in listed.values() if isinstance(value, list)), None)
    if not isinstance(listed, list):
        return None
    told = not listed
    for batch in listed:
        several = batch.get("input_files") if isinstance(batch, dict) else None
        named = [batch.get(name) for name in ("input_file_id", "input_file")] if isinstance(batch, dict) else []
        named += several if isinstance(several, list) else []
        if file in named and (name := name_in(batch, "batch_id")):
            return name
        told = told or any(isinstance(name, str) for name in named)
    return "" if told else None


def end_of(found: Mapping[str, Any]) -> str | None:
    """How a batch ended, in OpenAI's words; `running` while it has not, None where the answer has no state."""
    status = found.get("status") or found.get("state")
    status = status.get("state") or status.get("status") if isinstance(status, dict) else status
    return ENDS.get(_OF_STATE.sub("", status.strip().lower()), "running") if isinstance(status, str) else None


def bare(found: dict[str, Any]) -> dict[str, Any]:
    """What a poll says of a batch, without an object around it."""
    if end_of(found) is not None:
        return found
    inner = [value for value in found.values() if isinstance(value, dict) and end_of(value) is not None]
    return {**found, **inner[0]} if len(inner) == 1 else found


def inline_lines(found: Mapping[str, Any]) -> dict[str, Any]:
    """The lines that stand in a poll itself, by call, as some vendors hand out a batch's results."""
    lines: dict[str, Any] = {}
    for value in found.values():
        for _ in range(3):
            value = next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value
        if isinstance(value, list):
            _add_calls(lines, value)
    return lines


def files_of(found: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The files of a batch that is over, each with how many lines it must have; 0 where nobody says."""
    counts = found.get("request_counts")
    counts = counts if isinstance(counts, dict) else {}
    files = []
    for names, count in ((OUTPUT, "completed"), (ERRORS, "failed")):
        name = next((named for key in names if (named := _name_of(found.get(key)))), "")
        if name:
            expected = counts.get(count)
            files.append((name, expected if isinstance(expected, int) else 0))
    return files


def has_more(found: Mapping[str, Any]) -> bool:
    """Whether a batch that is over says that calls were answered, and names no file that holds the answers yet."""
    counts = found.get("request_counts")
    answered = counts.get("completed") if isinstance(counts, dict) else 0
    nowhere = not any(found.get(name) for name in OUTPUT)
    return isinstance(answered, int) and answered > 0 and nowhere and not inline_lines(found)


def _name_of(file: Any) -> str:
    """A file's name, given as such, as the only one of a list, or in an object."""
    file = file[0] if isinstance(file, list) and len(file) == 1 else file
    file = file.get("id") if isinstance(file, dict) else file
    return file if isinstance(file, str) else ""


def lines_in(content: bytes) -> dict[str, Any]:
    """The lines of a file by call. Blank ones, ones cut off and those of no call are left out.

    A file may be packed, in UTF-16, or hold its objects in a list or on several lines. Raises `TransportError` for one
    that cannot be unpacked.
    """
    content = unpacked(content, "identity", MOST_UNPACKED)
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    content = content.decode("utf-16", "replace").encode("utf-8", "replace") if wide else content
    found: dict[str, Any] = {}
    for raw in content.removeprefix(codecs.BOM_UTF8).splitlines():
        _add_calls(found, loaded(raw.removeprefix(b"data:")))
    if not found:
        _add_calls(found, values_in(content.decode("utf-8-sig", "replace"))[0])
    return found


def _add_calls(found: dict[str, Any], value: Any, depth: int = 2) -> None:
    """Adds a line, or those of a list, under the name of its call."""
    if isinstance(value, list) and depth:
        for item in value:
            _add_calls(found, item, depth - 1)
    if isinstance(value, dict):
        about = value["metadata"] if isinstance(value.get("metadata"), dict) else {}
        places = ((place, name) for place in (value, about) for name in CALLS)
        key = next((place[name] for place, name in places if isinstance(place.get(name), str)), None)
        if key is not None:
            add_lines(found, {key: value})


def add_lines(found: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Adds lines by call; of several for one call the first that holds an answer stays, in whichever file it is."""
    for key, line in more.items():
        if key not in found or not 200 <= _status(*_said_in(found[key])) < 300:
            found[key] = line


def _said_in(line: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
    """What a line says of a call's reply, and its body, which stands in that, beside it, or is all of it."""
    response = next((line[name] for name in ("response", "result") if isinstance(line.get(name), dict)), None)
    if response is None:
        return line, line.get("body") or line.get("error") or {}
    inner = response.get("body") or (response if response.keys() - OF_RESPONSE else None)
    return response, inner or line.get("error") or {}


def reply_in(line: Mapping[str, Any] | None, hidden: tuple[str, ...]) -> RawReply:
    """The reply in a line. Raises the fault that it stands for; none is that of a call which is lost under way, and may
    be paid for without an answer."""
    if line is None:
        raise TransportError("server", "the batch ended without this call")
    response, value = _said_in(line)
    body = value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()
    status = _status(response, value)
    try:
        return read_answer(status or 500, {}, body, hidden)
    except TransportError as fault:
        fault.kind = "server" if fault.kind in ("timeout", "dropped") else fault.kind
        fault.status, fault.sent = fault.status if status else None, True
        raise


def _status(response: Mapping[str, Any], value: Any) -> int:
    """The status of a line: its code as a number or as digits, success for a completion without one, else 0."""
    said = response.get("status_code")
    said = whole_number(said) if isinstance(said, str) else said
    if isinstance(said, int):
        return said
    if not isinstance(value, dict) or value.get("error"):
        return 0
    return 200 if "choices" in value or unwrapped(value).get("choices") else 0


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
