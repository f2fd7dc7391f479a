"""What is taken from the checkpoints without a second look, and what is not."""

from __future__ import annotations

from pathlib import Path

from datagen_cli.core.record import Record, Rejection
from datagen_cli.pipeline.replay import last_line, replayable
from datagen_cli.runs.checkpoint import Checkpoint, tail_of
from datagen_cli.runs.lines import Contents, content_digest, read_contents, to_line

RECORD = Record(3, 1, {"text": 'odd "content":["0"] \\ text', "n": 3})
BETTER = Record(3, 1, {"text": "mended", "n": 3}, changes=({"by": "x", "before": {"text": "odd"}},))
REFUSED = RECORD.rejected(Rejection("validate", "length"))


def steps(tmp_path: Path, *lines: tuple[str, str, Record]) -> list[Checkpoint]:
    """Checkpoints of two stages with these lines: stage, what it was made from, the record."""
    found = {name: Checkpoint(tmp_path / f"{name}.jsonl", name, "f") for name in ("validate", "enhance")}
    for stage, made_from, record in lines:
        found[stage].append(record.slot, record.attempt, made_from, to_line(record))
    return list(found.values())


def test_a_record_that_no_stage_changed_keeps_its_digest(tmp_path: Path) -> None:
    content = content_digest(RECORD)
    found = last_line(steps(tmp_path, ("validate", content, RECORD), ("enhance", content, RECORD)), 3, content)
    assert found == (RECORD, content)


def test_a_record_that_a_stage_mended_is_followed_under_its_new_digest(tmp_path: Path) -> None:
    old, new = content_digest(RECORD), content_digest(BETTER)
    found = last_line(steps(tmp_path, ("validate", old, BETTER), ("enhance", new, BETTER)), 3, old)
    assert found == (BETTER, new)
    (tmp_path / "b").mkdir()
    late = last_line(steps(tmp_path / "b", ("validate", old, RECORD), ("enhance", old, BETTER)), 3, old)
    assert late == (BETTER, new)


def test_what_was_made_from_something_else_or_not_finished_is_not_taken(tmp_path: Path) -> None:
    content = content_digest(RECORD)
    assert last_line(steps(tmp_path, ("validate", content, RECORD)), 3, content) is None
    assert last_line(steps(tmp_path, ("enhance", content, BETTER)), 3, "other") is None
    (tmp_path / "b").mkdir()
    stale = steps(tmp_path / "b", ("validate", content, BETTER), ("enhance", content, RECORD))
    assert last_line(stale, 3, content) is None


def test_a_refused_record_ends_its_way(tmp_path: Path) -> None:
    found = last_line(steps(tmp_path, ("validate", content_digest(RECORD), REFUSED)), 3, content_digest(RECORD))
    assert found is not None
    assert found[0] == REFUSED


def test_a_finished_call_names_its_records_and_one_with_a_refusal_or_an_older_line_none(tmp_path: Path) -> None:
    made = Checkpoint(tmp_path / "g.jsonl", "generate", "f")
    records = [RECORD, BETTER]
    made.append(0, 1, "x", {"content": Contents().of_all(records), "records": [to_line(record) for record in records]})
    made.append(2, 1, "x", {"content": Contents().of_all([RECORD, REFUSED]), "records": []})
    made.append(4, 1, "x", {"records": [to_line(RECORD)]})
    made.append(6, 1, "x", {"content": [], "records": []})
    assert replayable(made, 0) == [content_digest(RECORD), content_digest(BETTER)]
    assert [replayable(made, start) for start in (2, 4, 6, 8)] == [None, None, None, None]
    raw = made.raw(4, 1)
    assert raw is not None
    assert read_contents(raw) is None


def test_a_line_is_told_by_its_unit_and_by_what_it_was_made_from(tmp_path: Path) -> None:
    made = Checkpoint(tmp_path / "g.jsonl", "generate", "f")
    made.append(12, 1, "aaaa", {"x": 1})
    assert made.has(12, 1, "aaaa")
    assert not made.has(12, 1, "aaa")
    assert not made.has(12, 2, "aaaa")
    raw = made.raw(12, 1)
    assert raw is not None
    assert tail_of(raw, 12, 1, "aaaa") == b',"x":1}'
    assert tail_of(raw, 13, 1, "aaaa") is None
